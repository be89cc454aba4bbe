import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { SqlQueryable } from '@prisma/driver-adapter-utils';
import { Prisma, PrismaClient } from '../../generated/prisma/client.js';
import { Settings } from '../settings.js';
import { connectionOptions } from './connection.js';
import { isRetryable } from './database-errors.js';
import { Driver, rowsOf } from './driver.js';
import { KeyedTurns, type Release } from './turns.js';

// The number of rows in a list above which the join strategy matters.
const MANY = 500;
const ATTEMPTS = 4;
const PAUSE_MS = 20;
// A request that waits longer than this for a connection or a result gets a 503.
const CONNECT_MS = 15_000;
const QUERY_MS = 30_000;
// A new connection reads the catalog and plans every statement again. The driver's default of 10 s
// would close the connections between two bursts of requests.
const IDLE_MS = 10 * 60_000;
// Longer than the server's limit, so that the server ends the statement first. The outcome of a
// statement that the client gave up on is unknown.
const ANSWER_MS = QUERY_MS + 5_000;
// Shorter than the wait for a connection. Requests that wait for a lock hold connections. They must
// release these before the requests that wait for a connection time out.
const LOCK_MS = 10_000;
const TRANSACTION_MS = 300_000;
// Single statements of one queue that run at the same time. More would only wait for the same lock.
const QUEUE_STATEMENTS = 4;
// Requests that wait for one queue, or for the connections of one organization, before the next one
// gets a 503.
const WAITERS = 1_000;
const RESTARTS = 5;

interface Transaction {
  tx: Prisma.TransactionClient;
  connection: () => SqlQueryable;
  afterwards: (() => Promise<void>)[];
  queues: HeldQueues;
}

/** A transaction needs these queues, and at least one of them is busy. */
class QueueBusy extends Error {
  constructor(readonly names: string[]) {
    super('A transaction that had to wait was not started again.');
  }
}

/**
 * The database. `db` is the transaction of the current call, or the pool outside of a transaction. A
 * repository that reads `db` for every query always takes part in its caller's transaction.
 */
@Injectable()
export class Database implements OnApplicationShutdown {
  private readonly driver: Driver;
  private readonly client: PrismaClient;
  private readonly current = new AsyncLocalStorage<Transaction>();
  private readonly organization = new AsyncLocalStorage<() => string | undefined>();
  private readonly queues = new KeyedTurns({
    rights: QUEUE_STATEMENTS,
    waiters: WAITERS,
    waitMs: CONNECT_MS,
  });
  private readonly shares: KeyedTurns;

  constructor(settings: Settings) {
    this.driver = new Driver({
      ...connectionOptions(settings.databaseUrl as string, 'seats', {
        lock_timeout: LOCK_MS,
        statement_timeout: QUERY_MS,
        idle_in_transaction_session_timeout: TRANSACTION_MS,
      }),
      max: settings.databasePoolSize,
      connectionTimeoutMillis: CONNECT_MS,
      idleTimeoutMillis: IDLE_MS,
      query_timeout: ANSWER_MS,
    });
    this.client = new PrismaClient({ adapter: this.driver });
    this.shares = new KeyedTurns({
      rights: Math.floor(settings.databasePoolSize / 2),
      waiters: WAITERS,
      waitMs: CONNECT_MS,
    });
  }

  /**
   * Runs `work` for an organization. Its transactions and its calls of {@link query} use at most half
   * of the connections, so that the other organizations always find one.
   * @param organizationId a function, called for every statement: a page learns its organization only
   *   while the request runs.
   */
  runFor<T>(organizationId: () => string | undefined, work: () => T): T {
    return this.organization.run(organizationId, work);
  }

  /** The client for queries. Read it for every query; never store it. */
  get db(): Prisma.TransactionClient {
    return this.current.getStore()?.tx ?? this.client;
  }

  /**
   * The rows of a statement. Outside of a transaction, deadlocks and lost races are retried.
   * @param queue as for {@link transaction}. Up to four single statements of one queue run at the
   *   same time.
   * @throws {ServiceUnavailable} as {@link transaction}.
   */
  async query<Row>(sql: Prisma.Sql, queue?: string): Promise<Row[]> {
    const transaction = this.current.getStore();
    if (transaction !== undefined) {
      if (queue !== undefined) this.enterQueues([queue]);
      return rowsOf<Row>(transaction.connection(), sql);
    }
    // Awaiting a free queue as well would cost a turn of the event loop's microtasks.
    const leaveQueue =
      queue === undefined
        ? undefined
        : (this.queues.tryTakeOne(queue) ?? (await this.queues.takeOne(queue)));
    try {
      const connection = await this.driver.connect();
      return await this.withinShare(() => again(() => rowsOf<Row>(connection, sql)));
    } finally {
      leaveQueue?.();
    }
  }

  /**
   * Runs `work` in one transaction, or in the caller's transaction if there is one. After a deadlock
   * or a lost race it runs again from the start, so it must have no effect outside of the database.
   * @param queue the name of what the transaction locks. Transactions with the same queue wait for
   *   each other in this process, before they take a connection.
   * @throws {ServiceUnavailable} too many requests wait for the queue or for a connection, or this
   *   one has waited for 15 s.
   */
  async transaction<T>(work: () => Promise<T>, queue?: string): Promise<T> {
    if (this.current.getStore() !== undefined) {
      if (queue !== undefined) this.enterQueues([queue]);
      return work();
    }
    const queues = new HeldQueues(this.queues);
    let afterwards: Transaction['afterwards'] = [];
    const run = () => {
      afterwards = [];
      return this.driver.withConnection((connection) =>
        this.client.$transaction(
          (tx) => this.current.run({ tx, connection, afterwards, queues }, work),
          { maxWait: CONNECT_MS, timeout: TRANSACTION_MS },
        ),
      );
    };
    try {
      if (queue !== undefined) await queues.wait([queue]);
      return await this.startAgainWhenBusy(queues, () => this.withinShare(() => again(run)));
    } finally {
      queues.leave();
      for (const each of afterwards) await each().catch(warn);
    }
  }

