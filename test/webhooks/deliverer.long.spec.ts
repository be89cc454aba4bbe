import { jest } from '@jest/globals';
import { WebhooksRepository } from '../../src/webhooks/webhooks.repository.js';
import type { Tenant } from '../support/app.js';
import { eventually } from '../support/eventually.js';
import {
  assign,
  assignMany,
  DAY,
  deliveriesOf,
  endpoint,
  HOUR,
  MINUTE,
  startWebhooks,
  type Webhooks,
} from './fixtures.js';
import { answer, Receiver } from './receiver.js';

// Seconds between a failed attempt and the next.
const SCHEDULE = [5, 5, 30, 2, 5, 10, 14, 20, 24].map(
  (n, index) => n * (index === 0 ? 1 : index < 3 ? MINUTE : HOUR),
);

let service: Webhooks;
let receiver: Receiver;
let tenant: Tenant;

beforeAll(async () => {
  service = await startWebhooks();
});
beforeEach(async () => {
  await service.database.truncate();
  tenant = await service.tenant();
  receiver = await Receiver.start();
});
afterEach(() => receiver.close());
afterAll(() => service.closeAll());

const read = async (id: string) => (await tenant.call('GET', `/v1/webhooks/endpoints/${id}`)).body;
const wait = (delivery: any) =>
  (Date.parse(delivery.next_attempt_at) - Date.parse(delivery.created_at)) / 1000;
const waiting = async () =>
  (await service.database.sql('SELECT count(*)::int AS n FROM webhook_messages'))[0]?.['n'];

/** Advances the clock to the next attempt and makes it. */
async function retry(): Promise<any> {
  const last = (await deliveriesOf(tenant)).at(-1);
  service.clock.advance(wait(last) + 1);
  expect(await service.send()).toBe(1);
  return (await deliveriesOf(tenant)).at(-1);
}

describe('a failed delivery', () => {
  it('is tried ten times on the schedule, each time a little late, with the same id', async () => {
    await endpoint(tenant, receiver.url);
    receiver.reply = answer(500);
    await assign(tenant);
    await service.send();
    for (const [index, seconds] of SCHEDULE.entries()) {
      const delivery = (await deliveriesOf(tenant)).at(-1);
      expect(delivery).toMatchObject({ attempt: index + 1, succeeded: false, http_code: 500 });
      expect(wait(delivery)).toBeGreaterThanOrEqual(seconds);
      expect(wait(delivery)).toBeLessThanOrEqual(seconds * 1.1);
      service.clock.advance(seconds - 2);
      expect(await service.send()).toBe(0);
      service.clock.advance(2 - seconds);
      await retry();
    }
    expect((await deliveriesOf(tenant)).at(-1)).toMatchObject({
      attempt: 10,
      next_attempt_at: null,
    });
    service.clock.advance(2 * DAY);
    expect(await service.send()).toBe(0);
    expect(new Set(receiver.ids).size).toBe(1);
    expect(receiver.ids).toHaveLength(10);
    expect(await waiting()).toBe(0);
  });

  it('is signed again for each attempt, with the time of the attempt', async () => {
    await endpoint(tenant, receiver.url);
    receiver.reply = answer(500);
    await assign(tenant);
    await service.send();
    await retry();
    const [first, second] = receiver.deliveries.map(({ headers }) => headers);
    expect(Number(second?.['webhook-timestamp'])).toBeGreaterThanOrEqual(
      Number(first?.['webhook-timestamp']) + 5,
    );
    expect(second?.['webhook-signature']).not.toBe(first?.['webhook-signature']);
    expect(receiver.deliveries[0]?.body).toBe(receiver.deliveries[1]?.body);
  });

  it('waits for as long as the receiver asks', async () => {
    await endpoint(tenant, receiver.url);
    receiver.reply = answer(429, { 'retry-after': '600' });
    await assign(tenant);
    await service.send();
    const [delivery] = await deliveriesOf(tenant);
    expect(wait(delivery)).toBeGreaterThanOrEqual(600);
    expect(wait(delivery)).toBeLessThanOrEqual(660);
  });

  it('is not retried after a success', async () => {
    await endpoint(tenant, receiver.url);
    receiver.reply = answer(500);
    await assign(tenant);
    await service.send();
    receiver.reply = answer(202);
    expect(await retry()).toMatchObject({ attempt: 2, succeeded: true, next_attempt_at: null });
    expect(await waiting()).toBe(0);
  });

  it('stores the first 2 KiB of the response, without characters that PostgreSQL cannot store', async () => {
    await endpoint(tenant, receiver.url);
    receiver.reply = answer(500, {}, `\0${'x'.repeat(3000)}`);
    await assign(tenant);
    await service.send();
    const [{ response }] = await deliveriesOf(tenant);
    expect(response).toBe(`\u{fffd}${'x'.repeat(2047)}`);
  });

  it('shows why there was no response', async () => {
    await endpoint(tenant, 'http://127.0.0.1:1/');
    await assign(tenant);
    await service.send();
    const error = expect.stringContaining('ECONNREFUSED');
    expect(await deliveriesOf(tenant)).toMatchObject([
      { succeeded: false, http_code: null, response: null, error },
    ]);
  });

  it('can be a redirect, which is not followed', async () => {
    const elsewhere = await Receiver.start();
    await endpoint(tenant, receiver.url);
    receiver.reply = answer(307, { location: elsewhere.url });
    await assign(tenant);
    await service.send();
    expect(await deliveriesOf(tenant)).toMatchObject([{ succeeded: false, http_code: 307 }]);
    expect(elsewhere.connections).toBe(0);
    await elsewhere.close();
  });

  it('can be a missing response after ten seconds', async () => {
    await endpoint(tenant, receiver.url);
    receiver.reply = () => undefined;
    await assign(tenant);
    await service.send();
    const [delivery] = await deliveriesOf(tenant);
    expect(delivery).toMatchObject({ succeeded: false, error: 'no answer within 10 seconds' });
    expect(delivery.duration_ms).toBeGreaterThanOrEqual(9_900);
    expect(delivery.duration_ms).toBeLessThan(12_000);
  });
});

