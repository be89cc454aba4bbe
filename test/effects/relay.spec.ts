import { jest } from '@jest/globals';
import { ModuleRef } from '@nestjs/core';
import { EffectsModule } from '../../src/effects/effects.module.js';
import { Relay } from '../../src/effects/relay.js';
import { Retention } from '../../src/effects/retention.js';
import { EventsRepository } from '../../src/events/events.repository.js';
import { WorkerLoops } from '../../src/effects/worker-loops.js';
import { IdempotencyPruner } from '../../src/platform/http/idempotency.js';
import { JobQueue } from '../../src/platform/queue/queue.js';
import { PeriodEndsService } from '../../src/purchases/subscriptions/period-ends.service.js';
import { ReleaseService } from '../../src/seats/revoke/release.service.js';
import { Deliverer } from '../../src/webhooks/deliverer.js';
import { WebhooksRepository } from '../../src/webhooks/webhooks.repository.js';
import { assign, newEmail } from '../seats/fixtures.js';
import { startApp, type Tenant, type TestApp } from '../support/app.js';
import { startWorker, type TestWorker } from '../support/worker.js';

let api: TestApp;
let worker: TestWorker;
let tenant: Tenant;
let seat: any;
/** Resolving it lets a relay continue that a test has blocked. */
let unblock = Promise.withResolvers<void>();

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
  unblock.resolve();
  jest.restoreAllMocks();
});

const eventOf = async (seatId: string) => {
  const rows = await api.database.sql('SELECT * FROM events WHERE seat_id = $1', [seatId]);
  return rows[0];
};

/** The ids of the seats whose events are in the outbox. */
const waiting = async () => {
  const rows = await api.database.sql(
    `SELECT seat_id FROM outbox JOIN events ON events.id = outbox.event_id
     ORDER BY outbox.position`,
  );
  return rows.map(({ seat_id }) => seat_id);
};

it('an event type of a later release is left to that release and blocks no other event', async () => {
  const unknownType = `UPDATE events SET type = 'customer_seat.painted' WHERE seat_id = $1`;
  await api.database.sql(unknownType, [seat.id]);
  const next = await assign(tenant, {
    subscription_id: seat.subscription_id,
    email: newEmail(),
  });
  const jobsOf = jobs();
  expect(await worker.relay.runOnce()).toBeGreaterThan(0);
  expect(await worker.relay.runOnce()).toBe(0);
  expect(await waiting()).toEqual([seat.id]);
  expect(jobsOf).toEqual([`invitation-mail-${(await eventOf(next.id))?.['id']}`]);
  // Both are in the stream, in their order.
  const stream = await api.database.sql(
    'SELECT seat_id FROM event_stream WHERE seat_id IS NOT NULL ORDER BY sequence',
  );
  expect(stream.map(({ seat_id }) => seat_id)).toEqual([seat.id, next.id]);
  // The later release knows the type.
  await api.database.sql(`UPDATE events SET type = 'customer_seat.assigned'`);
  expect(await worker.relay.findWaiting()).toMatchObject({ events: true });
  await worker.relay.runOnce();
  expect(await waiting()).toEqual([]);
  expect(jobsOf).toHaveLength(2);
});

it('an event that was deleted leaves the outbox', async () => {
  await api.database.sql('DELETE FROM events');
  await worker.relay.runOnce();
  expect(await waiting()).toEqual([]);
  expect(await worker.relay.findWaiting()).toMatchObject({ events: false });
});

it('webhooks do not wait for a queue that is down, and mails do', async () => {
  await tenant.create('webhooks/endpoints', { url: 'https://hooks.example.com/seats' });
  jest.spyOn(worker.app.get(JobQueue), 'add').mockRejectedValueOnce(new Error('down'));
  await expect(worker.relay.runOnce()).rejects.toThrow('down');
  const { id } = (await eventOf(seat.id)) ?? {};
  expect(await waiting()).toEqual([]);
  const messages = 'SELECT event_type FROM webhook_messages WHERE event_id = $1';
  expect(await api.database.sql(messages, [id])).toEqual([
    { event_type: 'customer_seat.assigned' },
  ]);
  const effects = 'SELECT enqueued_at FROM effects WHERE event_id = $1';
  expect(await api.database.sql(effects, [id])).toEqual([{ enqueued_at: null }]);
  expect(await worker.relay.runOnce()).toBeGreaterThan(0);
  expect((await api.database.sql(effects, [id]))[0]?.['enqueued_at']).not.toBeNull();
});

