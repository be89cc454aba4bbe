import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { PrismaPg } from '@prisma/adapter-pg';
import {
  bindMigrationAwareSqlAdapterFactory,
  ColumnTypeEnum,
  type SqlDriverAdapter,
  type SqlMigrationAwareDriverAdapterFactory,
} from '@prisma/driver-adapter-utils';
import type { MigrationDirectory, SchemaEngine } from '@prisma/schema-engine-wasm';
import { Client, Pool, type DatabaseError } from 'pg';

/*
 * What `prisma migrate deploy` does, without its command line, which wants to download a binary
 * from a host that many machines cannot reach. The engine is the same, as WebAssembly, and so is
 * what it leaves in _prisma_migrations: either may go on where the other has stopped.
 */

// The same number of levels up from src/ and from dist/.
const PRISMA = join(import.meta.dirname, '../../../prisma');
const MIGRATIONS = join(PRISMA, 'migrations');
const MIGRATING = 5_337_288; // The key of our advisory lock; the engine has its own.
// A migration that waits for a lock makes every later query of that table wait behind it.
const LOCK_TIMEOUT = '5s';
const FILTERS = { externalTables: [], externalEnums: [] };
// A script that says so is not one transaction, and may leave half of its work behind.
const NOT_ATOMIC = /\b(concurrently|commit)\b/i;
const FINISHED =
  'UPDATE _prisma_migrations SET finished_at = now() ' +
  'WHERE finished_at IS NULL AND rolled_back_at IS NULL';

type Query = (sql: string) => Promise<unknown[]>;

/**
 * Applies the migrations that the database has not had and returns their names. Processes that
 * boot at the same time take turns. Needs a connection of its own to PostgreSQL, not a pooler.
 */
export async function applyMigrations(url: string, directory = MIGRATIONS): Promise<string[]> {
  const turn = new Client({ connectionString: url, application_name: 'seats (migrations)' });
  turn.on('error', () => undefined); // The query that needs the connection fails and says so.
  await turn.connect();
  try {
    await turn.query('SELECT pg_advisory_lock($1)', [MIGRATING]);
    const query: Query = async (sql) => (await turn.query<object>(sql)).rows;
    if ((await pendingMigrations(query, directory)).length === 0) return [];
    const migrations = await readMigrations(directory);
    await forgetInterrupted(turn, migrations);
    return await runEngine(url, directory, migrations);
  } finally {
    await turn.end();
  }
}

/** The migrations that this code needs and the database has not had: is it ready for us? */
export async function pendingMigrations(query: Query, directory = MIGRATIONS): Promise<string[]> {
  const names = await migrationNames(directory);
  const [table] = await query(`SELECT to_regclass('_prisma_migrations') IS NOT NULL AS found`);
  if (!(table as { found: boolean }).found) return names;
  const rows = (await query(
    'SELECT migration_name FROM _prisma_migrations ' +
      'WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL',
  )) as { migration_name: string }[];
  const applied = new Set(rows.map((row) => row.migration_name));
  return names.filter((name) => !applied.has(name));
}

/** The SQL that makes the tables of prisma/schema.prisma: the first draft of a migration. */
export async function schemaSql(): Promise<string> {
  const path = join(PRISMA, 'schema.prisma');
  const content = await readFile(path, 'utf8');
  const engine = await loadEngine(withoutDatabase, [[path, content]]);
  const { stdout } = await engine.diff({
    from: { tag: 'empty' },
    to: { tag: 'schemaDatamodel', files: [{ path, content }] },
    script: true,
    exitCode: null,
    filters: FILTERS,
  });
  return stdout ?? '';
}

async function runEngine(
  url: string,
  directory: string,
  migrations: MigrationDirectory[],
): Promise<string[]> {
  const lockfile = await readFile(join(directory, 'migration_lock.toml'), 'utf8');
  const pool = new Pool({ connectionString: url, options: `-c lock_timeout=${LOCK_TIMEOUT}` });
  const scripts = new MigrationScripts(pool, migrations);
  try {
    const engine = await loadEngine(scripts, undefined);
    const { appliedMigrationNames } = await engine.applyMigrations({
      migrationsList: {
        baseDir: directory,
        lockfile: { path: 'migration_lock.toml', content: lockfile },
        shadowDbInitScript: '',
        migrationDirectories: migrations,
      },
      filters: FILTERS,
    });
    return appliedMigrationNames;
  } catch (error) {
    if (scripts.failure !== undefined) throw scripts.failure;
    throw new Error(`The migrations failed: ${(error as Error).message}`, { cause: error });
  } finally {
    await pool.end();
  }
}

/**
 * Prisma's adapter cuts a script at every semicolon, also at those inside of functions. This one
 * sends a migration whole, as the command line does; PostgreSQL then runs it in one transaction.
 * The note that it is finished goes into the same transaction, so that a process that is killed
 * leaves either both or neither.
 */
class MigrationScripts extends PrismaPg {
  failure: Error | undefined;
  private readonly pool: Pool;
  private readonly migrations: MigrationDirectory[];

  constructor(pool: Pool, migrations: MigrationDirectory[]) {
    super(pool);
    this.pool = pool;
    this.migrations = migrations;
  }

