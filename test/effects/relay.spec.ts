import { assign, newEmail } from '../seats/fixtures.js';
import { startApp, type Tenant, type TestApp } from '../support/app.js';
import { startWorker, type TestWorker } from '../support/worker.js';

const NOWHERE = 'redis://127.0.0.1:1';

let api: TestApp;
let worker: TestWorker;
let tenant: Tenant;
let seat: any;

beforeAll(async () => {
  api = await startApp();
  worker = await startWorker({ DATABASE_URL: api.database.url });
});
afterAll(async () => {
  await worker.close();
  await api.close();
});
beforeEach(async () => {
  tenant = await api.tenant();
  const { id } = await tenant.subscription(2);
  seat = await assign(tenant, { subscription_id: id, email: newEmail() });
});

const eventOf = async (seatId: string) => {
  const rows = await api.database.sql('SELECT * FROM events WHERE seat_id = $1', [seatId]);
  return rows[0];
};

test('an event of a later release waits for it, and nothing waits for the event', async () => {
  const types = `UPDATE events SET type = $2 WHERE seat_id = $1`;
  await api.database.sql(types, [seat.id, 'customer_seat.painted']);
  const next = await assign(tenant, {
    subscription_id: seat.subscription_id,
    email: newEmail(),
  });
  expect(await worker.relay.runOnce()).toBeGreaterThan(0);
  expect((await eventOf(seat.id))?.['dispatched_at']).toBeNull();
  expect((await eventOf(next.id))?.['dispatched_at']).not.toBeNull();
  await api.database.sql(types, [seat.id, 'customer_seat.assigned']);
});

test('webhooks do not wait for a queue that is down; mails do, and only for it', async () => {
  await tenant.create('webhooks/endpoints', { url: 'https://hooks.example.com/seats' });
  const cut = await startWorker({ DATABASE_URL: api.database.url, REDIS_URL: NOWHERE });
  try {
    await expect(cut.relay.runOnce()).rejects.toThrow();
  } finally {
    await cut.close();
  }
  const { id, dispatched_at } = (await eventOf(seat.id)) ?? {};
  expect(dispatched_at).not.toBeNull();
  const messages = 'SELECT event_type FROM webhook_messages WHERE event_id = $1';
  expect(await api.database.sql(messages, [id])).toEqual([
    { event_type: 'customer_seat.assigned' },
  ]);
  const effects = 'SELECT enqueued_at FROM effects WHERE event_id = $1';
  expect(await api.database.sql(effects, [id])).toEqual([{ enqueued_at: null }]);
  expect(await worker.relay.runOnce()).toBeGreaterThan(0);
  expect((await api.database.sql(effects, [id]))[0]?.['enqueued_at']).not.toBeNull();
});
