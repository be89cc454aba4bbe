import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PrismaPg } from '@prisma/adapter-pg';
import type { MigrationDirectory } from '@prisma/schema-engine-wasm';
import { Client, Pool, type DatabaseError } from 'pg';
import { connectionOptions } from './connection.js';
import { FILTERS, loadEngine } from './schema-engine.js';

/*
 * Applies migrations as `prisma migrate deploy` does, with the same engine and the same records in
 * _prisma_migrations. Either of the two can continue where the other stopped.
 *
 * A migration has the file migration.sql, which runs in one transaction. If that would block a big
 * table for long, it also has the file online.sql, which has the same result. This code then runs
 * online.sql instead: each statement commits on its own, so it can be CREATE INDEX CONCURRENTLY, and
 * each can run a second time, because a killed process leaves some of them done.
 */

// src/ and dist/ have the same depth, so this path works for both.
const MIGRATIONS = join(import.meta.dirname, '../../../prisma/migrations');
const NAME = 'seats (migrations)';
// The key of the advisory lock of this code. The engine uses another one.
const MIGRATION_LOCK = 5_337_288;
const TURN_MS = 200;
// While a migration waits for a lock on a table, every later query of that table waits behind it. So
// it waits briefly and tries again.
const LOCK_MS = 500;
const LOCK_PATIENCE_MS = 60_000;
// CREATE INDEX CONCURRENTLY waits for older transactions, and nothing waits behind it.
const CONCURRENT_LOCK_MS = 10 * 60_000;
// The files set this for `prisma migrate deploy`, which does not try again.
const LOCK_TIMEOUT = /^SET lock_timeout = .*;$/m;
// PostgreSQL requires CREATE on the database for this, even if the schema exists.
const CREATE_SCHEMA = /^CREATE SCHEMA IF NOT EXISTS "public";$/m;
// A script with one of these words does not run in one transaction, so a failure can leave it half done.
const NOT_ATOMIC = /\b(concurrently|commit)\b/i;
const LOCK_NOT_AVAILABLE = '55P03';
const FINISHED =
  'UPDATE _prisma_migrations SET finished_at = now() ' +
  'WHERE finished_at IS NULL AND rolled_back_at IS NULL';

type Query = (sql: string) => Promise<unknown[]>;

export interface MigrateOptions {
  directory?: string;
  /** Gets a sentence when a migration starts and when it has ended. */
  log?: (sentence: string) => void;
  /** How many milliseconds a migration tries to lock a table that is in use. */
  lockPatienceMs?: number;
}

/** A migration, and its online.sql if it has one. */
interface Migration extends MigrationDirectory {
  online: string | undefined;
}

/**
 * Applies the migrations that the database lacks. Concurrent processes take turns.
 * Needs a direct connection to PostgreSQL, not a pooler.
 * @returns the names of the migrations that it applied.
 * @throws {Error} whose message names the failed migration and the reason.
 */
export async function applyMigrations(
  url: string,
  {
    directory = MIGRATIONS,
    log = () => undefined,
    lockPatienceMs = LOCK_PATIENCE_MS,
  }: MigrateOptions = {},
): Promise<string[]> {
  const turn = new Client(connectionOptions(url, NAME));
  turn.on('error', () => undefined); // The next query on the connection reports the failure.
  await turn.connect();
  try {
    await takeTurn(turn);
    const query: Query = async (sql) => (await turn.query<object>(sql)).rows;
    if ((await pendingMigrations(query, directory)).length === 0) return [];
    const migrations = await readMigrations(directory);
    await resetUnfinished(turn, migrations);
    return await runEngine(url, { directory, log, lockPatienceMs }, migrations);
  } finally {
    await turn.end();
  }
}

/** Asks again and again: CREATE INDEX CONCURRENTLY would wait for a statement that waits here. */
async function takeTurn(turn: Client): Promise<void> {
  for (;;) {
    const { rows } = await turn.query('SELECT pg_try_advisory_lock($1) AS taken', [MIGRATION_LOCK]);
    if (rows[0].taken) return;
    await sleep(TURN_MS);
  }
}

/** @returns the names of the migrations that the database lacks; none when it is up to date. */
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

