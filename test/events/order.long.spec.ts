import { Client } from 'pg';
import { Retention } from '../../src/effects/retention.js';
import { RetentionRepository } from '../../src/effects/retention.repository.js';
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
import { numberAll } from './fixtures.js';

/*
 * The order of the stream: an event never comes before its cause, and never appears behind a
 * reader's cursor.
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

/** The events that a client finds by following the cursors. */
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

/** Writes events without numbers, as a bulk call does. */
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
    `SELECT event.position, stream.sequence FROM events event
     LEFT JOIN event_stream stream ON stream.event_id = event.id
     ORDER BY stream.sequence, event.position`,
  );

/** Sends each request once the previous one waits for a lock, then releases them in this order. */
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
  it('even if its transaction began earlier and had to wait', async () => {
    const { id } = await tenant.subscription(1);
    // In one process the second request would wait in memory, without a transaction.
    const second = await startApp({ DATABASE_URL: api.database.url });
    await other.query('SELECT 1 FROM pools WHERE subscription_id = $1 FOR UPDATE', [id]);
    const answers = await inTurn(
      () => tryAssign(tenant, { subscription_id: id, email: newEmail() }),
      // It locks the subscription, which assigns its transaction id, before it waits for the pool.
      () => second.call('DELETE', `/v1/subscriptions/${id}`, { token: tenant.token }),
    );
    await second.close();
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    const expected = ['customer_seat.assigned', 'customer_seat.revoked'];
    expect((await itemsOf()).map(({ type }) => type)).toEqual(expected);
    const reversed = (await itemsOf('order=desc')).map(({ type }) => type);
    expect(reversed).toEqual(expected.toReversed());
  });

  it('a replacement after the claim of its seat', async () => {
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

describe('a client that follows the cursors', () => {
  it('misses no event of a long transaction', async () => {
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

  it('misses no event after the events that it has read were deleted', async () => {
    await committed(3);
    const { next_cursor } = await page('limit=2');
    await api.database.sql('DELETE FROM events');
    const seat = await newSeat(tenant);
    expect(await followed(2, next_cursor)).toMatchObject([{ seat_id: seat.id }]);
  });
});

describe('numbers', () => {
  it('are assigned to one batch before a page is shown, and the cursor leads to the rest', async () => {
    await committed(2_500);
    expect((await itemsOf('order=desc&limit=1'))[0].data).toEqual({ n: 1_000 });
    await api.database.sql('DELETE FROM event_stream');
    await api.database.sql('UPDATE outbox SET numbered = false');
    const seen = await followed(1_000);
    expect(seen.map(({ data }) => data.n)).toEqual(Array.from({ length: 2_500 }, (_, n) => n + 1));
  });

  it('are distinct and without gaps when several processes assign them at the same time', async () => {
    await committed(2_500);
    await Promise.all([1, 2, 3, 4].map(() => numberAll(repository)));
    await numberAll(repository);
    const rows = await numbers();
    expect(rows.map(({ sequence }) => sequence)).toEqual(
      Array.from({ length: 2_500 }, (_, index) => `${index + 1}`),
    );
    const positions = rows.map(({ position }) => Number(position));
    expect(positions).toEqual(positions.toSorted((a, b) => a - b));
  });

  it('do not wait for a transaction that has locked an event', async () => {
    await committed(3);
    await other.query('SELECT FROM events FOR UPDATE');
    expect(await repository.number()).toBe(3);
    expect((await numbers()).map(({ sequence }) => sequence)).toEqual(['1', '2', '3']);
  });

  it('are assigned in the order in which events become visible', async () => {
    await writeEvents(1);
    await committed(3);
    expect(await repository.number()).toBe(3);
    await other.query('COMMIT');
    expect(await repository.number()).toBe(1);
    expect((await numbers()).map(({ position }) => position)).toEqual(['2', '3', '4', '1']);
  });

  it('are assigned once, whether a reader or the relay comes first', async () => {
    await committed(2);
    expect(await repository.number()).toBe(2);
    await committed(2);
    const worker = await startWorker({ DATABASE_URL: api.database.url });
    expect(await worker.relay.dispatch()).toBe(4);
    expect(await worker.relay.dispatch()).toBe(0);
    await worker.close();
    expect(await repository.hasUnnumbered()).toBe(false);
    expect(await numbers()).toEqual(
      ['1', '2', '3', '4'].map((n) => ({ position: n, sequence: n })),
    );
  });

  it('are assigned by a worker, so that readers need not do it', async () => {
    await committed(3);
    const worker = await startWorker({ DATABASE_URL: api.database.url });
    worker.start();
    await eventually('the numbers', async () =>
      (await numbers()).every(({ sequence }) => sequence !== null),
    );
    await worker.close();
  });

  it('do not wait for a relay whose queue does not answer', async () => {
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
    // A second relay does not repeat the work of the first one either.
    expect(await worker.relay.runOnce()).toBe(0);
    answer();
    // The event, and its mail.
    expect(await relaying).toBe(2);
    expect(await worker.relay.runOnce()).toBe(0);
    await worker.close();
  });

  it('are assigned within a transaction too', async () => {
    await committed(2);
    const list = () =>
      api.app.get(EventsService).list({ organizationId: tenant.id } as any, {}, {});
    const { items } = await api.app.get(Database).transaction(list);
    expect(items).toHaveLength(2);
  });
});

describe('while another process numbers events and does not finish', () => {
  let seat: any;
  beforeEach(async () => {
    seat = await newSeat(tenant);
    await numberAll(repository);
    await other.query(`SELECT pg_advisory_xact_lock(hashtextextended('["event numbers"]', 0))`);
  });

  it('a read shows the numbered events without waiting', async () => {
    await committed(1);
    for (const path of ['/v1/events', `${SEATS}/${seat.id}/events`]) {
      const { status, body } = await tenant.call('GET', path);
      expect([status, body.items.map(({ seat_id }: any) => seat_id)]).toEqual([200, [seat.id]]);
    }
  }, 5_000);

  it('a cursor leads to the events that are numbered afterwards', async () => {
    await committed(1);
    const { next_cursor } = await page();
    expect(await page(`cursor=${next_cursor}`)).toEqual({ items: [], next_cursor: null });
    await other.query('COMMIT');
    expect(await followed(1, next_cursor)).toMatchObject([{ data: { n: 1 } }]);
  });

  it('the newest come first, and the oldest page has no cursor', async () => {
    await committed(1);
    expect(await page('order=desc')).toMatchObject({
      items: [{ seat_id: seat.id }],
      next_cursor: null,
    });
  });

  it('a page has no cursor when nothing is left to number', async () => {
    expect(await page()).toMatchObject({ items: [{ seat_id: seat.id }], next_cursor: null });
  });
});

describe('with many events, an index finds', () => {
  const first = { after: undefined, limit: 101 };
  const indexesOf = async (work: (events: EventsRepository) => Promise<unknown>) => {
    await api.database.sql('ANALYZE events, event_stream, outbox');
    const steps = await stepsOf(api.database, (database) => work(new EventsRepository(database)));
    return steps
      .filter(({ kind, table }) => kind.includes('Scan') && table !== 'event_carry_over')
      .map(({ kind, index }) => index ?? kind);
  };
  beforeEach(async () => {
    await committed(5_000);
    await numberAll(repository);
  });

  it('the page of a tenant, in both orders', async () => {
    for (const order of ['asc', 'desc'] as const) {
      expect(await indexesOf((events) => events.list(tenant.id, { order }, first))).toEqual([
        'event_stream_pkey',
        'events_pkey',
      ]);
    }
    const second = { after: '2000', limit: 101 };
    expect(await indexesOf((events) => events.list(tenant.id, {}, second))).toEqual([
      'event_stream_pkey',
      'events_pkey',
    ]);
  });

  it('the events of a seat', async () => {
    const seat = await newSeat(tenant);
    await numberAll(repository);
    expect(
      await indexesOf((events) => events.list(tenant.id, { seat_id: seat.id }, first)),
    ).toEqual(['event_stream_of_seat', 'events_pkey']);
  });

  it('that no event is old enough to be deleted', async () => {
    await api.database.sql('ANALYZE');
    const steps = await stepsOf(api.database, (database) =>
      new Retention(new RetentionRepository(database), api.clock, api.settings).runOnce(),
    );
    const looks = steps.filter(({ table, rows }) => /^event/.test(table ?? '') && rows > 0);
    expect(looks).toMatchObject([
      { index: 'event_stream_pkey', rows: 1 },
      { index: 'events_pkey', rows: 1 },
    ]);
  });

  it('that there is nothing to number, and the events that have no number', async () => {
    expect(await indexesOf((events) => events.hasUnnumbered())).toEqual(['outbox_pkey']);
    await committed(10);
    const used = await indexesOf((events) => events.number());
    expect(new Set(used.filter((name) => !/^(CTE|Subquery|Tid) Scan$/.test(name)))).toEqual(
      new Set(['outbox_pkey', 'events_pkey']),
    );
  });

  it('that nothing is unnumbered, even when the statistics say that most events are', async () => {
    await api.database.sql('ALTER TABLE outbox SET (autovacuum_enabled = false)');
    await api.database.sql('UPDATE outbox SET numbered = false');
    await api.database.sql('ANALYZE outbox');
    await api.database.sql('UPDATE outbox SET numbered = true');
    const steps = await stepsOf(api.database, (database) =>
      new EventsRepository(database).hasUnnumbered(),
    );
    const looks = steps.filter(({ kind }) => kind.includes('Scan'));
    expect(looks.map(({ index }) => index)).toEqual(['outbox_pkey']);
  });
});
