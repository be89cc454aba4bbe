import { jest } from '@jest/globals';
import { ModuleRef } from '@nestjs/core';
import { EffectsModule } from '../../src/effects/effects.module.js';
import { Relay } from '../../src/effects/relay.js';
import { Retention } from '../../src/effects/retention.js';
import { WorkerLoops } from '../../src/effects/worker-loops.js';
import { IdempotencyPruner } from '../../src/platform/http/idempotency.js';
import { JobQueue } from '../../src/platform/queue/queue.js';
import { PeriodEndsService } from '../../src/purchases/subscriptions/period-ends.service.js';
import { ReleasesService } from '../../src/seats/releases.service.js';
import { Deliverer } from '../../src/webhooks/deliverer.js';
import { WebhooksRepository } from '../../src/webhooks/webhooks.repository.js';
import { assign, newEmail } from '../seats/fixtures.js';
import { startApp, type Tenant, type TestApp } from '../support/app.js';
import { startWorker, type TestWorker } from '../support/worker.js';

let api: TestApp;
let worker: TestWorker;
let tenant: Tenant;
let seat: any;
/** What a relay waits for that a test holds up. */
let goOn = Promise.withResolvers<void>();

beforeAll(async () => {
  api = await startApp();
  worker = await startWorker({ DATABASE_URL: api.database.url });
});
afterAll(async () => {
  await worker.close();
  await api.close();
});
beforeEach(async () => {
  await api.database.truncate();
  tenant = await api.tenant();
  const { id } = await tenant.subscription(2);
  seat = await assign(tenant, { subscription_id: id, email: newEmail() });
});

afterEach(() => {
  goOn.resolve();
  jest.restoreAllMocks();
});

const eventOf = async (seatId: string) => {
  const rows = await api.database.sql('SELECT * FROM events WHERE seat_id = $1', [seatId]);
  return rows[0];
};

test('an event of a later release waits for it, and nothing waits for the event', async () => {
  const painted = `UPDATE events SET type = 'customer_seat.painted' WHERE seat_id = $1`;
  await api.database.sql(painted, [seat.id]);
  const next = await assign(tenant, {
    subscription_id: seat.subscription_id,
    email: newEmail(),
  });
  expect(await worker.relay.runOnce()).toBeGreaterThan(0);
  expect((await eventOf(seat.id))?.['dispatched_at']).toBeNull();
  expect((await eventOf(next.id))?.['dispatched_at']).not.toBeNull();
});

