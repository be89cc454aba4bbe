import { randomUUID } from 'node:crypto';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { Retention } from '../../src/effects/retention.js';
import { EventsRepository } from '../../src/events/events.repository.js';
import { applyMigrations } from '../../src/platform/database/migrate.js';
import { assign, newEmail } from '../seats/fixtures.js';
import { startApp, type Tenant, type TestApp } from '../support/app.js';
import { type TestDatabase, testDatabase } from '../support/database.js';
import { startWorker, type TestWorker } from '../support/worker.js';

/*
 * Processes of v0.1.0 work beside those of this release, on the same tables. The statements of v0.1.0
 * are copied here. The crash suite runs a whole process of it (docs/reliability.md).
 */

const MIGRATIONS = join(import.meta.dirname, '../../prisma/migrations');
// The first migration of the release that stopped numbering events in place.
const FIRST_NEW = '20261128700000';

type Sql = TestDatabase['sql'];

/** Writes events of a type without effects. @returns their ids, in the order of writing. */
async function write(sql: Sql, organizationId: string, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, () => randomUUID());
  for (const id of ids) {
    await sql(
      `INSERT INTO events (id, organization_id, created_at, type, actor_type, data)
       VALUES ($1, $2, now(), 'seats.exhausted', 'system', '{}')`,
      [id, organizationId],
    );
  }
  return ids;
}

/** The relay of v0.1.0, without its queue. @returns the ids of the events that it dispatches. */
async function dispatch(sql: Sql): Promise<string[]> {
  const rows = await sql<{ id: string }>(
    'SELECT id FROM events WHERE dispatched_at IS NULL ORDER BY position LIMIT 200',
  );
  const ids = rows.map(({ id }) => id);
  await sql('UPDATE events SET dispatched_at = now() WHERE id = ANY($1)', [ids]);
  return ids;
}

const number = (sql: Sql) =>
  sql(`UPDATE events SET sequence = numbered.sequence FROM (
      SELECT id, nextval('events_numbers') AS sequence FROM events WHERE sequence IS NULL
      ORDER BY position LIMIT 1000
    ) numbered WHERE events.id = numbered.id`);

describe('beside the previous release', () => {
  let api: TestApp;
  let worker: TestWorker;
  let tenant: Tenant;
  let sql: Sql;

  beforeAll(async () => {
    api = await startApp();
    sql = api.database.sql;
    worker = await startWorker({ DATABASE_URL: api.database.url });
  });
  beforeEach(async () => {
    await api.database.truncate();
    tenant = await api.tenant();
    await tenant.create('webhooks/endpoints', {
      url: 'https://hooks.example.com/seats',
      events: ['customer_seat.assigned', 'seats.exhausted'],
    });
  });
  afterAll(async () => {
    await worker.close();
    await api.close();
  });

  const messages = async () => {
    const rows = await sql('SELECT event_id FROM webhook_messages');
    return rows.map(({ event_id }) => event_id);
  };
  const listed = async () => {
    const { body } = await tenant.call('GET', '/v1/events');
    return body.items.map(({ id }: { id: string }) => id);
  };

  it('this release dispatches and lists the events that the previous one wrote', async () => {
    const ids = await write(sql, tenant.id, 2);
    expect(await worker.relay.dispatch()).toBe(2);
    expect((await messages()).toSorted()).toEqual(ids.toSorted());
    expect(await listed()).toEqual(ids);
    expect(await dispatch(sql)).toEqual([]);
  });

  it('this release lists, and does not dispatch again, what the previous one dispatched', async () => {
    const ids = await write(sql, tenant.id, 2);
    expect(await dispatch(sql)).toEqual(ids);
    expect(await worker.relay.dispatch()).toBe(2);
    expect(await messages()).toEqual([]);
    expect(await listed()).toEqual(ids);
    expect(await sql('SELECT FROM outbox')).toEqual([]);
  });

  it('the previous release does not dispatch the events of this one, and numbers them', async () => {
    const { id } = await tenant.subscription(1);
    await assign(tenant, { subscription_id: id, email: newEmail() });
    expect(await dispatch(sql)).toEqual([]);
    await number(sql);
    expect(await sql('SELECT FROM events WHERE sequence IS NULL')).toEqual([]);
    expect(await worker.relay.dispatch()).toBeGreaterThan(0);
    expect(await messages()).toHaveLength(1);
    expect(await dispatch(sql)).toEqual([]);
  });

  it('a cursor misses nothing when both number the same events in different orders', async () => {
    const [first] = await write(sql, tenant.id, 1);
    await number(sql);
    const [second] = await write(sql, tenant.id, 1);
    expect(await listed()).toEqual([first, second]);
    const [third] = await write(sql, tenant.id, 1);
    await number(sql);
    await worker.relay.dispatch();
    expect(await listed()).toEqual([first, second, third]);
  });

  it('an event that the previous release deletes leaves the stream, and no page ends early', async () => {
    const ids = await write(sql, tenant.id, 4);
    await worker.relay.dispatch();
    await sql('DELETE FROM events WHERE id = ANY($1)', [ids.slice(0, 2)]);
    const { body } = await tenant.call('GET', '/v1/events?limit=1');
    expect(body.items).toMatchObject([{ id: ids[2] }]);
    expect(body.next_cursor).not.toBeNull();
    await worker.app.get(Retention).runOnce();
    expect(await sql('SELECT event_id FROM event_stream ORDER BY sequence')).toEqual(
      ids.slice(2).map((event_id) => ({ event_id })),
    );
  });
});

