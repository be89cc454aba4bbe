import { type AddressInfo, createServer } from 'node:net';
import { once } from 'node:events';
import { Client } from 'pg';
import { Settings } from './platform/config.js';
import { startEmbeddedPostgres } from './platform/database/embedded.js';
import { applyMigrations } from './platform/database/migrate.js';
import { pingRedis } from './platform/queue/redis.js';

const CONNECT_MS = 5_000;

/**
 * What keeps the process from starting. The message is one line for a person: the variable, what
 * is wrong, what to do. It never shows the variable's value, which may hold a password.
 */
export class StartupError extends Error {}

/** The settings with the database's address, and the way to leave it. */
export interface OpenDatabase {
  settings: Settings;
  close(): Promise<void>;
}

/**
 * Makes sure there is a database with every migration: the one of DATABASE_URL, else the embedded
 * one. Processes that do so at the same time take turns.
 * @throws {StartupError}
 */
export async function openDatabase(settings: Settings): Promise<OpenDatabase> {
  const { url, close } = await reachDatabase(settings);
  try {
    await applyMigrations(url);
  } catch (error) {
    await close();
    throw new StartupError(
      `DATABASE_URL: the migrations could not be applied. ${firstLine(error)}`,
    );
  }
  return { settings: Object.assign(new Settings(), settings, { databaseUrl: url }), close };
}

async function reachDatabase({ databaseUrl, dataDir }: Settings) {
  if (databaseUrl !== undefined) {
    await checkDatabase(databaseUrl);
    return { url: databaseUrl, close: () => Promise.resolve() };
  }
  try {
    const { url, stop } = await startEmbeddedPostgres(dataDir);
    return { url, close: stop };
  } catch (error) {
    throw new StartupError(
      'DATA_DIR: the embedded database did not start. ' +
        `${firstLine(error)} (Or set DATABASE_URL to a PostgreSQL of yours.)`,
    );
  }
}

async function checkDatabase(url: string): Promise<void> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: CONNECT_MS });
  client.on('error', () => undefined); // The connecting below fails and says so.
  try {
    await client.connect();
  } catch (error) {
    throw new StartupError(
      `DATABASE_URL: ${whyUnreachable(error)}. Correct DATABASE_URL, or start that ` +
        'PostgreSQL; without it the embedded one is used.',
    );
  } finally {
    await client.end().catch(() => undefined);
  }
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
 * Makes sure that the worker's Redis is there. Once it runs, a worker waits for a Redis that went
 * away; but one that was never there is a wrong setting, and should not look like an empty queue.
 * @throws {StartupError}
 */
export async function checkRedis({ redisUrl, role }: Settings): Promise<void> {
  if (redisUrl === undefined || role === 'api') return;
  try {
    await pingRedis(redisUrl, CONNECT_MS);
  } catch (error) {
    throw new StartupError(
      `REDIS_URL: ${whyUnreachable(error)}. Correct REDIS_URL, or start that Redis; without it the ` +
        'queue is kept in PostgreSQL.',
    );
  }
}

/**
 * Makes sure that the port is free, before anything is started that would have to be stopped. For
 * port 0 it finds one, so that the links we write can name it from the beginning.
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

/** What to tell about a port that cannot be had. */
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