async function runEngine(
  url: string,
  options: Required<MigrateOptions>,
  migrations: Migration[],
): Promise<string[]> {
  const { directory } = options;
  const lockfile = await readFile(join(directory, 'migration_lock.toml'), 'utf8');
  const pool = new Pool(connectionOptions(url, NAME, { lock_timeout: LOCK_MS }));
  const scripts = new MigrationScripts(pool, migrations, options);
  try {
    const engine = await loadEngine(scripts, undefined);
    const { appliedMigrationNames } = await engine.applyMigrations({
      migrationsList: {
        baseDir: directory,
        lockfile: { path: 'migration_lock.toml', content: lockfile },
        shadowDbInitScript: '',
        migrationDirectories: migrations.map(({ path, migrationFile }) => ({
          path,
          migrationFile,
        })),
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
 * Sends a migration as a whole, as the prisma command line does, so that PostgreSQL runs it in one
 * transaction. Prisma's own adapter splits a script at every semicolon, even inside functions. The
 * record that the migration has finished is part of the transaction: a killed process leaves either
 * both or neither.
 */
class MigrationScripts extends PrismaPg {
  failure: Error | undefined;

  constructor(
    private readonly pool: Pool,
    private readonly migrations: Migration[],
    private readonly how: Required<MigrateOptions>,
  ) {
    super(pool);
  }

  override async connect() {
    const adapter = await super.connect();
    adapter.executeScript = (script) => this.execute(script);
    return adapter;
  }

  private async execute(script: string): Promise<void> {
    const migration = this.migrations.find((one) => sqlOf(one) === script);
    // The engine's own script creates the table _prisma_migrations.
    if (migration === undefined) return this.named('table', script, () => this.send(script));
    const { log } = this.how;
    const started = performance.now();
    log(`Migration ${migration.path} starts.`);
    await (migration.online === undefined
      ? this.runWhole(migration.path, script)
      : this.runOnline(migration.path, migration.online));
    log(`Migration ${migration.path} took ${Math.round(performance.now() - started)} ms.`);
  }

  private async runWhole(path: string, script: string): Promise<void> {
    const { rows } = await this.pool.query(`SELECT to_regnamespace('public') AS schema`);
    // Blank lines, so that the lines of an error are those of the file.
    const adapted = script
      .replace(LOCK_TIMEOUT, '')
      .replace(CREATE_SCHEMA, rows[0].schema === null ? '$&' : '');
    const atomic = !NOT_ATOMIC.test(script);
    await this.named(path, script, () => this.send(atomic ? `${adapted}\n;${FINISHED}` : adapted));
  }

  private async runOnline(path: string, script: string): Promise<void> {
    for (const statement of statementsOf(script)) {
      await this.named(path, statement, () => this.send(statement));
    }
    await this.pool.query(FINISHED);
  }

  /** Runs a script. Repeats it as long as a lock that it needs is held. */
  private async send(script: string): Promise<void> {
    const client = await this.pool.connect();
    const concurrent = NOT_ATOMIC.test(script);
    const deadline = performance.now() + this.how.lockPatienceMs;
    try {
      await client.query(`SET lock_timeout = ${concurrent ? CONCURRENT_LOCK_MS : LOCK_MS}`);
      for (;;) {
        try {
          await client.query(script);
          return;
        } catch (error) {
          const isLocked = (error as DatabaseError).code === LOCK_NOT_AVAILABLE;
          if (!isLocked || concurrent || performance.now() > deadline) throw error;
          await sleep(LOCK_MS);
        }
      }
    } finally {
      client.release();
    }
  }

  /** Keeps the failure of a script, with the name of its migration. */
  private async named(path: string, script: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const { message, detail, position } = error as DatabaseError;
      const line = position && script.slice(0, Number(position)).split('\n').length;
      this.failure = new Error(
        `Migration ${path} failed${line ? ` at line ${line}` : ''}: ` +
          [message, detail].filter(Boolean).join('; '),
        { cause: error },
      );
      throw error;
    }
  }
}

/** The statements of an online.sql. Each ends with a semicolon at the end of a line. */
function statementsOf(script: string): string[] {
  return script
    .replaceAll(/^\s*--.*$/gm, '')
    .split(/;\s*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}

/**
 * Marks unfinished migrations as rolled back, so that the engine applies them again. Their processes
 * failed or were killed, and PostgreSQL rolled their transactions back, or they can run again. This
 * process holds the lock, so no other process is applying them.
 * @throws {Error} when a migration did not run in one transaction, so that a person must repair it.
 */
async function resetUnfinished(turn: Client, migrations: Migration[]): Promise<void> {
  const table = await turn.query(`SELECT to_regclass('_prisma_migrations') IS NOT NULL AS found`);
  if (!table.rows[0].found) return;
  const { rows } = await turn.query(
    'SELECT migration_name AS name FROM _prisma_migrations ' +
      'WHERE finished_at IS NULL AND rolled_back_at IS NULL',
  );
  for (const { name } of rows) {
    const known = migrations.find(({ path }) => path === name);
    const repeatable =
      known !== undefined && (known.online !== undefined || !NOT_ATOMIC.test(sqlOf(known)));
    if (!repeatable) {
      throw new Error(
        `Migration ${name} did not finish. Find out how far it got, undo or complete it by hand, and ` +
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

/** The names of the migrations that this code needs, in their order. */
export async function migrationNames(directory = MIGRATIONS): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

async function readMigrations(directory: string): Promise<Migration[]> {
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
      online: await readIfPresent(join(directory, path, 'online.sql')),
    })),
  );
}

async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function sqlOf({ migrationFile: { content } }: MigrationDirectory): string {
  return content.value;
}
