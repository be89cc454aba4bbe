import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { applyMigrations, pendingMigrations } from '../../../src/platform/database/migrate.js';
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