const NOTHING = { events: false, effects: false, next_webhook: null };

/** More seats of the same subscription, each with an event. */
async function assignMany(count: number): Promise<void> {
  const path = `/v1/subscriptions/${seat.subscription_id}`;
  await tenant.call('PATCH', path, { body: { seats: count + 2 } });
  const seats = Array.from({ length: count }, () => ({ email: newEmail() }));
  const body = { subscription_id: seat.subscription_id, seats };
  const { status } = await tenant.call('POST', '/v1/customer-seats/bulk', { body });
  expect(status).toBe(200);
}

/** The ids of the jobs that are enqueued from now on. */
function jobs(): string[] {
  const added: string[] = [];
  const note = (given: { id: string }[]) => added.push(...given.map(({ id }) => id));
  jest.spyOn(worker.app.get(JobQueue), 'add').mockImplementation(async (given) => void note(given));
  return added;
}

describe('enqueueing effects', () => {
  const enqueuedAt = async () =>
    (await api.database.sql('SELECT enqueued_at FROM effects'))[0]?.['enqueued_at'];

  it('has no transaction open while it waits for the queue', async () => {
    const open: object[] = [];
    jest.spyOn(worker.app.get(JobQueue), 'add').mockImplementation(async () => {
      const sessions = await api.database.sql(
        `SELECT query FROM pg_stat_activity
         WHERE datname = current_database() AND state LIKE 'idle in transaction%'`,
      );
      open.push(sessions);
    });
    await worker.relay.runOnce();
    expect(open).toEqual([[]]);
  });

  it('is retried in the next turn when the queue fails', async () => {
    jest.spyOn(worker.app.get(JobQueue), 'add').mockRejectedValueOnce(new Error('down'));
    await expect(worker.relay.runOnce()).rejects.toThrow('down');
    expect(await enqueuedAt()).toBeNull();
    const added = jobs();
    expect(await worker.relay.enqueue()).toBe(1);
    expect(added).toHaveLength(1);
  });

  it('is taken over by another worker half a minute after its worker has died', async () => {
    const reached = Promise.withResolvers<void>();
    unblock = Promise.withResolvers();
    jest.spyOn(worker.app.get(JobQueue), 'add').mockImplementationOnce(() => {
      reached.resolve();
      return unblock.promise;
    });
    const hung = worker.relay.runOnce();
    await reached.promise;
    const added = jobs();
    worker.clock.advance(29);
    expect(await worker.relay.enqueue()).toBe(0);
    worker.clock.advance(2);
    expect(await worker.relay.enqueue()).toBe(1);
    expect(added).toHaveLength(1);
    // The worker was only slow. It has lost its claim.
    const before = await enqueuedAt();
    unblock.resolve();
    await hung;
    expect(await enqueuedAt()).toEqual(before);
  });
});

it('two concurrent relays dispatch each event once', async () => {
  await assignMany(50);
  const events = await api.database.sql('SELECT id FROM events WHERE invites');
  const added = jobs();
  const counts: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    counts.push(...(await Promise.all([worker.relay.runOnce(), worker.relay.runOnce()])));
  }
  const all = await api.database.sql('SELECT FROM events');
  expect(counts.reduce((sum, count) => sum + count)).toBe(all.length + events.length);
  expect(added.sort()).toEqual(events.map(({ id }) => `invitation-mail-${id}`).sort());
});

