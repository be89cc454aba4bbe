import { Retention } from '../../src/effects/retention.js';
import { EventsRepository } from '../../src/events/events.repository.js';
import type { Tenant } from '../support/app.js';
import { numberAll } from '../events/fixtures.js';
import { assign, DAY, endpoint, startWebhooks, type Webhooks } from './fixtures.js';
import { answer, Receiver } from './receiver.js';

let receiver: Receiver;
beforeAll(async () => {
  receiver = await Receiver.start();
});
beforeEach(() => {
  receiver.reply = answer(200);
});
afterAll(() => receiver.close());

describe('with a retention of 10 days for events and 5 for deliveries', () => {
  let service: Webhooks;
  let tenant: Tenant;
  beforeAll(async () => {
    const days = { EVENT_RETENTION_DAYS: '10', DELIVERY_RETENTION_DAYS: '5' };
    service = await startWebhooks(days);
  });
  beforeEach(async () => {
    await service.database.truncate();
    tenant = await service.tenant();
  });
  afterAll(() => service.closeAll());

  const count = async (table: string) =>
    (await service.database.sql(`SELECT count(*)::int AS n FROM ${table}`))[0]?.['n'];
  const prune = async () => {
    await numberAll(service.worker.app.get(EventsRepository));
    const retention = service.worker.app.get(Retention);
    while ((await retention.runOnce()) > 0);
  };
  /** Marks all effects of events as done. */
  const effectsDone = () =>
    service.database.sql(`UPDATE effects SET done_at = now(), outcome = 'sent'`);

  it('younger rows stay', async () => {
    await endpoint(tenant, receiver.url);
    await assign(tenant);
    await service.send();
    await effectsDone();
    service.clock.advance(4.9 * DAY);
    await prune();
    expect([await count('events'), await count('webhook_deliveries')]).toEqual([1, 1]);
  });

  it('deliveries are deleted first, then events with their receipts', async () => {
    await endpoint(tenant, receiver.url);
    await assign(tenant);
    await service.send();
    await effectsDone();
    service.clock.advance(6 * DAY);
    await prune();
    expect([await count('events'), await count('webhook_deliveries')]).toEqual([1, 0]);
    service.clock.advance(5 * DAY);
    await prune();
    expect([await count('events'), await count('effects')]).toEqual([0, 0]);
  });

  it('an event that was not dispatched stays', async () => {
    await assign(tenant);
    service.clock.advance(30 * DAY);
    await prune();
    expect(await count('events')).toBe(1);
  });

  it('an event with an open effect stays', async () => {
    await assign(tenant);
    await service.relay();
    service.clock.advance(30 * DAY);
    await prune();
    expect(await count('events')).toBe(1);
  });

  it('an event that is still to be delivered stays', async () => {
    await endpoint(tenant, receiver.url);
    await assign(tenant);
    await service.relay();
    await effectsDone();
    service.clock.advance(30 * DAY);
    await prune();
    expect([await count('events'), await count('webhook_messages')]).toEqual([1, 1]);
  });

  it('a message to a disabled endpoint is given up, and its event is deleted', async () => {
    const { id } = await endpoint(tenant, receiver.url);
    await assign(tenant);
    await service.relay();
    await effectsDone();
    await tenant.call('PATCH', `/v1/webhooks/endpoints/${id}`, { body: { enabled: false } });
    service.clock.advance(30 * DAY);
    await prune();
    expect([await count('events'), await count('webhook_messages')]).toEqual([0, 0]);
  });

  it('the oldest sessions and the oldest messages of a disabled endpoint are deleted first', async () => {
    const { id } = await endpoint(tenant, receiver.url);
    const { customer_id } = await tenant.subscription(1);
    await tenant.call('PATCH', `/v1/webhooks/endpoints/${id}`, { body: { enabled: false } });
    const { sql } = service.database;
    // The tables contain the newest rows first.
    await sql(
      `INSERT INTO customer_sessions
         (organization_id, id, created_at, customer_id, token_hash, expires_at)
       SELECT $1, gen_random_uuid(), now(), $2, n::text, now() - n * interval '1 hour'
       FROM generate_series(1, 1500) AS n`,
      [tenant.id, customer_id],
    );
    await sql(
      `INSERT INTO webhook_messages
         (organization_id, id, endpoint_id, event_id, event_type, created_at, next_attempt_at)
       SELECT $1, gen_random_uuid(), $2, gen_random_uuid(), 'x', now() - n * interval '1 hour', now()
       FROM generate_series(1, 1500) AS n`,
      [tenant.id, id],
    );
    service.clock.advance(30 * DAY);
    await service.worker.app.get(Retention).runOnce();
    const oldest = (table: string, column: string) =>
      sql(`SELECT count(*)::int AS count, min(${column}) > now() - interval '501 hours' AS newest
           FROM ${table}`);
    const left = [{ count: 500, newest: true }];
    expect(await oldest('customer_sessions', 'expires_at')).toEqual(left);
    expect(await oldest('webhook_messages', 'created_at')).toEqual(left);
  });

  it('an event that stays does not keep younger ones', async () => {
    await assign(tenant, 'first@example.com');
    await service.relay();
    await assign(tenant, 'second@example.com');
    await service.relay();
    await service.database.sql(`
      UPDATE effects SET done_at = now() WHERE event_id <> (SELECT id FROM events ORDER BY position LIMIT 1)`);
    service.clock.advance(30 * DAY);
    await prune();
    expect(await count('events')).toBe(1);
  });
});

it('with a retention of 0 everything stays', async () => {
  const service = await startWebhooks({ EVENT_RETENTION_DAYS: '0', DELIVERY_RETENTION_DAYS: '0' });
  const tenant = await service.tenant();
  await endpoint(tenant, receiver.url);
  await assign(tenant);
  await service.send();
  service.clock.advance(3650 * DAY);
  expect(await service.worker.app.get(Retention).runOnce()).toBe(0);
  await service.closeAll();
});
