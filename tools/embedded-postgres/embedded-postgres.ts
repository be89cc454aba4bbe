import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { PostgresServer } from './postgres-server.ts';

declare module 'pg' {
  // @types/pg lacks these methods.
  interface ClientBase {
    ref(): void;
    unref(): void;
  }
}

/*
 * A PostgreSQL from node_modules, for development, tests and benchmarks.
 *
 * The service, the command line and a second service can use one data directory at the same time.
 * Each holds a shared advisory lock in the server while it runs, and the last process to leave
 * stops the server. PostgreSQL releases the lock of a killed process, so no lock file can go stale:
 * the next process uses, and stops, a server that a killed process left running.
 */

export interface EmbeddedPostgres {
  url: string;
  /** Leaves the server, and stops it unless another process still uses it. */
  close(): Promise<void>;
}

const DATABASE = 'seats';
// The key of the advisory lock, which is taken in the database `postgres`.
const IN_USE = 5_337_287;
const START_MS = 90_000;
const FAILED_STARTS = 3;
const RETRY_MS = 100;
const REJOIN_MS = 1_000;

/**
 * Starts PostgreSQL on `<dataDir>/postgres`, or joins the server that already runs there, and
 * creates the database `seats` if it is missing. `durable: false` is for tests: it is faster, but a
 * killed server loses its last commits, and a power loss corrupts the data.
 * @throws {Error} when the server cannot be started or joined; the message shows the end of its log.
 */
export async function startEmbeddedPostgres(
  dataDir: string,
  { durable = true }: { durable?: boolean } = {},
): Promise<EmbeddedPostgres> {
  const server = await PostgresServer.at(resolve(dataDir), durable);
  await server.initialize();
  const { session, port } = await startOrJoin(server);
  const membership = new Membership(server, session, port);
  try {
    await createDatabase(session);
  } catch (error) {
    await membership.leave();
    throw error;
  }
  // The connection that holds the lock must not keep the process alive.
  session.unref();
  let left: Promise<void> | undefined;
  return { url: server.url(port, DATABASE), close: () => (left ??= membership.leave()) };
}

/** Joins the running server, starting one if necessary. Retries until it has joined or time is up. */
async function startOrJoin(server: PostgresServer): Promise<{ session: Client; port: number }> {
  const deadline = Date.now() + START_MS;
  for (let failures = 0; Date.now() < deadline;) {
    const port = await server.port();
    if (port === undefined) {
      const failure = await server.start();
      // Another process may have started the server meanwhile. Join that one.
      if (failure === undefined || (await server.port()) !== undefined) continue;
      failures += 1;
      if (failures === FAILED_STARTS) throw failure;
    } else {
      const session = await join(server, port);
      if (session !== undefined) return { session, port };
    }
    await sleep(RETRY_MS); // The server is starting up or shutting down.
  }
  throw await server.failure(`does not answer after ${START_MS / 1000} seconds`);
}

/** Opens a connection that holds the shared lock. @returns undefined if that is not possible now. */
async function join(server: PostgresServer, port: number): Promise<Client | undefined> {
  const session = new Client({
    connectionString: server.url(port, 'postgres'),
    connectionTimeoutMillis: 5_000,
    application_name: 'seats (embedded)',
  });
  session.on('error', () => undefined); // 'end' follows, and the code listens to that.
  try {
    await session.connect();
    const { rows } = await session.query('SELECT pg_try_advisory_lock_shared($1) AS joined', [
      IN_USE,
    ]);
    if (rows[0].joined) return session;
  } catch (error) {
    // invalid_password
    if ((error as { code?: string }).code === '28P01') {
      throw await server.failure('does not accept the password in postgres.password');
    }
  }
  await session.end().catch(() => undefined);
  return undefined;
}

async function createDatabase(session: Client): Promise<void> {
  const found = await session.query('SELECT FROM pg_database WHERE datname = $1', [DATABASE]);
  if (found.rowCount !== 0) return;
  try {
    await session.query(`CREATE DATABASE ${DATABASE}`);
  } catch (error) {
    // duplicate_database, unique_violation: another process created it at the same time.
    if (!['42P04', '23505'].includes((error as { code?: string }).code ?? '')) throw error;
  }
}

/** This process's use of a running server: the connection that holds the shared lock. */
class Membership {
  private readonly server: PostgresServer;
  private readonly port: number;
  private session: Client;
  private leaving = false;
  private lost = false;

  constructor(server: PostgresServer, session: Client, port: number) {
    this.server = server;
    this.session = session;
    this.port = port;
    session.once('end', () => this.rejoinLater());
  }

  /**
   * Trades the shared lock for the exclusive one. Only the last process gets it, and it holds the
   * lock until the server is down, so that no other process joins a server that is stopping.
   */
  async leave(): Promise<void> {
    this.leaving = true;
    if (this.lost) await this.rejoin();
    if (this.lost) {
      // The server accepts no connection, so no other process uses it.
      if ((await this.server.port()) !== undefined) await this.server.stop();
      return;
    }
    const { session } = this;
    session.ref();
    try {
      await session.query('SELECT pg_advisory_unlock_shared($1)', [IN_USE]);
      const { rows } = await session.query('SELECT pg_try_advisory_lock($1) AS last', [IN_USE]);
      if (rows[0].last) await this.server.stop();
    } finally {
      await session.end().catch(() => undefined);
    }
  }

  /** Takes the shared lock again, because a server that crashed and recovered has lost its locks. */
  private rejoinLater(): void {
    this.lost = true;
    if (this.leaving) return;
    setTimeout(() => void this.rejoin(), REJOIN_MS).unref();
  }

  private async rejoin(): Promise<void> {
    const session = await join(this.server, this.port).catch(() => undefined);
    if (session === undefined) return this.rejoinLater();
    this.session = session;
    this.lost = false;
    session.once('end', () => this.rejoinLater());
    if (!this.leaving) session.unref();
  }
}