it.each<[string, () => object, string]>([
  ['writing receipts and messages', () => worker.app.get(WebhooksRepository), 'enqueue'],
  ['adding to the queue', () => worker.app.get(JobQueue), 'add'],
])(
  'a relay neither waits for another one that is %s nor repeats its work',
  async (_, piece, method) => {
    const reached = Promise.withResolvers<void>();
    unblock = Promise.withResolvers();
    jest.spyOn(piece() as any, method).mockImplementationOnce(() => {
      reached.resolve();
      return unblock.promise;
    });
    const first = worker.relay.runOnce();
    await reached.promise;
    expect(await worker.relay.runOnce()).toBe(0);
    unblock.resolve();
    expect(await first).toBeGreaterThan(0);
  },
  5_000,
);

it('the oldest events are dispatched first, and new effects are enqueued before stale ones', async () => {
  const { id: oldest } = (await eventOf(seat.id)) ?? {};
  await assignMany(1_000);
  // Moves the row to the end of the table, where PostgreSQL would find it last.
  await api.database.sql('UPDATE outbox SET position = position WHERE event_id = $1', [oldest]);
  const added = jobs();
  await worker.relay.runOnce();
  const newest = 'SELECT seat_id FROM events ORDER BY position OFFSET 1000';
  const left = await waiting();
  expect(left).toHaveLength(2);
  expect(left).toEqual((await api.database.sql(newest)).map(({ seat_id }) => seat_id));

  await worker.relay.runOnce();
  worker.clock.advance(121);
  const next = await assign(tenant, { subscription_id: seat.subscription_id, email: newEmail() });
  added.splice(0);
  await worker.relay.runOnce();
  expect(added).toHaveLength(1_000);
  expect(added).toContain(`invitation-mail-${(await eventOf(next.id))?.['id']}`);
});

it('an effect is enqueued again after two minutes, and not earlier', async () => {
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

  /** Replaces the steps of the loops with mocks that do nothing. */
  function mockSteps() {
    return {
      relay: jest.spyOn(get(Relay), 'dispatch').mockResolvedValue(0),
      effects: jest.spyOn(get(Relay), 'enqueue').mockResolvedValue(0),
      look: jest.spyOn(get(Relay), 'findWaiting').mockResolvedValue(NOTHING),
      carryOver: jest.spyOn(get(EventsRepository), 'carryOver').mockResolvedValue(false),
      webhooks: jest.spyOn(get(Deliverer), 'turn').mockResolvedValue(false),
      release: jest.spyOn(get(ReleaseService), 'runOnce').mockResolvedValue(0),
      periodEnds: jest.spyOn(get(PeriodEndsService), 'endDue').mockResolvedValue(0),
      prune: jest.spyOn(get(IdempotencyPruner), 'runOnce').mockResolvedValue(0),
      retention: jest.spyOn(get(Retention), 'runOnce').mockResolvedValue(0),
      queue: jest.spyOn(get(JobQueue), 'work').mockReturnValue(),
      finish: jest.spyOn(get(Deliverer), 'finish').mockResolvedValue(),
      close: jest.spyOn(get(JobQueue), 'close').mockResolvedValue(),
    };
  }

  it('run every step from the start', async () => {
    const { finish, close, ...duties } = mockSteps();
    const loops = await create();
    loops.start();
    const done = Object.entries(duties).filter(([, duty]) => duty.mock.calls.length === 1);
    await loops.onModuleDestroy();
    expect(done.map(([name]) => name)).toEqual(Object.keys(duties));
    expect([finish.mock.calls.length, close.mock.calls.length]).toEqual([1, 1]);
  });

  it('dispatch events while the queue does not answer', async () => {
    const { relay, effects } = mockSteps();
    const answer = Promise.withResolvers<number>();
    effects.mockReturnValue(answer.promise);
    const turns = Promise.withResolvers<void>();
    relay.mockImplementation(async () => {
      if (relay.mock.calls.length === 3) turns.resolve();
      return 1;
    });
    const loops = await create();
    loops.start();
    await turns.promise;
    answer.resolve(0);
    await loops.onModuleDestroy();
    expect(effects).toHaveBeenCalledTimes(1);
  });

  it('end their turns before the queue closes', async () => {
    const { relay, close } = mockSteps();
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