describe('a success', () => {
  it('is a 2xx, even if the rest of the response fails', async () => {
    await endpoint(tenant, receiver.url);
    receiver.reply = (_, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('half');
      setImmediate(() => response.destroy());
    };
    await assign(tenant);
    await service.send();
    expect(await deliveriesOf(tenant)).toMatchObject([
      { succeeded: true, http_code: 200, response: 'half', error: null },
    ]);
  });

  it('does not wait for an endless response', async () => {
    await endpoint(tenant, receiver.url);
    receiver.reply = (_, response) => {
      response.writeHead(200);
      const more = setInterval(() => response.write('x'.repeat(1024)), 1);
      response.on('close', () => clearInterval(more));
    };
    await assign(tenant);
    await service.send();
    const [delivery] = await deliveriesOf(tenant);
    expect(delivery.response).toHaveLength(2048);
    expect(delivery.duration_ms).toBeLessThan(5_000);
  });
});

describe('an endpoint', () => {
  const disabledEvents = async () =>
    (await tenant.call('GET', '/v1/events?type=webhook_endpoint.disabled')).body.items;

  it('that answers 410 is disabled immediately with an event, and its queued messages are kept', async () => {
    const { id } = await endpoint(tenant, receiver.url);
    const other = await Receiver.start();
    await endpoint(tenant, other.url, { events: ['webhook_endpoint.disabled'] });
    receiver.reply = answer(410);
    await assign(tenant);
    await service.send();
    expect(await read(id)).toMatchObject({
      enabled: false,
      disabled_reason: expect.stringContaining('410'),
    });
    const [event] = await disabledEvents();
    expect(event).toMatchObject({
      actor: { type: 'system', id: null },
      data: { id, url: receiver.url, enabled: false },
    });
    await service.send();
    expect(other.types).toEqual(['webhook_endpoint.disabled']);
    await other.close();

    service.clock.advance(HOUR);
    expect(await service.send()).toBe(0);
    receiver.reply = answer(200);
    const body = { enabled: true };
    const enabled = await tenant.call('PATCH', `/v1/webhooks/endpoints/${id}`, { body });
    expect(enabled.body).toMatchObject({ enabled: true, disabled_reason: null });
    expect(await service.send()).toBe(1);
  });

  /** Fails one delivery a day for this many days, each of a new event. */
  const failFor = async (days: number) => {
    for (let day = 0; day <= days; day += 1) {
      if (day > 0) service.clock.advance(DAY);
      await assign(tenant, `day${day}@example.com`);
      await service.send();
    }
  };

  it('that has failed for five days is disabled', async () => {
    const { id } = await endpoint(tenant, receiver.url);
    receiver.reply = answer(500);
    await failFor(4);
    expect(await read(id)).toMatchObject({ enabled: true });
    service.clock.advance(DAY);
    await service.send();
    expect(await read(id)).toMatchObject({
      enabled: false,
      disabled_reason: 'It has failed for 5 days without a success.',
    });
    expect(await disabledEvents()).toHaveLength(1);
  });

  it('is not disabled if there was a success in between', async () => {
    const { id } = await endpoint(tenant, receiver.url);
    receiver.reply = answer(500);
    await failFor(3);
    receiver.reply = answer(200);
    await assign(tenant, 'ok@example.com');
    await service.send();
    receiver.reply = answer(500);
    await failFor(3);
    expect(await read(id)).toMatchObject({ enabled: true });
  });

  it('is not disabled by one failure long after another', async () => {
    const { id } = await endpoint(tenant, receiver.url);
    receiver.reply = answer(500);
    await failFor(0);
    await service.database.sql('DELETE FROM webhook_messages');
    service.clock.advance(30 * DAY);
    await failFor(0);
    expect(await read(id)).toMatchObject({ enabled: true });
  });

  it('is not called when its secret cannot be decrypted, and the delivery is retried on the schedule', async () => {
    await endpoint(tenant, receiver.url);
    await service.database.sql(`UPDATE webhook_secrets SET sealed = $1`, [
      Buffer.alloc(64, 1).toString('base64'),
    ]);
    await assign(tenant);
    expect(await service.send()).toBe(1);
    expect(receiver.connections).toBe(0);
    const [delivery] = await deliveriesOf(tenant);
    expect(delivery).toMatchObject({ succeeded: false, error: expect.stringContaining('secret') });
    expect(wait(delivery)).toBeGreaterThanOrEqual(5);
  });

  it('with one secret that cannot be decrypted gets the signatures of the other', async () => {
    const { id } = await endpoint(tenant, receiver.url);
    await service.database.sql(`UPDATE webhook_secrets SET sealed = 'AAAA'`);
    await tenant.call('PATCH', `/v1/webhooks/endpoints/${id}/secret`);
    await assign(tenant);
    await service.send();
    expect(receiver.last.headers['webhook-signature']?.split(' ')).toHaveLength(2);
  });
});

