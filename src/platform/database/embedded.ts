import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { EmbeddedServer } from './embedded-server.js';

declare module 'pg' {
  // Methods of its that the types do not know.
  interface ClientBase {
    ref(): void;
    unref(): void;
  }
}

/*
 * A real PostgreSQL out of node_modules, for whoever has none at hand.
 *
 * The service, the CLI and a second service may use one data directory at the same time. Each
 * holds a shared advisory lock in the server for as long as it lives, and whoever leaves last
 * stops the server. The kernel drops the lock of a killed process, so there is no pid file of ours
 * that could go stale: what a SIGKILL left running is used, and stopped, by whoever comes next.
 */

export interface EmbeddedPostgres {
  url: string;
  /** Leaves the server, and stops it unless another process still uses it. */
  stop(): Promise<void>;
}

const DATABASE = 'seats';
const IN_USE = 5_337_287; // The advisory lock's key, in the database `postgres`.
const START_MS = 90_000;
const FAILED_STARTS = 3;
const LOOK_AGAIN_MS = 100;
const REJOIN_MS = 1_000;

/**
 * Starts PostgreSQL on `<dataDir>/postgres`, or joins the one that already runs there, and makes
 * sure that the database `seats` exists. Not `durable` is for tests: faster, but a killed
 * server loses its last commits, and a power loss ruins the data.
 */
export async function startEmbeddedPostgres(
  dataDir: string,
  { durable = true }: { durable?: boolean } = {},
): Promise<EmbeddedPostgres> {
  const server = await EmbeddedServer.at(resolve(dataDir), durable);
  await server.initialize();
  const { session, port } = await startOrJoin(server);
  const membership = new Membership(server, session, port);
  try {
    await createDatabase(session);
  } catch (error) {
    await membership.leave();
    throw error;
  }
  // Holding the lock is no reason for a process to go on living.
  session.unref();
  let left: Promise<void> | undefined;
  return { url: server.url(port, DATABASE), stop: () => (left ??= membership.leave()) };
}

/** Looks for a running server and starts one if there is none, until one of them has let us in. */
async function startOrJoin(server: EmbeddedServer): Promise<{ session: Client; port: number }> {
  const deadline = Date.now() + START_MS;
  for (let failures = 0; Date.now() < deadline;) {
    const port = await server.port();
    if (port === undefined) {
      const failure = await server.start();
      // Another process may have been faster; then its server is there to be joined.
      if (failure === undefined || (await server.port()) !== undefined) continue;
      failures += 1;
      if (failures === FAILED_STARTS) throw failure;
    } else {
      const session = await join(server, port);
      if (session !== undefined) return { session, port };
    }
    await sleep(LOOK_AGAIN_MS); // It is starting up, or shutting down.
  }
  throw await server.failure(`does not answer after ${START_MS / 1000} seconds`);
}

/** A connection that holds the shared lock; nothing if the server is not, or no longer, usable. */
async function join(server: EmbeddedServer, port: number): Promise<Client | undefined> {
  const session = new Client({
    connectionString: server.url(port, 'postgres'),
    connectionTimeoutMillis: 5_000,
    application_name: 'seats (embedded)',
  });
  session.on('error', () => undefined); // 'end' follows, and is what counts.
  try {
    await session.connect();
    const { rows } = await session.query('SELECT pg_try_advisory_lock_shared($1) AS joined', [
      IN_USE,
    ]);
    if (rows[0].joined) return session;
  } catch (error) {
    // invalid_password
    if ((error as { code?: string }).code === '28P01') {
      throw await server.failure('does not accept the password kept beside it');
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
    // duplicate_database, unique_violation: another process made it meanwhile.
    if (!['42P04', '23505'].includes((error as { code?: string }).code ?? '')) throw error;
  }
}

/** Our part in a running server: the connection that holds the shared lock. */
class Membership {
  private leaving = false;
  private lost = false;

  constructor(
    private readonly server: EmbeddedServer,
    private session: Client,
    private readonly port: number,
  ) {
    session.once('end', () => this.rejoinLater());
  }

  /**
   * Gives the shared lock back and asks for it alone. Who gets it is the last one here, and keeps
   * it until the server is down, so that a newcomer waits instead of joining a dying server.
   */
  async leave(): Promise<void> {
    this.leaving = true;
    if (this.lost) await this.rejoin();
    if (this.lost) {
      // It lets nobody in, so nobody uses it.
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

  /** A server that crashed and recovered has forgotten its locks: take ours again. */
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