  /**
   * Enters queues when the names of what a transaction is about to lock are known only inside of it.
   * If one of them is busy, the transaction is rolled back. It starts again when it has all of them,
   * so it does not hold a connection while it waits.
   * @throws {Error} outside of a transaction.
   */
  enterQueues(names: string[]): void {
    this.requireTransaction();
    this.current.getStore()?.queues.enter(names);
  }

  private async startAgainWhenBusy<T>(queues: HeldQueues, work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof QueueBusy)) throw error;
        await queues.wait(error.names);
      }
    }
  }

  private async withinShare<T>(work: () => Promise<T>): Promise<T> {
    const organizationId = this.organization.getStore()?.();
    if (organizationId === undefined) return work();
    const release =
      this.shares.tryTakeOne(organizationId) ?? (await this.shares.takeOne(organizationId));
    try {
      return await work();
    } finally {
      release();
    }
  }

  /**
   * Runs `work` after the current transaction has ended by commit or rollback, or immediately if
   * there is none. Its changes stay even if the transaction is rolled back. It does not run during
   * the transaction: if every caller held a connection and waited for a second one, all would wait
   * indefinitely. A failure is logged and does not reach the caller.
   */
  async afterwards(work: () => Promise<void>): Promise<void> {
    const transaction = this.current.getStore();
    if (transaction === undefined) await work().catch(warn);
    else transaction.afterwards.push(work);
  }

  /**
   * For methods whose effect lasts until the end of the caller's transaction. Without a transaction, a
   * lock would silently be released before the next statement.
   * @throws {Error} outside of a transaction.
   */
  requireTransaction(): void {
    if (this.current.getStore() === undefined) {
      throw new Error('This needs a transaction: call it within Database.transaction().');
    }
  }

  /**
   * Waits for the lock of this name, and holds it until the end of the transaction. For work that
   * must not run concurrently and has no row to lock.
   * @throws {Error} outside of a transaction.
   */
  async lockName(...name: string[]): Promise<void> {
    this.requireTransaction();
    await this.query(sql`SELECT pg_advisory_xact_lock(${lockKey(name)})::text`);
  }

  /** Tries to take the lock without waiting. @returns whether it was free. @throws {Error} as above. */
  async tryLockName(...name: string[]): Promise<boolean> {
    this.requireTransaction();
    const [row] = await this.query<{ locked: boolean }>(
      sql`SELECT pg_try_advisory_xact_lock(${lockKey(name)}) AS locked`,
    );
    return row?.locked ?? false;
  }

  /**
   * For a list of `count` people or seats. While the tables have no statistics yet, PostgreSQL
   * considers all indexes equally good, and could read a whole tenant for each of 10,000 rows. In
   * that case this method turns off nested loops and cached plans until the end of the transaction.
   * With statistics, a look-up for each row is cheaper.
   * @throws {Error} outside of a transaction.
   */
  async planFor(count: number): Promise<void> {
    this.requireTransaction();
    if (count <= MANY) return;
    await this.query(sql`
      SELECT set_config('enable_nestloop', 'off', true),
        set_config('plan_cache_mode', 'force_custom_plan', true)
      WHERE EXISTS (SELECT FROM pg_class
        WHERE oid IN ('members'::regclass, 'seats'::regclass) AND reltuples < 1)`);
  }

  /** Nest calls it after the HTTP server and the workers have stopped, so no query can follow. */
  async onApplicationShutdown(): Promise<void> {
    await this.client.$disconnect();
  }
}

/** The queues that a transaction has entered. It leaves them when it has ended. */
class HeldQueues {
  private readonly held = new Map<string, Release>();
  private waits = 0;

  constructor(private readonly queues: KeyedTurns) {}

  /**
   * Enters queues without waiting.
   * @throws {QueueBusy} when one is busy. After five waits it enters the free ones only, and the
   *   transaction waits in the database instead.
   */
  enter(names: string[]): void {
    const missing = names.filter((name) => !this.held.has(name));
    for (const name of missing) {
      const release = this.queues.tryTakeAll(name);
      if (release !== undefined) this.held.set(name, release);
      else if (this.waits < RESTARTS) throw new QueueBusy(names);
    }
  }

  /**
   * Waits for these queues, and for those that were entered before. All are left first, and entered
   * in the order of their names, so that two transactions cannot wait for each other.
   */
  async wait(names: string[]): Promise<void> {
    this.waits += 1;
    const all = [...new Set([...this.held.keys(), ...names])].sort();
    this.leave();
    for (const name of all) this.held.set(name, await this.queues.takeAll(name));
  }

  leave(): void {
    for (const release of this.held.values()) release();
    this.held.clear();
  }
}

function lockKey(name: string[]): Prisma.Sql {
  return sql`hashtextextended(${JSON.stringify(name)}, 0)`;
}

/**
 * Retries after deadlocks and lost races. The random pause keeps transactions that failed together
 * from colliding again.
 */
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

/** Builds a statement, with its values as parameters. */
export const sql = Prisma.sql;
