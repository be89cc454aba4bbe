import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { Settings } from '../platform/settings.js';
import { connectionOptions } from '../platform/database/connection.js';
import { applyMigrations } from '../platform/database/migrate.js';
import { sessionProblem } from '../platform/database/session-check.js';
import { JobQueue } from '../platform/queue/queue.js';
import { checkRedisServer } from '../platform/queue/redis.js';

const CONNECT_MS = 5_000;
// How long a database or a queue that starts at the same time as the service may take.
const PATIENCE_MS = 60_000;
const RETRY_MS = 500;

/**
 * The reason why the process cannot start. The message is one line that names the variable, the
 * problem and the remedy. It never contains the variable's value, which may hold a password.
 */
export class StartupError extends Error {}

/** The settings with the database's address, and a function that closes the database. */
export interface OpenDatabase {
  settings: Settings;
  close(): Promise<void>;
}

/**
 * Opens a database for a process without DATABASE_URL. Rejects with an error whose first line names
 * the problem and the remedy.
 */
export type DatabaseProvider = () => Promise<{ url: string; close(): Promise<void> }>;

/** How to open the database. */
export interface OpenOptions {
  /** Gets a sentence about what the start waits for or does. */
  log?: (sentence: string) => void;
  /** How long to keep trying to reach the database, in milliseconds. 0 means a single attempt. */
  patienceMs?: number;
}

/**
 * Connects to the database of DATABASE_URL, or to the one that `provide` opens when DATABASE_URL is
 * not set, and applies the missing migrations. Concurrent processes take turns.
 * @throws {StartupError}
 */
export async function openDatabase(
  settings: Settings,
  provide?: DatabaseProvider,
  { log = () => undefined, patienceMs = 0 }: OpenOptions = {},
): Promise<OpenDatabase> {
  const { url, close } = await reachDatabase(settings, provide, { log, patienceMs });
  try {
    await applyMigrations(url, { log });
  } catch (error) {
    // A failure to close must not hide the reason why the migrations failed.
    await close().catch(() => undefined);
    throw new StartupError(
      `DATABASE_URL: the migrations could not be applied. ${firstLine(error)}`,
    );
  }
  return { settings: Object.assign(new Settings(), settings, { databaseUrl: url }), close };
}

/**
 * As {@link openDatabase}, for a server: tries a database that cannot be reached for 60 s, and
 * checks its sessions.
 * @throws {StartupError}
 */
export async function openDatabaseOfServer(
  settings: Settings,
  provide: DatabaseProvider | undefined,
  log: (sentence: string) => void,
): Promise<OpenDatabase> {
  const opened = await openDatabase(settings, provide, { log, patienceMs: PATIENCE_MS });
  try {
    await checkSessions(opened.settings);
  } catch (error) {
    await opened.close().catch(() => undefined);
    throw error;
  }
  return opened;
}

async function checkSessions({ databaseUrl }: Settings): Promise<void> {
  const problem = await sessionProblem(databaseUrl as string).catch(whyUnreachable);
  if (problem !== undefined) throw new StartupError(`DATABASE_URL: ${problem}.`);
}

async function reachDatabase(
  { databaseUrl }: Settings,
  provide: DatabaseProvider | undefined,
  options: Required<OpenOptions>,
) {
  if (databaseUrl !== undefined) {
    await waitForDatabase(databaseUrl, options);
    return { url: databaseUrl, close: () => Promise.resolve() };
  }
  if (provide === undefined) {
    throw new StartupError(
      'DATABASE_URL: it is not set. Set it to the address of a PostgreSQL database, or use ' +
        '`npm start` and `npm run cli`, which start one for development.',
    );
  }
  try {
    return await provide();
  } catch (error) {
    throw new StartupError(firstLine(error));
  }
}

/** @throws {StartupError} when the patience is over, or at once when waiting does not help. */
async function waitForDatabase(
  url: string,
  { log, patienceMs }: Required<OpenOptions>,
): Promise<void> {
  const deadline = performance.now() + patienceMs;
  let announced = false;
  for (;;) {
    try {
      return await connectOnce(url);
    } catch (error) {
      const why = whyUnreachable(error);
      if (isPermanent(error) || performance.now() >= deadline) {
        throw new StartupError(
          `DATABASE_URL: ${why}. Correct DATABASE_URL, or start the PostgreSQL server.`,
        );
      }
      if (!announced) log(`Waiting for the database: ${why}.`);
      announced = true;
      await sleep(RETRY_MS);
    }
  }
}