test('webhooks do not wait for a queue that is down; mails do, and only for it', async () => {
  await tenant.create('webhooks/endpoints', { url: 'https://hooks.example.com/seats' });
  jest.spyOn(worker.app.get(JobQueue), 'add').mockRejectedValueOnce(new Error('down'));
  await expect(worker.relay.runOnce()).rejects.toThrow('down');
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

/** More seats of the same subscription, each with an event. */
async function assignMany(count: number): Promise<void> {
  const path = `/v1/subscriptions/${seat.subscription_id}`;
  await tenant.call('PATCH', path, { body: { seats: count + 2 } });
  const seats = Array.from({ length: count }, () => ({ email: newEmail() }));
  const body = { subscription_id: seat.subscription_id, seats };
  const { status } = await tenant.call('POST', '/v1/customer-seats/bulk', { body });
  expect(status).toBe(200);
}

/** The ids of the jobs that go into the queue from now on. */
function jobs(): string[] {
  const added: string[] = [];
  const note = (given: { id: string }[]) => added.push(...given.map(({ id }) => id));
  jest.spyOn(worker.app.get(JobQueue), 'add').mockImplementation(async (given) => void note(given));
  return added;
}

test('two relays at once hand on each event once', async () => {
  await assignMany(50);
  const events = await api.database.sql('SELECT id FROM events WHERE invites');
  const added = jobs();
  const counts: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    counts.push(...(await Promise.all([worker.relay.runOnce(), worker.relay.runOnce()])));
  }
  const told = await api.database.sql('SELECT FROM events');
  expect(counts.reduce((sum, count) => sum + count)).toBe(told.length + events.length);
  expect(added.sort()).toEqual(events.map(({ id }) => `invitation-mail-${id}`).sort());
});

test.each<[string, () => object, string]>([
  ['writing down what follows', () => worker.app.get(WebhooksRepository), 'enqueue'],
  ['adding to the queue', () => worker.app.get(JobQueue), 'add'],
])(
  'a relay does not wait for one that is %s, and does nothing of it',
  async (_, piece, method) => {
    const reached = Promise.withResolvers<void>();
    goOn = Promise.withResolvers();
    jest.spyOn(piece() as any, method).mockImplementationOnce(() => {
      reached.resolve();
      return goOn.promise;
    });
    const first = worker.relay.runOnce();
    await reached.promise;
    expect(await worker.relay.runOnce()).toBe(0);
    goOn.resolve();
    expect(await first).toBeGreaterThan(0);
  },
  5_000,
);

test('the oldest events are handed on first, and the effects that were never in the queue', async () => {
  const { id: oldest } = (await eventOf(seat.id)) ?? {};
  await assignMany(200);
  // Where PostgreSQL would find it last.
  await api.database.sql('UPDATE events SET type = type WHERE id = $1', [oldest]);
  const added = jobs();
  await worker.relay.runOnce();
  const waiting = 'SELECT position FROM events WHERE dispatched_at IS NULL ORDER BY position';
  const newest = 'SELECT position FROM events ORDER BY position OFFSET 200';
  const left = await api.database.sql(waiting);
  expect(left).toHaveLength(2);
  expect(left).toEqual(await api.database.sql(newest));

  await worker.relay.runOnce();
  worker.clock.advance(121);
  const next = await assign(tenant, { subscription_id: seat.subscription_id, email: newEmail() });
  added.splice(0);
  await worker.relay.runOnce();
  expect(added).toHaveLength(200);
  expect(added).toContain(`invitation-mail-${(await eventOf(next.id))?.['id']}`);
});

test('an effect is put into the queue again after two minutes, not before', async () => {
  const added = jobs();
  await worker.relay.runOnce();
  worker.clock.advance(119);
  expect(await worker.relay.runOnce()).toBe(0);
  worker.clock.advance(2);
  expect(await worker.relay.runOnce()).toBe(1);
  expect(added).toEqual([added[0], added[0]]);
  await api.database.sql('UPDATE effects SET done_at = now()');
  worker.clock.advance(121);
  expect(await worker.relay.runOnce()).toBe(0);
});

describe('the loops of a worker', () => {
  const create = () =>
    worker.app.select(EffectsModule).get(ModuleRef, { strict: true }).create(WorkerLoops);
  const get = <T>(piece: abstract new (...args: never[]) => T) =>
    worker.app.get<T>(piece, { strict: false });

  /** Replaces what the loops do by nothing. */
  function standStill() {
    return {
      relay: jest.spyOn(get(Relay), 'runOnce').mockResolvedValue(0),
      webhooks: jest.spyOn(get(Deliverer), 'turn').mockResolvedValue(false),
      release: jest.spyOn(get(ReleasesService), 'runOnce').mockResolvedValue(0),
      periodEnds: jest.spyOn(get(PeriodEndsService), 'endDue').mockResolvedValue(0),
      prune: jest.spyOn(get(IdempotencyPruner), 'runOnce').mockResolvedValue(0),
      retention: jest.spyOn(get(Retention), 'runOnce').mockResolvedValue(0),
      queue: jest.spyOn(get(JobQueue), 'work').mockReturnValue(),
      finish: jest.spyOn(get(Deliverer), 'finish').mockResolvedValue(),
      close: jest.spyOn(get(JobQueue), 'close').mockResolvedValue(),
    };
  }

  test('do each of its duties from the start', async () => {
    const { finish, close, ...duties } = standStill();
    const loops = await create();
    loops.start();
    const done = Object.entries(duties).filter(([, duty]) => duty.mock.calls.length === 1);
    await loops.onModuleDestroy();
    expect(done.map(([name]) => name)).toEqual(Object.keys(duties));
    expect([finish.mock.calls.length, close.mock.calls.length]).toEqual([1, 1]);
  });

  test('end their turns before the queue closes', async () => {
    const { relay, close } = standStill();
    const turn = Promise.withResolvers<number>();
    relay.mockReturnValue(turn.promise);
    const loops = await create();
    loops.start();
    const ended = loops.onModuleDestroy();
    await new Promise((resolve) => setImmediate(resolve));
    expect(close).not.toHaveBeenCalled();
    turn.resolve(1);
    await ended;
    expect(close).toHaveBeenCalledTimes(1);
    expect(relay).toHaveBeenCalledTimes(1);
  });
});