  override async connect() {
    const adapter = await super.connect();
    adapter.executeScript = (script) => this.execute(script);
    return adapter;
  }

  private async execute(script: string): Promise<void> {
    const migration = this.migrations.find((one) => sqlOf(one) === script);
    const atomic = migration !== undefined && !NOT_ATOMIC.test(script);
    try {
      await this.pool.query(atomic ? `${script}\n;${FINISHED}` : script);
    } catch (error) {
      const { message, detail, position } = error as DatabaseError;
      const line = position && script.slice(0, Number(position)).split('\n').length;
      this.failure = new Error(
        `Migration ${migration?.path ?? 'table'} failed${line ? ` at line ${line}` : ''}: ` +
          [message, detail].filter(Boolean).join('; '),
        { cause: error },
      );
      throw error;
    }
  }
}

/**
 * A row without an end is a migration that failed, or whose process was killed; ours is the turn,
 * so nobody is at it. Its transaction was rolled back: it can be tried again.
 */
async function forgetInterrupted(turn: Client, migrations: MigrationDirectory[]): Promise<void> {
  const table = await turn.query(`SELECT to_regclass('_prisma_migrations') IS NOT NULL AS found`);
  if (!table.rows[0].found) return;
  const { rows } = await turn.query(
    'SELECT migration_name AS name FROM _prisma_migrations ' +
      'WHERE finished_at IS NULL AND rolled_back_at IS NULL',
  );
  for (const { name } of rows) {
    const known = migrations.find(({ path }) => path === name);
    if (known === undefined || NOT_ATOMIC.test(sqlOf(known))) {
      throw new Error(
        `Migration ${name} did not finish. See how far it came, undo or complete it by hand, and ` +
          `set rolled_back_at or finished_at in its row of _prisma_migrations.`,
      );
    }
    await turn.query(
      'UPDATE _prisma_migrations SET rolled_back_at = now() ' +
        'WHERE migration_name = $1 AND finished_at IS NULL AND rolled_back_at IS NULL',
      [name],
    );
  }
}

/** Answers the one question that the engine asks before it compares schemas: which PostgreSQL? */
const withoutDatabase: SqlMigrationAwareDriverAdapterFactory = (() => {
  const { Boolean: boolean, Text: text, Int32: int } = ColumnTypeEnum;
  const answer = {
    columnNames: ['exists', 'version', 'numeric_version'],
    columnTypes: [boolean, text, int],
    rows: [[true, 'PostgreSQL 18', 180_000]],
  };
  const names = { provider: 'postgres', adapterName: '@prisma/adapter-pg' } as const;
  const unneeded = () => Promise.reject(new Error('There is no database.'));
  const connect = async (): Promise<SqlDriverAdapter> => ({
    ...names,
    queryRaw: async () => answer,
    executeRaw: unneeded,
    executeScript: unneeded,
    startTransaction: unneeded,
    dispose: async () => undefined,
  });
  return { ...names, connect, connectToShadowDb: connect };
})();

async function migrationNames(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

async function readMigrations(directory: string): Promise<MigrationDirectory[]> {
  const names = await migrationNames(directory);
  return await Promise.all(
    names.map(async (path) => ({
      path,
      migrationFile: {
        path: 'migration.sql',
        content: {
          tag: 'ok' as const,
          value: await readFile(join(directory, path, 'migration.sql'), 'utf8'),
        },
      },
    })),
  );
}

function sqlOf({ migrationFile: { content } }: MigrationDirectory): string {
  return content.value;
}

// TypeScript knows these only together with the browser's types.
declare const WebAssembly: {
  instantiate(
    bytes: Uint8Array,
    imports: object,
  ): Promise<{ instance: { exports: { __wbindgen_start?: () => void } } }>;
};

/** Prisma's schema engine, at work on the adapter's database. */
async function loadEngine(
  adapter: SqlMigrationAwareDriverAdapterFactory,
  datamodels: [string, string][] | undefined,
): Promise<SchemaEngine> {
  const { SchemaEngine } = await (bindings ??= instantiateEngine());
  const silent = () => undefined;
  const bound = bindMigrationAwareSqlAdapterFactory(adapter);
  return await SchemaEngine.new({ datamodels }, silent, bound);
}

// Once a process: the bindings know one instance, and its timers call back into them.
let bindings: ReturnType<typeof instantiateEngine> | undefined;

async function instantiateEngine() {
  const glue = '@prisma/schema-engine-wasm/schema_engine_bg';
  const bindings = await import('@prisma/schema-engine-wasm/schema_engine_bg');
  const folder = dirname(createRequire(import.meta.url).resolve(glue));
  // The engine never clears the timer with which it limits its wait for a lock: without unref a
  // process would live ten seconds longer.
  const imports = Object.entries(bindings).map(([name, binding]) => [
    name,
    name.startsWith('__wbg_setTimeout_')
      ? (callback: () => void, ms: number) => setTimeout(callback, ms).unref()
      : binding,
  ]);
  const { instance } = await WebAssembly.instantiate(
    await readFile(join(folder, 'schema_engine_bg.wasm')),
    { './schema_engine_bg.js': Object.fromEntries(imports) },
  );
  bindings.__wbg_set_wasm(instance.exports);
  instance.exports.__wbindgen_start?.();
  return bindings;
}
