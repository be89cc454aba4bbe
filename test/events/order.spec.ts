import { Client } from 'pg';
import { Retention } from '../../src/effects/retention.js';
import { EventsRepository } from '../../src/events/events.repository.js';
import { EventsService } from '../../src/events/events.service.js';
import { Database } from '../../src/platform/database/database.js';
import { JobQueue } from '../../src/platform/queue/queue.js';
import { lockWaiters } from '../races/wire.js';
import { claim, newEmail, newSeat, SEATS, tokenOf, tryAssign } from '../seats/fixtures.js';
import { startApp, type Tenant, type TestApp } from '../support/app.js';
import { eventually } from '../support/eventually.js';
import { stepsOf } from '../support/plans.js';
import { startWorker } from '../support/worker.js';

/*
 * The order of the stream: nothing before what it followed from, nothing behind the back of who
 * reads it.
 */

let api: TestApp;
let tenant: Tenant;
let other: Client;
let repository: EventsRepository;

beforeAll(async () => {
  api = await startApp();
  repository = api.app.get(EventsRepository);
});
beforeEach(async () => {
  await api.database.truncate();
  tenant = await api.tenant();
  other = new Client(api.database.url);
  await other.connect();
  await other.query('BEGIN');
});
afterEach(() => other.end());
afterAll(() => api?.close());

const page = async (query = '') => (await tenant.call('GET', `/v1/events?${query}`)).body;
const itemsOf = async (query = '') => (await page(query)).items as any[];

/** All events, as one finds them who follows the cursors. */
async function followed(limit: number, start = ''): Promise<any[]> {
  const seen: any[] = [];
  let cursor: string | null = start;
  while (cursor !== null) {
    const { items, next_cursor } = await page(`limit=${limit}${cursor && `&cursor=${cursor}`}`);
    seen.push(...items);
    cursor = next_cursor;
  }
  return seen;
}

/** Events that nobody has numbered, as a bulk call leaves them. */
const writeEvents = (count: number, client: Pick<Client, 'query'> = other) =>
  client.query(
    `INSERT INTO events (id, organization_id, created_at, type, actor_type, data)
     SELECT gen_random_uuid(), $1, now(), 'seats.exhausted', 'system', jsonb_build_object('n', n)
     FROM generate_series(1, $2::int) AS n`,
    [tenant.id, count],
  );
const committed = (count: number) =>
  writeEvents(count, { query: api.database.sql } as unknown as Client);

const numbers = () =>
  api.database.sql<{ position: string; sequence: string | null }>(
    'SELECT position, sequence FROM events ORDER BY sequence, position',
  );

/** Sends each request when the one before waits, then lets them go in this order. */
async function inTurn(...requests: (() => Promise<any>)[]): Promise<any[]> {
  const answers = [];
  for (const [index, request] of requests.entries()) {
    answers.push(request());
    await lockWaiters(api, index + 1);
  }
  await other.query('COMMIT');
  return Promise.all(answers);
}

