import { createHash, randomBytes } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { applyMigrations, pendingMigrations } from '../../../src/platform/database/migrate.js';
import { testDatabase, type TestDatabase } from '../../support/database.js';
import { eventually } from '../../support/eventually.js';

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
  it('applies every migration to an empty database, and none the second time', async () => {
    expect(await applyMigrations(database.url)).toEqual(await migrationsOnDisk());
    expect(await applyMigrations(database.url)).toEqual([]);
  });

  it('applies each migration once when several processes start at the same time', async () => {
    const applied = await Promise.all([1, 2, 3].map(() => applyMigrations(database.url)));
    expect(applied.flat()).toEqual(await migrationsOnDisk());
    const rows = await database.sql('SELECT migration_name FROM _prisma_migrations');
    expect(rows).toHaveLength(applied.flat().length);
  });

  it('writes the same record as `prisma migrate deploy`', async () => {
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

  it('reports when each migration starts and how long it took', async () => {
    const sentences: string[] = [];
    const names = await applyMigrations(database.url, { log: (text) => void sentences.push(text) });
    expect(sentences.map((text) => text.replace(/\d+ ms/, 'N ms'))).toEqual(
      names.flatMap((name) => [`Migration ${name} starts.`, `Migration ${name} took N ms.`]),
    );
  });

  it('needs rights on the schema public only', async () => {
    const role = `limited_${randomBytes(6).toString('hex')}`;
    await database.sql(`CREATE ROLE ${role} LOGIN PASSWORD 'p'`);
    await database.sql(`GRANT ALL ON SCHEMA public TO ${role}`);
    const url = Object.assign(new URL(database.url), { username: role, password: 'p' });
    try {
      expect(await applyMigrations(url.href)).toEqual(await migrationsOnDisk());
    } finally {
      await database.sql(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
    }
  });

  it('creates the schema public when it is missing', async () => {
    await database.sql('DROP SCHEMA public');
    expect(await applyMigrations(database.url)).toEqual(await migrationsOnDisk());
  });

  it('sends a function as a whole, despite its semicolons', async () => {
    await applyMigrations(database.url);
    const triggers = await database.sql('SELECT FROM pg_trigger WHERE NOT tgisinternal');
    expect(triggers.length).toBeGreaterThan(0);
  });
});

describe('a migration that indexes a table of an earlier migration', () => {
  const INDEX = /^CREATE (?:UNIQUE )?INDEX .*? ON "?(\w+)"?/gm;
  const TABLE = /^CREATE TABLE "?(\w+)"?/gm;
  const matches = (text: string, pattern: RegExp) =>
    [...text.matchAll(pattern)].map(([, name]) => name);

  it('has an online.sql, so that it does not block the writers of the table', async () => {
    const missing: string[] = [];
    for (const name of await migrationsOnDisk()) {
      const script = await readFile(join(MIGRATIONS, name, 'migration.sql'), 'utf8');
      const created = matches(script, TABLE);
      const blocks = matches(script, INDEX).some((table) => !created.includes(table));
      const files = await readdir(join(MIGRATIONS, name));
      if (blocks && !files.includes('online.sql')) missing.push(name);
    }
    expect(missing).toEqual([]);
  });

  it('has the same result with and without its online.sql', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'migrations-'));
    const other = await testDatabase('template0');
    try {
      const filter = (path: string) => !path.endsWith('online.sql');
      await cp(MIGRATIONS, directory, { recursive: true, filter });
      await applyMigrations(other.url, { directory });
      await applyMigrations(database.url);
      const catalog = `SELECT indexdef AS text FROM pg_indexes WHERE schemaname = 'public'
        UNION ALL SELECT format('%s.%s %s %s %s', table_name, column_name, data_type, is_nullable,
          column_default) FROM information_schema.columns WHERE table_schema = 'public'
        UNION ALL SELECT pg_get_constraintdef(oid) FROM pg_constraint
        UNION ALL SELECT pg_get_serial_sequence('event_stream', 'sequence') ORDER BY 1`;
      expect(await database.sql(catalog)).toEqual(await other.sql(catalog));
      const invalid = 'SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid';
      expect(await database.sql(invalid)).toEqual([]);
    } finally {
      await other.drop();
      await rm(directory, { recursive: true });
    }
  });
});

