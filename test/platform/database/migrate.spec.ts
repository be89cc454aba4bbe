import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  applyMigrations,
  pendingMigrations,
  schemaSql,
} from '../../../src/platform/database/migrate.js';
import { testDatabase, type TestDatabase } from '../../support/database.js';

const MIGRATIONS = join(import.meta.dirname, '../../../prisma/migrations');

let database: TestDatabase;
beforeEach(async () => {
  database = await testDatabase('template0');
});
afterEach(() => database.drop());

async function migrationsOnDisk(): Promise<string[]> {
  const entries = await readdir(MIGRATIONS, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

describe('applyMigrations', () => {
  it('applies every migration to an empty database, and nothing the second time', async () => {
    expect(await applyMigrations(database.url)).toEqual(await migrationsOnDisk());
    expect(await applyMigrations(database.url)).toEqual([]);
  });

  it('applies each migration once when several processes boot at the same time', async () => {
    const applied = await Promise.all([1, 2, 3].map(() => applyMigrations(database.url)));
    expect(applied.flat()).toEqual(await migrationsOnDisk());
    const rows = await database.sql('SELECT migration_name FROM _prisma_migrations');
    expect(rows).toHaveLength(applied.flat().length);
  });

  it('leaves the record that `prisma migrate deploy` leaves', async () => {
    const [name] = await applyMigrations(database.url);
    const script = await readFile(join(MIGRATIONS, name!, 'migration.sql'));
    const [row] = await database.sql('SELECT * FROM _prisma_migrations ORDER BY started_at');
    expect(row).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      checksum: createHash('sha256').update(script).digest('hex'),
      migration_name: name,
      started_at: expect.any(Date),
      finished_at: expect.any(Date),
      applied_steps_count: 1,
      logs: null,
      rolled_back_at: null,
    });
  });

  it('sends functions whole, semicolons and all', async () => {
    await applyMigrations(database.url);
    const triggers = await database.sql('SELECT FROM pg_trigger WHERE NOT tgisinternal');
    expect(triggers.length).toBeGreaterThan(0);
  });
});

describe('pendingMigrations', () => {
  it('names what the database has not had', async () => {
    expect(await pendingMigrations(database.sql)).toEqual(await migrationsOnDisk());
    await applyMigrations(database.url);
    expect(await pendingMigrations(database.sql)).toEqual([]);
  });
});

describe('a migration that does not finish', () => {
  const name = '20270101000000_next';
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'migrations-'));
    await cp(MIGRATIONS, directory, { recursive: true });
    await mkdir(join(directory, name));
  });
  afterEach(() => rm(directory, { recursive: true }));
  const write = (script: string) => writeFile(join(directory, name, 'migration.sql'), script);

  it('says which one and why, leaves nothing of it behind, and is tried again', async () => {
    await write('CREATE TABLE half ();\nINSERT INTO nowhere VALUES (1);');
    await expect(applyMigrations(database.url, directory)).rejects.toThrow(
      `Migration ${name} failed at line 2: relation "nowhere" does not exist`,
    );
    expect(await pendingMigrations(database.sql, directory)).toEqual([name]);
    await write('CREATE TABLE half ();');
    expect(await applyMigrations(database.url, directory)).toEqual([name]);
    expect(await pendingMigrations(database.sql, directory)).toEqual([]);
  });

  it('is tried again when its process was killed', async () => {
    await write('CREATE TABLE half ();');
    await applyMigrations(database.url, directory);
    await database.sql('DROP TABLE half');
    await database.sql(
      'UPDATE _prisma_migrations SET finished_at = NULL, applied_steps_count = 0 WHERE migration_name = $1',
      [name],
    );
    expect(await applyMigrations(database.url, directory)).toEqual([name]);
  });

  it('is left to a person when it is more than one transaction', async () => {
    await write('CREATE INDEX CONCURRENTLY nowhere_idx ON nowhere (id);');
    const attempt = () => applyMigrations(database.url, directory);
    await expect(attempt()).rejects.toThrow('relation "nowhere" does not exist');
    await expect(attempt()).rejects.toThrow(`Migration ${name} did not finish.`);
  });

  it('does not wait for a lock until the service stands still', async () => {
    await applyMigrations(database.url);
    await write('ALTER TABLE organizations ADD COLUMN later int;');
    const { Client } = await import('pg');
    const busy = new Client(database.url);
    await busy.connect();
    await busy.query('BEGIN; LOCK TABLE organizations');
    await expect(applyMigrations(database.url, directory)).rejects.toThrow(
      'canceling statement due to lock timeout',
    );
    await busy.end();
    expect(await applyMigrations(database.url, directory)).toEqual([name]);
  });
});

describe('the migrations and prisma/schema.prisma', () => {
  let printed: TestDatabase;
  beforeEach(async () => {
    printed = await testDatabase('template0');
    await printed.sql(await schemaSql());
    await applyMigrations(database.url);
  });
  afterEach(() => printed.drop());

  it('describe the same tables', async () => {
    expect(await catalog(database)).toEqual(await catalog(printed));
  });

  it.each([
    ['a column', 'ALTER TABLE seats ADD COLUMN extra text'],
    ['a type', 'ALTER TABLE events ALTER COLUMN reason TYPE varchar(9)'],
    ['a default', 'ALTER TABLE pools ALTER COLUMN taken SET DEFAULT 1'],
    ['a nullability', 'ALTER TABLE seats ALTER COLUMN status DROP NOT NULL'],
    ['a table', 'CREATE TABLE extra (id int)'],
    ['an index', 'DROP INDEX seats_invitation_hash_key'],
    ['a foreign key', 'ALTER TABLE effects DROP CONSTRAINT effects_event_id_fkey'],
  ])('differ as soon as %s does', async (_what, change) => {
    await database.sql(change);
    expect(await catalog(database)).not.toEqual(await catalog(printed));
  });
});

/**
 * What Prisma knows of a database. Checks and triggers are ours alone; so are the indexes whose
 * names do not end as Prisma ends them.
 */
async function catalog({ sql }: TestDatabase): Promise<unknown[]> {
  const columns = await sql(
    `SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull,
       pg_get_expr(d.adbin, d.adrelid) AS default
     FROM pg_class c
     LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
     WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
       AND c.relname <> '_prisma_migrations'
     ORDER BY 1, 2`,
  );
  const keys = await sql(
    `SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
     WHERE connamespace = 'public'::regnamespace AND contype = 'f' ORDER BY 1, 2`,
  );
  const indexes = await sql(
    `SELECT tablename, indexname, indexdef FROM pg_indexes
     WHERE schemaname = 'public' AND tablename <> '_prisma_migrations'
       AND indexname ~ '_(pkey|key|idx)$' ORDER BY 1, 2`,
  );
  return [...columns, ...keys, ...indexes];
}