describe('an effect comes after its cause', () => {
  test('although its transaction began before, and waited', async () => {
    const { id } = await tenant.subscription(1);
    await other.query('SELECT 1 FROM pools WHERE subscription_id = $1 FOR UPDATE', [id]);
    const answers = await inTurn(
      () => tryAssign(tenant, { subscription_id: id, email: newEmail() }),
      // Locks the subscription, and has its transaction id by that, before it waits for the pool.
      () => tenant.call('DELETE', `/v1/subscriptions/${id}`),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    const expected = ['customer_seat.assigned', 'customer_seat.revoked'];
    expect((await itemsOf()).map(({ type }) => type)).toEqual(expected);
    const reversed = (await itemsOf('order=desc')).map(({ type }) => type);
    expect(reversed).toEqual(expected.toReversed());
  });

  test('a claim before the replacement of its seat', async () => {
    const seat = await newSeat(tenant);
    const token = await tokenOf(api, seat.id);
    await other.query('SELECT 1 FROM seats WHERE id = $1 FOR UPDATE', [seat.id]);
    const [claimed, replaced] = await inTurn(
      () => claim(api, token),
      () => tenant.call('POST', `${SEATS}/${seat.id}/replace`, { body: { email: newEmail() } }),
    );
    expect([claimed.status, replaced.status]).toEqual([200, 200]);
    const events = await itemsOf(`seat_id=${seat.id}`);
    expect(events.map(({ type }) => type.split('.')[1])).toEqual([
      'assigned',
      'claimed',
      'revoked',
    ]);
    expect(events[2].data.claimed_at).toBe(claimed.body.seat.claimed_at);
  });
});

describe('a restored database, in which transactions count from the start again', () => {
  beforeEach(async () => {
    await committed(3);
    await api.database.sql(`UPDATE events SET xact = '9000000000000000000'`);
  });

  test('has all its events, and new ones after them', async () => {
    const old = (await itemsOf()).map(({ id }) => id);
    expect(old).toHaveLength(3);
    const seat = await newSeat(tenant);
    const seen = await followed(1);
    expect(seen.slice(0, 3).map(({ id }) => id)).toEqual(old);
    expect(seen.slice(3)).toMatchObject([{ seat_id: seat.id }]);
  });
});

describe('who follows the cursors', () => {
  test('misses nothing of a transaction that was open for long', async () => {
    await writeEvents(1);
    await committed(3);
    const { items, next_cursor } = await page('limit=2');
    await other.query('COMMIT');
    await committed(1);
    const seen = [...items, ...(await followed(2, next_cursor))].map(({ id }) => id);
    const all = (await itemsOf()).map(({ id }) => id);
    expect(all).toHaveLength(5);
    expect(seen).toEqual(all);
  });

  test('misses nothing when all that was read has been forgotten', async () => {
    await committed(3);
    const { next_cursor } = await page('limit=2');
    await api.database.sql('DELETE FROM events');
    const seat = await newSeat(tenant);
    expect(await followed(2, next_cursor)).toMatchObject([{ seat_id: seat.id }]);
  });
});

describe('numbers', () => {
  test('are given to more events than fit into a batch before a list is shown', async () => {
    await committed(2_500);
    expect((await itemsOf('order=desc&limit=1'))[0].data).toEqual({ n: 2_500 });
    const seen = await followed(1_000);
    expect(seen.map(({ data }) => data.n)).toEqual(Array.from({ length: 2_500 }, (_, n) => n + 1));
  });

  test('are distinct and without gaps, whoever gives them at the same time', async () => {
    await committed(2_500);
    await Promise.all([1, 2, 3, 4].map(() => repository.numberAll()));
    const rows = await numbers();
    expect(rows.map(({ sequence }) => sequence)).toEqual(
      Array.from({ length: 2_500 }, (_, index) => `${index + 1}`),
    );
    const positions = rows.map(({ position }) => Number(position));
    expect(positions).toEqual(positions.toSorted((a, b) => a - b));
  });

  test('are given in the order in which they can be seen', async () => {
    const late = new Client(api.database.url);
    await late.connect();
    await late.query('BEGIN');
    await writeEvents(1, late);
    await committed(2);
    await other.query('SELECT FROM events WHERE position = 3 FOR UPDATE');
    // Has numbered one event and waits for the next, when an older one appears.
    const first = repository.numberAll();
    await lockWaiters(api, 1);
    await late.query('COMMIT');
    await late.end();
    const second = repository.numberAll();
    await lockWaiters(api, 2);
    await other.query('COMMIT');
    await Promise.all([first, second]);
    expect((await numbers()).map(({ position }) => position)).toEqual(['2', '3', '1']);
  });

  test('are given by a worker, so that readers need not', async () => {
    await committed(3);
    const worker = await startWorker({ DATABASE_URL: api.database.url });
    worker.start();
    await eventually('the numbers', async () =>
      (await numbers()).every(({ sequence }) => sequence !== null),
    );
    await worker.close();
  });

  test('do not wait for a relay whose queue does not answer', async () => {
    const seat = await newSeat(tenant);
    const worker = await startWorker({ DATABASE_URL: api.database.url });
    let answer: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => {
      worker.app.get(JobQueue).add = () => {
        resolve();
        return new Promise<void>((end) => (answer = end));
      };
    });
    const relaying = worker.relay.runOnce();
    await asked;
    expect(await itemsOf()).toMatchObject([{ seat_id: seat.id }]);
    // Nor does a second relay hand on what the first one has in hand.
    expect(await worker.relay.runOnce()).toBe(0);
    answer();
    // The event, and its mail.
    expect(await relaying).toBe(2);
    expect(await worker.relay.runOnce()).toBe(0);
    await worker.close();
  });

  test('are given within a transaction too', async () => {
    await committed(2);
    const list = () =>
      api.app.get(EventsService).list({ organizationId: tenant.id } as any, {}, {});
    const { items } = await api.app.get(Database).transaction(list);
    expect(items).toHaveLength(2);
  });
});

describe('with many events, an index finds', () => {
  const first = { after: undefined, limit: 101 };
  const indexesOf = async (work: (events: EventsRepository) => Promise<unknown>) => {
    await api.database.sql('ANALYZE events');
    const steps = await stepsOf(api.database, (database) => work(new EventsRepository(database)));
    return steps
      .filter(({ kind }) => kind.includes('Scan'))
      .map(({ kind, index }) => index ?? kind);
  };
  beforeEach(async () => {
    await committed(5_000);
    await repository.numberAll();
  });

  test('the page of a tenant, in either order', async () => {
    for (const order of ['asc', 'desc'] as const) {
      expect(await indexesOf((events) => events.list(tenant.id, { order }, first))).toEqual([
        'events_stream',
      ]);
    }
    const second = { after: '2000', limit: 101 };
    expect(await indexesOf((events) => events.list(tenant.id, {}, second))).toEqual([
      'events_stream',
    ]);
  });

  test('the events of a seat', async () => {
    const seat = await newSeat(tenant);
    await repository.numberAll();
    expect(
      await indexesOf((events) => events.list(tenant.id, { seat_id: seat.id }, first)),
    ).toEqual(['events_seat_id_position_idx']);
  });

  test('that no event is old enough to be forgotten', async () => {
    await api.database.sql('ANALYZE');
    const steps = await stepsOf(api.database, (database) =>
      new Retention(database, api.clock, api.settings).runOnce(),
    );
    const looks = steps.filter(({ table, rows }) => table === 'events' && rows > 0);
    expect(looks).toMatchObject([{ index: 'events_stream', rows: 1 }]);
  });

  test('that there is nothing to number, and what there is', async () => {
    expect(await indexesOf((events) => events.hasUnnumbered())).toEqual(['events_unnumbered']);
    await committed(10);
    const used = await indexesOf((events) => events.number());
    expect(used.filter((name) => name !== 'CTE Scan')).toEqual([
      'events_unnumbered',
      'events_pkey',
    ]);
  });
});