describe('pendingMigrations', () => {
  it('names the migrations that the database lacks', async () => {
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

  it('is named with the reason, is rolled back, and can be applied again', async () => {
    await write('CREATE TABLE half ();\nINSERT INTO nowhere VALUES (1);');
    await expect(
      applyMigrations(database.url, { directory, lockPatienceMs: 1_000 }),
    ).rejects.toThrow(`Migration ${name} failed at line 2: relation "nowhere" does not exist`);
    expect(await pendingMigrations(database.sql, directory)).toEqual([name]);
    await write('CREATE TABLE half ();');
    expect(await applyMigrations(database.url, { directory, lockPatienceMs: 1_000 })).toEqual([
      name,
    ]);
    expect(await pendingMigrations(database.sql, directory)).toEqual([]);
  });

  it('is applied again when its process was killed', async () => {
    await write('CREATE TABLE half ();');
    await applyMigrations(database.url, { directory, lockPatienceMs: 1_000 });
    await database.sql('DROP TABLE half');
    await database.sql(
      'UPDATE _prisma_migrations SET finished_at = NULL, applied_steps_count = 0 WHERE migration_name = $1',
      [name],
    );
    expect(await applyMigrations(database.url, { directory, lockPatienceMs: 1_000 })).toEqual([
      name,
    ]);
  });

  it('must be repaired by a person when it is more than one transaction', async () => {
    await write('CREATE INDEX CONCURRENTLY nowhere_idx ON nowhere (id);');
    const attempt = () => applyMigrations(database.url, { directory, lockPatienceMs: 1_000 });
    await expect(attempt()).rejects.toThrow('relation "nowhere" does not exist');
    await expect(attempt()).rejects.toThrow(`Migration ${name} did not finish.`);
  });

  it('continues when its online.sql ended halfway', async () => {
    await applyMigrations(database.url);
    await write('CREATE INDEX organizations_name ON organizations (name);');
    const online = join(directory, name, 'online.sql');
    const statements = [
      'DROP INDEX CONCURRENTLY IF EXISTS organizations_name;',
      'CREATE INDEX CONCURRENTLY organizations_name ON organizations (name);',
    ];
    await writeFile(online, [...statements, '-- A comment;', 'SELECT nothing;'].join('\n'));
    await expect(applyMigrations(database.url, { directory })).rejects.toThrow(
      `Migration ${name} failed at line 1: column "nothing" does not exist`,
    );
    await writeFile(online, statements.join('\n'));
    expect(await applyMigrations(database.url, { directory })).toEqual([name]);
    expect(await pendingMigrations(database.sql, directory)).toEqual([]);
  });

  it('waits for a lock for less than a second, and tries again', async () => {
    await applyMigrations(database.url);
    await write(`SET lock_timeout = '5s';\nALTER TABLE organizations ADD COLUMN later int;`);
    const busy = new Client(database.url);
    await busy.connect();
    await busy.query('BEGIN; LOCK TABLE organizations IN ACCESS SHARE MODE');
    const applying = applyMigrations(database.url, { directory });
    const waits = async () =>
      (
        await database.sql(`SELECT FROM pg_locks WHERE NOT granted AND locktype = 'relation'
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`)
      ).length;
    await eventually('the migration waits', async () => (await waits()) > 0);
    await eventually('the migration steps back', async () => (await waits()) === 0);
    await busy.end();
    expect(await applying).toEqual([name]);
  });

  it('gives up waiting for a lock, so that it does not block the service', async () => {
    await applyMigrations(database.url);
    await write('ALTER TABLE organizations ADD COLUMN later int;');
    const busy = new Client(database.url);
    await busy.connect();
    await busy.query('BEGIN; LOCK TABLE organizations');
    await expect(
      applyMigrations(database.url, { directory, lockPatienceMs: 1_000 }),
    ).rejects.toThrow('canceling statement due to lock timeout');
    await busy.end();
    expect(await applyMigrations(database.url, { directory, lockPatienceMs: 1_000 })).toEqual([
      name,
    ]);
  });
});
