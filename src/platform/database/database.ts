import { AsyncLocalStorage } from 'node:async_hooks';
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { PrismaPg } from '@prisma/adapter-pg';
import { Prisma, PrismaClient } from '../../generated/prisma/client.js';
import { Settings } from '../config.js';
import { isRetryable } from './failures.js';

// From how many rows on a join of everything is cheaper than a look-up each.
const MANY = 500;
const ATTEMPTS = 4;
const PAUSE_MS = 20;
// A request that waits longer than this for a connection or an answer gets a 503 instead.
const CONNECT_MS = 15_000;
const QUERY_MS = 30_000;
// The server ends the statement first: of one that the client gave up, nobody knows what became.
const ANSWER_MS = QUERY_MS + 5_000;
// Shorter than the wait for a connection: those who wait for one pool's lock hold connections, and
// must give them up before everybody else gives up.
const LOCK_MS = 10_000;
const TRANSACTION_MS = 300_000;

interface Transaction {
  tx: Prisma.TransactionClient;
  afterwards: (() => Promise<void>)[];
}

/**
 * The database. `db` is the transaction that the current call runs in, or else the pool: a
 * repository that asks for `db` at every query can never slip out of its caller's transaction.
 */
@Injectable()
export class Database implements OnApplicationShutdown {
  private readonly client: PrismaClient;
  private readonly names = new StatementNames();
  private readonly current = new AsyncLocalStorage<Transaction>();

  constructor(settings: Settings) {
    const adapter = new PrismaPg(
      {
        connectionString: withSession(settings.databaseUrl as string),
        max: settings.databasePoolSize,
        connectionTimeoutMillis: CONNECT_MS,
        query_timeout: ANSWER_MS,
        statement_timeout: QUERY_MS,
        idle_in_transaction_session_timeout: TRANSACTION_MS,
        application_name: 'seats',
      },
      {
        // Named prepared statements: PostgreSQL plans each shape of statement once a connection.
        statementNameGenerator: ({ sql }) => this.names.of(sql),
      },
    );
    this.client = new PrismaClient({ adapter });
  }

  /** Where queries go. Ask anew for every query; never keep it. */
  get db(): Prisma.TransactionClient {
    return this.current.getStore()?.tx ?? this.client;
  }

  /** Rows of a statement. Outside of a transaction it is one by itself, and tried again as one. */
  query<Row>(sql: Prisma.Sql): Promise<Row[]> {
    const transaction = this.current.getStore();
    if (transaction !== undefined) return transaction.tx.$queryRaw<Row[]>(sql);
    return again(() => this.client.$queryRaw<Row[]>(sql));
  }

  /**
   * Runs `work` in one transaction; inside another one it joins it. Deadlocks and lost races are
   * tried again from the start, so `work` must have no effect outside of the database.
   */
  async transaction<T>(work: () => Promise<T>): Promise<T> {
    if (this.current.getStore() !== undefined) return work();
    let afterwards: Transaction['afterwards'] = [];
    try {
      return await again(() => {
        afterwards = [];
        return this.client.$transaction((tx) => this.current.run({ tx, afterwards }, work), {
          maxWait: CONNECT_MS,
          timeout: TRANSACTION_MS,
        });
      });
    } finally {
      for (const each of afterwards) await each().catch(warn);
    }
  }

  /**
   * Runs `work` when the transaction around it has ended, however it ended; at once when there is
   * none. What it writes stays when the caller's work is undone. It does not run beside the
   * transaction: where each caller holds a connection and waits for a second one, all wait for ever.
   * Its failure is not the caller's, whose own work is done by then.
   */
  async afterwards(work: () => Promise<void>): Promise<void> {
    const transaction = this.current.getStore();
    if (transaction === undefined) await work().catch(warn);
    else transaction.afterwards.push(work);
  }

  /**
   * Waits for the lock of this name, and holds it until the end of the transaction. For what must
   * happen one after the other and has no row to lock.
   */
  async lockName(...name: string[]): Promise<void> {
    await this.query(sql`SELECT pg_advisory_xact_lock(${lockKey(name)})::text`);
  }

  /** The same without waiting. @returns whether it was free. */
  async tryLockName(...name: string[]): Promise<boolean> {
    const [row] = await this.query<{ locked: boolean }>(
      sql`SELECT pg_try_advisory_xact_lock(${lockKey(name)}) AS locked`,
    );
    return row?.locked ?? false;
  }

  /**
   * Until the end of the transaction, statements over this many rows are planned as hash joins, each
   * time anew. The planner knows nothing of rows that were written just now, perhaps by this very
   * transaction; it takes them for few, and then reads each of 10,000 for each of 10,000.
   */
  async planFor(count: number): Promise<void> {
    if (count <= MANY) return;
    await this.query(sql`
      SELECT set_config('enable_nestloop', 'off', true),
        set_config('plan_cache_mode', 'force_custom_plan', true)`);
  }

  /** After the HTTP server and the workers have stopped: nothing of ours asks for rows any more. */
  async onApplicationShutdown(): Promise<void> {
    await this.client.$disconnect();
  }
}

/**
 * The address with what its sessions begin with. The zone is UTC, whatever the server's is: the
 * driver writes and reads times without their offset, so elsewhere each would be off by as much.
 * Options that the address brings itself count, but not for the zone.
 */
function withSession(databaseUrl: string): string {
  const url = new URL(databaseUrl);
  const own = url.searchParams.get('options') ?? '';
  url.searchParams.set('options', `-c lock_timeout=${LOCK_MS} ${own} -c timezone=UTC`);
  return url.href;
}

function lockKey(name: string[]): Prisma.Sql {
  return sql`hashtextextended(${JSON.stringify(name)}, 0)`;
}

const MAX_NAMES = 1_000;

/** A name for each shape of statement; the few that a service has are remembered. */
class StatementNames {
  private readonly known = new Map<string, string>();

  of(text: string): string {
    let name = this.known.get(text);
    if (name === undefined) {
      name = createHash('sha1').update(text).digest('base64url');
      // Lists of different lengths make shapes without end; starting anew keeps memory bounded.
      if (this.known.size >= MAX_NAMES) this.known.clear();
      this.known.set(text, name);
    }
    return name;
  }
}

/** Deadlocks and lost races come out otherwise the next time, and sooner if not all come at once. */
async function again<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt === ATTEMPTS || !isRetryable(error)) throw error;
      await sleep(Math.random() * attempt * PAUSE_MS);
    }
  }
}

function warn(error: unknown): void {
  Logger.warn(error instanceof Error ? error.message : String(error), 'Database');
}

/** Puts the tables' names and the parameters of a statement together safely. */
export const sql = Prisma.sql;