describe('calls in flight', () => {
  const LIMITS = { limit: 200, perEndpoint: 16, leaseMs: 30_000 };

  /** Assigns this many seats and queues the messages of their events. */
  const queueEvents = async (events: number) => {
    await assignMany(tenant, events);
    await service.relay();
  };

  it('are at most sixteen for one endpoint, over all workers', async () => {
    await endpoint(tenant, receiver.url);
    await queueEvents(30);
    const repository = service.worker.app.get(WebhooksRepository);
    const now = service.clock.now();
    const leases = (limit: number) =>
      Promise.all([1, 2, 3, 4].map(() => repository.lease(now, { ...LIMITS, limit })));
    await leases(0); // Opens the connections, so that the next four leases begin together.
    const taken = await leases(200);
    expect(taken.map((messages) => messages.length).sort()).toEqual([0, 0, 0, 16]);
  });

  it('are at most one for an endpoint that has failed five times in a row', async () => {
    await endpoint(tenant, receiver.url);
    receiver.reply = answer(500);
    await queueEvents(4);
    expect(await service.deliverer.runOnce()).toBe(4);
    // Four failures may be a restart of the receiver.
    await queueEvents(40);
    expect(await service.deliverer.runOnce()).toBe(16);
    expect(await service.deliverer.runOnce()).toBe(1);
    receiver.reply = answer(200);
    expect(await service.deliverer.runOnce()).toBe(1);
    expect(await service.deliverer.runOnce()).toBe(16);
  });

  it('that end together are recorded together, and a deleted endpoint does not prevent it', async () => {
    const { id } = await endpoint(tenant, receiver.url);
    const other = await Receiver.start();
    await endpoint(tenant, other.url);
    await queueEvents(10);
    const record = jest.spyOn(service.worker.app.get(WebhooksRepository), 'recordAttempts');
    let held: (() => void)[] = [];
    for (const each of [receiver, other]) {
      each.reply = (_, response) => void held.push(() => response.end());
    }
    await service.deliverer.start();
    await eventually('all calls have arrived', () => held.length === 20);
    await tenant.call('DELETE', `/v1/webhooks/endpoints/${id}`);
    for (const end of held) end();
    held = [];
    await service.deliverer.finish();
    expect(record.mock.calls.length).toBeLessThan(20);
    record.mockRestore();
    expect((await deliveriesOf(tenant)).map(({ succeeded }) => succeeded)).toEqual(
      Array(10).fill(true),
    );
    expect(await waiting()).toBe(0);
    await other.close();
  });

  it('go to every endpoint before any endpoint gets a second one', async () => {
    for (let n = 0; n < 5; n += 1) await endpoint(tenant, receiver.url);
    await queueEvents(10);
    const repository = service.worker.app.get(WebhooksRepository);
    const taken = await repository.lease(service.clock.now(), { ...LIMITS, limit: 5 });
    expect(new Set(taken.map(({ endpoint_id }) => endpoint_id)).size).toBe(5);
  });

  it('to an endpoint that hangs do not delay the others', async () => {
    const hanging = await Receiver.start();
    const open: (() => void)[] = [];
    hanging.reply = (_, response) => void open.push(() => response.end());
    await endpoint(tenant, hanging.url);
    await endpoint(tenant, receiver.url);
    await queueEvents(40);
    await eventually('the healthy endpoint has received everything', async () => {
      await service.deliverer.start();
      return receiver.deliveries.length === 40;
    });
    expect(hanging.deliveries).toHaveLength(16);
    hanging.reply = answer(200);
    for (const end of open) end();
    await service.deliverer.finish();
    await service.send();
    expect(hanging.deliveries).toHaveLength(40);
    await hanging.close();
  });

  it('of a dead worker are repeated with the same id when their lease expires', async () => {
    await endpoint(tenant, receiver.url);
    await queueEvents(1);
    const repository = service.worker.app.get(WebhooksRepository);
    const [lost] = await repository.lease(service.clock.now(), LIMITS);
    expect(await service.send()).toBe(0);
    service.clock.advance(31);
    expect(await service.send()).toBe(1);
    expect(receiver.ids).toEqual([lost?.event_id]);
  });

  it('that end after their lease do not overwrite the results of later attempts', async () => {
    await endpoint(tenant, receiver.url);
    await queueEvents(1);
    let fail: (() => void) | undefined;
    receiver.reply = (_, response) => {
      fail = () => void response.writeHead(500).end();
    };
    await service.deliverer.start();
    const failLate = await eventually('the first attempt has arrived', () => fail);
    receiver.reply = answer(200);
    service.clock.advance(31);
    await service.deliverer.start();
    await eventually('the second attempt is recorded', async () => (await waiting()) === 0);
    failLate();
    await service.deliverer.finish();
    expect((await deliveriesOf(tenant)).map(({ succeeded }) => succeeded).sort()).toEqual([
      false,
      true,
    ]);
    expect(await waiting()).toBe(0);
  });

  it('are repeated if the event is redelivered in the meantime', async () => {
    await endpoint(tenant, receiver.url);
    await queueEvents(1);
    let end: (() => void) | undefined;
    receiver.reply = (_, response) => {
      end = () => void response.end();
    };
    await service.deliverer.start();
    const endFirst = await eventually('the first attempt has arrived', () => end);
    await tenant.call('POST', `/v1/webhooks/events/${receiver.ids[0]}/redeliver`);
    endFirst();
    await service.deliverer.finish();
    receiver.reply = answer(200);
    expect(await service.send()).toBe(1);
    expect(new Set(receiver.ids).size).toBe(1);
  });

  it('are made without an open transaction', async () => {
    await endpoint(tenant, receiver.url);
    await queueEvents(1);
    let open: any[] | undefined;
    receiver.reply = (_, response) => {
      void service.database
        .sql(
          `SELECT query FROM pg_stat_activity
           WHERE datname = current_database() AND state LIKE 'idle in transaction%'`,
        )
        .then((rows) => {
          open = rows;
          response.end();
        });
    };
    await service.send();
    expect(open).toEqual([]);
  });
});