describe('the events of the previous release', () => {
  const [one, two] = [randomUUID(), randomUUID()].toSorted() as [string, string];
  let database: TestDatabase;
  let events: EventsRepository;
  let worker: TestWorker;
  let ids: Record<string, string[]>;

  beforeEach(async () => {
    database = await testDatabase('template0');
    const directory = await mkdtemp(join(tmpdir(), 'migrations-'));
    const isNew = (path: string) => /^\d{14}_/.test(basename(path)) && basename(path) >= FIRST_NEW;
    await cp(MIGRATIONS, directory, { recursive: true, filter: (path) => !isNew(path) });
    await applyMigrations(database.url, { directory });
    await rm(directory, { recursive: true });
    ids = { [one]: [], [two]: [] };
    for (const organization of [one, two, one]) {
      ids[organization]?.push(...(await write(database.sql, organization, 2)));
      await dispatch(database.sql);
      await number(database.sql);
    }
    // One that has a number and is not dispatched, and one that has neither.
    ids[one]?.push(...(await write(database.sql, one, 1)));
    await number(database.sql);
    ids[one]?.push(...(await write(database.sql, one, 1)));
    await applyMigrations(database.url);
    worker = await startWorker({ DATABASE_URL: database.url });
    events = worker.app.get(EventsRepository);
  }, 60_000);
  afterEach(async () => {
    await worker.close();
    await database.drop();
  });

  const list = async (organization: string) => {
    const rows = await events.list(organization, {}, { after: undefined, limit: 100 });
    return rows.map(({ id }) => id);
  };
  const lists = async () => ({ [one]: await list(one), [two]: await list(two) });

  it('are listed in their order before, while and after they are carried over', async () => {
    await worker.relay.dispatch();
    ids[two]?.push(...(await write(database.sql, two, 1)));
    await worker.relay.dispatch();
    expect(await lists()).toEqual(ids);
    expect(await events.carryOver()).toBe(true);
    expect(await lists()).toEqual(ids);
    expect(await events.carryOver()).toBe(false);
    expect(await lists()).toEqual(ids);
    expect(await database.sql('SELECT FROM event_carry_over')).toEqual([]);
    const [{ count } = { count: 0 }] = await database.sql('SELECT count(*)::int FROM event_stream');
    expect(count).toBe(9);
  });

  it('are in the outbox if they were not dispatched or not numbered', async () => {
    const rows = await database.sql('SELECT event_id, numbered FROM outbox ORDER BY position');
    expect(rows).toEqual([
      { event_id: ids[one]?.at(-2), numbered: true },
      { event_id: ids[one]?.at(-1), numbered: false },
    ]);
    expect(await worker.relay.dispatch()).toBe(2);
    expect(await database.sql('SELECT FROM events WHERE dispatched_at IS NULL')).toEqual([]);
  });

  it('are carried over by one worker at a time', async () => {
    const results = await Promise.all([events.carryOver(), events.carryOver()]);
    expect(results).toContain(true);
    while (await events.carryOver());
    const rows = await database.sql('SELECT event_id FROM event_stream');
    expect(new Set(rows.map(({ event_id }) => event_id)).size).toBe(rows.length);
  });
});
