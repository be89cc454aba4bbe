import type { Tenant } from '../support/app.js';
import { assignMany, endpoint, HOUR, MINUTE, startWebhooks, type Webhooks } from './fixtures.js';
import { answer, Receiver } from './receiver.js';

const SEATS = 1_000;
const TYPE = 'customer_seat.revoked';
// Seconds between a failed attempt and the next.
const SCHEDULE = [5, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR];

let service: Webhooks;
let tenant: Tenant;
let healthy: Receiver;
let failing: Receiver;
let hanging: Receiver;

beforeAll(async () => {
  service = await startWebhooks();
  tenant = await service.tenant();
  [healthy, failing, hanging] = [
    await Receiver.start(),
    await Receiver.start(),
    await Receiver.start(),
  ];
});
afterAll(async () => {
  await Promise.all([healthy.close(), failing.close(), hanging.close()]);
  await service.closeAll();
});

it('a thousand revoked seats are reported to a healthy, a failing and a hanging endpoint', async () => {
  for (const { url } of [healthy, failing, hanging]) {
    await endpoint(tenant, url, { events: [TYPE] });
  }
  const { id } = await assignMany(tenant, SEATS);
  await service.relay();
  failing.reply = answer(500);
  const open: (() => void)[] = [];
  hanging.reply = (_, response) => void open.push(() => response.end());
  const revoked = await tenant.call('POST', '/v1/customer-seats/bulk-revoke', {
    body: { subscription_id: id, all: true },
  });
  expect(revoked.body).toMatchObject({ revoked_count: SEATS });

  // The worker runs until the healthy endpoint has received everything. The other two have received
  // few calls by then, so they did not delay it.
  await service.relay();
  while (healthy.deliveries.length < SEATS) await service.deliverer.turn();
  expect(hanging.deliveries.length).toBeLessThan(SEATS / 10);
  expect(failing.deliveries.length).toBeGreaterThan(8);

  // The other two endpoints recover, and time passes.
  const failed = failing.deliveries.length;
  hanging.reply = answer(200);
  for (const end of open) end();
  await service.deliverer.finish();
  await service.send();
  service.clock.advance(6);
  await service.send();
  failing.reply = answer(200);
  for (let minutes = 0; minutes < 60; minutes += 6) {
    service.clock.advance(6 * MINUTE);
    await service.send();
  }

  const events = await service.database.sql('SELECT id FROM events WHERE type = $1', [TYPE]);
  const ids = events.map((event) => event['id']).sort();
  expect(ids).toHaveLength(SEATS);
  expect([...healthy.ids].sort()).toEqual(ids);
  for (const receiver of [failing, hanging]) {
    expect([...new Set(receiver.ids)].sort()).toEqual(ids);
  }
  expect(failing.deliveries.length).toBeGreaterThanOrEqual(SEATS + failed);
  const successes = await service.database.sql(
    `SELECT count(*)::int AS n FROM webhook_deliveries WHERE succeeded
     GROUP BY endpoint_id, event_id`,
  );
  expect(successes).toHaveLength(3 * SEATS);
  expect(successes.every(({ n }) => n === 1)).toBe(true);

  const tries = await service.database.sql(
    `SELECT attempt, extract(epoch FROM next_attempt_at - created_at)::float8 AS planned,
       extract(epoch FROM lead(created_at) OVER tries - next_attempt_at)::float8 AS late,
       attempt - lag(attempt, 1, 0) OVER tries AS step
     FROM webhook_deliveries WINDOW tries AS (PARTITION BY endpoint_id, event_id ORDER BY created_at)`,
  );
  const offPlan = tries.filter(({ attempt, planned, late, step }) => {
    const delay = SCHEDULE[attempt - 1] ?? 0;
    const onTime = planned === null || (planned >= delay && planned <= delay * 1.1);
    return !onTime || step !== 1 || (late !== null && late < 0);
  });
  expect(offPlan).toEqual([]);
}, 600_000);