async function connectOnce(url: string): Promise<void> {
  const client = new Client({
    ...connectionOptions(url, 'seats (start)'),
    connectionTimeoutMillis: CONNECT_MS,
  });
  client.on('error', () => undefined); // client.connect() below reports the failure.
  try {
    await client.connect();
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** The server answered, and refuses the user, the database or the options of the session. */
function isPermanent(error: unknown): boolean {
  const { code = '' } = error as { code?: string };
  return /^(28...|3D000|42501|08P01|22023)$/.test(code);
}

const REASONS: Record<string, string> = {
  ECONNREFUSED: 'nothing listens at that address',
  ECONNRESET: 'the server closed the connection',
  ENOTFOUND: 'the host name is unknown',
  EAI_AGAIN: 'the host name cannot be looked up',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the host cannot be reached',
  ETIMEDOUT: 'the server does not answer',
  '28P01': 'the server refuses the user or the password',
  '28000': 'the server refuses the user',
  '3D000': 'the server has no such database',
  '53300': 'the server has no connection left',
  '57P03': 'the server is starting up',
};

function whyUnreachable(error: unknown): string {
  const { code = '', message } = error as { code?: string; message: string };
  if (/^(?:WRONGPASS|NOAUTH)/.test(message)) return REASONS['28P01'] as string;
  if (/timeout|timed out|ETIMEDOUT/i.test(message)) return REASONS['ETIMEDOUT'] as string;
  return REASONS[code] ?? firstLine(error);
}

/**
 * Checks that the worker can reach Redis, and that this Redis can hold the queue. A running worker
 * waits until a lost Redis comes back. But a Redis that cannot be reached at startup is a wrong
 * setting, which must not look like an empty queue.
 * @throws {StartupError}
 */
export async function checkRedis({ redisUrl, role }: Settings): Promise<void> {
  if (redisUrl === undefined || role === 'api') return;
  try {
    await checkRedisServer(redisUrl, CONNECT_MS);
  } catch (error) {
    throw new StartupError(
      `REDIS_URL: ${whyUnreachable(error)}. Correct REDIS_URL, or start the Redis server; without it the ` +
        'queue is in PostgreSQL.',
    );
  }
}

// SQLSTATE classes of failures that last: no such feature, wrong user, no such database or schema,
// no permission or a table that differs.
const LASTING = /^(?:0A|28|3D|3F|42)...$/;

/**
 * Checks that the worker can use the queue in PostgreSQL, and creates or updates its tables. Tries
 * for a minute when the server refuses connections.
 * @param settings with the address of the actual database.
 * @throws {StartupError}
 */
export async function checkQueue(settings: Settings): Promise<void> {
  if (settings.redisUrl !== undefined || settings.role === 'api') return;
  const queue = new JobQueue(settings);
  const deadline = performance.now() + PATIENCE_MS;
  try {
    for (;;) {
      const error = await queue.check().then(
        () => undefined,
        (reason: unknown) => reason,
      );
      if (error === undefined) return;
      if (isLasting(error) || performance.now() > deadline) throw queueProblem(error);
      await sleep(RETRY_MS);
    }
  } finally {
    await queue.close();
  }
}

function isLasting(error: unknown): boolean {
  const { code = '', name } = error as { code?: string; name?: string };
  return (
    LASTING.test(code) ||
    // The errors of BullMQ about the version of the server and of the tables.
    ['UnsupportedPostgresVersionError', 'SchemaVersionMismatchError'].includes(name ?? '')
  );
}

function queueProblem(error: unknown): StartupError {
  const reason =
    (error as { code?: string }).code === '42501'
      ? 'its user may not create or use the schema bullmq, which holds the queue. Grant that user ' +
        'CREATE on the database, or set REDIS_URL.'
      : `the queue cannot be used: ${whyUnreachable(error)}. Correct it, or set REDIS_URL.`;
  return new StartupError(`DATABASE_URL: ${reason}`);
}

/**
 * Checks that the port is free, before the process starts anything that it would have to stop
 * again. Finds a free port for port 0, so that links contain the right port from the start.
 * @returns the port.
 * @throws {StartupError}
 */
export async function checkPort(variable: string, host: string, wanted: number): Promise<number> {
  const probe = createServer();
  try {
    probe.listen(wanted, host);
    await once(probe, 'listening');
    const { port } = probe.address() as AddressInfo;
    probe.close();
    await once(probe, 'close');
    return port;
  } catch (error) {
    throw portProblem(variable, wanted, error);
  }
}

/** The error for a port on which the process cannot listen. */
export function portProblem(variable: string, port: number, error: unknown): StartupError {
  const { code } = error as { code?: string };
  if (code === 'EADDRINUSE') {
    return new StartupError(
      `${variable}: port ${port} is taken. Stop the program that uses it, or set ${variable} to ` +
        'another port.',
    );
  }
  if (code === 'EACCES') {
    return new StartupError(
      `${variable}: port ${port} needs more rights. Set ${variable} to a port above 1023.`,
    );
  }
  return new StartupError(
    `HOST: this machine cannot listen there (${code ?? 'unknown'}). Set HOST to one of its ` +
      'addresses, such as 127.0.0.1 or 0.0.0.0.',
  );
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split('\n')[0] as string;
}
