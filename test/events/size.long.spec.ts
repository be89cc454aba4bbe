import { randomUUID } from 'node:crypto';
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { EventsRepository } from '../../src/events/events.repository.js';
import { Database } from '../../src/platform/database/database.js';
import { applyMigrations } from '../../src/platform/database/migrate.js';
import { startApp, type Tenant, type TestApp } from '../support/app.js';
import { type TestDatabase, testDatabase } from '../support/database.js';
import { stepsOf } from '../support/plans.js';

const MIGRATIONS = join(import.meta.dirname, '../../prisma/migrations');
// The first migration of the release that stopped numbering events in place.
const FIRST_NEW = '20261128700000';
const EVENTS = 3_000_000;
const LONGEST_WAIT_MS = 1_000;
const BATCHES = 20;

/** Writes one event after the other, as the release before does, and measures the longest wait. */
class Writer {
  longestMs = 0;
  written = 0;
  private stopping = false;

  private constructor(
    private readonly client: Client,
    private readonly organizationId: string,
  ) {}

  static async start(url: string, organizationId: string) {
    const writer = new Writer(new Client(url), organizationId);
    await writer.client.connect();
    const running = writer.run();
    return {
      /** Stops, and forgets what was measured. @returns the longest wait in milliseconds. */
      stop: async () => {
        writer.stopping = true;
        await running;
        await writer.client.end();
        return writer;
      },
    };
  }

  private async run(): Promise<void> {
    while (!this.stopping) {
      const started = performance.now();
      await this.client.query(
        `INSERT INTO events (id, organization_id, created_at, type, actor_type, data)
         VALUES ($1, $2, now(), 'seats.exhausted', 'system', '{}')`,
        [randomUUID(), this.organizationId],
      );
      this.longestMs = Math.max(this.longestMs, performance.now() - started);
      this.written += 1;
      await sleep(5);
    }
  }
}

describe('a database with 3 million events of the release before', () => {
  let database: TestDatabase;
  let api: TestApp | undefined;
  let tenant: Tenant;
  const busy = randomUUID();
  const waits: Record<string, number> = {};

  beforeAll(async () => {
    database = await testDatabase('template0');
    const directory = await mkdtemp(join(tmpdir(), 'migrations-'));
    const isNew = (name: string) => /^\d{14}_/.test(name) && name >= FIRST_NEW;
    await cp(MIGRATIONS, directory, {
      recursive: true,
      filter: (path) => !isNew(basename(path)),
    });
    expect(await readdir(directory)).not.toHaveLength((await readdir(MIGRATIONS)).length);
    await applyMigrations(database.url, { directory });
    await rm(directory, { recursive: true });
    // Ids in order, and the indexes afterwards: both make this several times faster.
    const indexes = await database.sql<{ name: string; text: string }>(
      `SELECT indexname AS name, indexdef AS text FROM pg_indexes
       WHERE tablename = 'events' AND indexname <> 'events_pkey'`,
    );
    for (const { name } of indexes) await database.sql(`DROP INDEX ${name}`);
    await database.sql(
      `INSERT INTO events (id, organization_id, created_at, type, actor_type, subscription_id, data,
         dispatched_at, sequence)
       SELECT lpad(to_hex(n), 32, '0')::uuid, $1, now(), 'customer_seat.assigned', 'system',
         CASE WHEN n % 2 = 0 THEN $1::uuid END, '{"seat_id": null}', now(), n
       FROM generate_series(1, ${EVENTS}) AS n`,
      [busy],
    );
    await database.sql(`SELECT setval('events_numbers', ${EVENTS})`);
    for (const { text } of indexes) await database.sql(text);
  }, 600_000);

  afterAll(async () => {
    process.stderr.write(`longest waits of an insert in ms: ${JSON.stringify(waits)}\n`);
    await api?.close();
    await database?.drop();
  }, 60_000);

  it('is migrated while every insert waits less than a second', async () => {
    const writer = await Writer.start(database.url, busy);
    expect((await applyMigrations(database.url)).length).toBeGreaterThan(1);
    const { longestMs, written } = await writer.stop();
    waits['migrations'] = longestMs;
    expect(longestMs).toBeLessThan(LONGEST_WAIT_MS);
    expect(written).toBeGreaterThan(10);
  }, 600_000);

  it('is carried over in steps and read while every insert waits less than a second', async () => {
    api = await startApp({ DATABASE_URL: database.url });
    tenant = await api.tenant();
    await tenant.create('webhooks/endpoints', { url: 'https://example.com/hook' });
    const events = api.app.get(EventsRepository);
    const writer = await Writer.start(database.url, busy);
    for (let n = 0; n < BATCHES; n += 1) {
      const [more, page] = await Promise.all([
        events.carryOver(),
        tenant.call('GET', '/v1/events?limit=5'),
      ]);
      expect([more, page.status]).toEqual([true, 200]);
    }
    const { longestMs } = await writer.stop();
    waits['carrying over and reads'] = longestMs;
    expect(longestMs).toBeLessThan(LONGEST_WAIT_MS);
    const [{ count } = { count: 0 }] = await database.sql<{ count: number }>(
      'SELECT count(*)::int AS count FROM event_stream WHERE sequence <= $1',
      [EVENTS],
    );
    expect(count).toBe(BATCHES * 2_000);
  }, 300_000);

  it('lists the same events before and after they are carried over, by indexes', async () => {
    const events = new EventsRepository((api as TestApp).app.get(Database));
    const ends = () =>
      Promise.all([
        events.list(busy, {}, { after: String(EVENTS - 3), limit: 6 }),
        events.list(busy, { order: 'desc' }, { after: String(EVENTS + 3), limit: 6 }),
        events.list(busy, { subscription_id: busy }, { after: '39998', limit: 6 }),
      ]);
    const before = await ends();
    expect(before.map(({ length }) => length)).toEqual([6, 6, 6]);
    const indexes = async () => {
      const steps = await stepsOf(database, (db) =>
        new EventsRepository(db).list(busy, {}, { after: undefined, limit: 6 }),
      );
      return steps.flatMap(({ index }) => index ?? []);
    };
    while (await events.carryOver());
    expect(await database.sql('SELECT FROM event_carry_over')).toEqual([]);
    expect(await ends()).toEqual(before);
    const search = await stepsOf(database, (db) => new EventsRepository(db).hasUnnumbered());
    expect(search.flatMap(({ index }) => index ?? [])).toEqual(['outbox_pkey']);
    expect(await indexes()).toEqual(['event_stream_pkey', 'events_pkey']);
  }, 600_000);
});
