/*
 * What the measurements stand on: a durable PostgreSQL of their own, an organization with pools,
 * and servers in processes of their own.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';

const ROOT = join(import.meta.dirname, '..');
export const setting = (name: string, fallback: number) => Number(process.env[name] ?? fallback);

export interface Server {
  port: number;
  process: ChildProcess;
}

const servers: ChildProcess[] = [];
let directory: string | undefined;
let stopDatabase = async (): Promise<void> => undefined;

/** Runs a measurement, and leaves nothing behind however it ends. */
export async function measure(work: (url: string) => Promise<void>): Promise<void> {
  process.on('SIGINT', () => void cleanUp().then(() => process.exit(130)));
  try {
    await work(await startDatabase());
  } finally {
    await cleanUp();
  }
}

async function startDatabase(): Promise<string> {
  const built = (path: string) => import(new URL(`../dist/${path}`, import.meta.url).href);
  const { startEmbeddedPostgres } = await built('platform/database/embedded.js');
  const { applyMigrations } = await built('platform/database/migrate.js');
  directory = await mkdtemp(join(tmpdir(), 'seats-bench-'));
  const { url, stop } = await startEmbeddedPostgres(directory, { durable: true });
  stopDatabase = stop;
  await applyMigrations(url);
  return url;
}

/** The environment of our service as production would have it, but without limits. */
export function serviceEnv(url: string, connections: number): Record<string, string> {
  return {
    DATABASE_URL: url,
    DATABASE_POOL_SIZE: String(connections),
    NODE_ENV: 'production',
    APP_ROLE: 'api',
    LOG_LEVEL: 'warn',
    RATE_LIMIT_TOKEN: '0',
    SECRET_KEYS: 'a key for nothing but this measurement',
  };
}

/** An organization, a token, and many pools with more seats than can be given away here. */
export async function seed(url: string, env: Record<string, string>, pools: number) {
  const cli = async (...args: string[]) =>
    JSON.parse(await output(run(['dist/cli/main.js', ...args, '--json'], env)));
  const { id: organizationId } = await cli('org', 'create', '--slug', 'bench', '--name', 'Bench');
  const { token } = await cli('token', 'create', '--org', 'bench', '--all-scopes');
  const subscriptions = Array.from({ length: pools }, () => randomUUID());
  const client = new Client(url);
  await client.connect();
  await client.query(
    `WITH product AS (
       INSERT INTO products (organization_id, id, created_at, name)
       VALUES ($1, gen_random_uuid(), now(), 'Team plan') RETURNING id
     ), sold AS (
       SELECT s.id AS subscription_id, gen_random_uuid() AS customer_id, p.id AS product_id
       FROM unnest($2::uuid[]) AS s(id), product p
     ), buyers AS (
       INSERT INTO customers (organization_id, id, created_at, email)
       SELECT $1, customer_id, now(), customer_id || '@example.com' FROM sold
     ), bought AS (
       INSERT INTO subscriptions (organization_id, id, created_at, product_id, customer_id, status)
       SELECT $1, subscription_id, now(), product_id, customer_id, 'active' FROM sold
     )
     INSERT INTO pools (organization_id, id, created_at, subscription_id, product_id, customer_id,
       capacity, active)
     SELECT $1, gen_random_uuid(), now(), subscription_id, product_id, customer_id, 1000000, true
     FROM sold`,
    [organizationId, subscriptions],
  );
  const { rows } = await client.query('SELECT token_hash FROM access_tokens');
  await client.end();
  return { organizationId, token, tokenHash: rows[0].token_hash as string, subscriptions };
}

export function run(args: string[], env: Record<string, string>): ChildProcess {
  const stdio = ['ignore', 'pipe', 'inherit'] as const;
  const path = { PATH: process.env['PATH'] };
  return spawn(process.execPath, args, { cwd: ROOT, env: { ...path, ...env }, stdio: [...stdio] });
}

export async function output(child: ChildProcess): Promise<string> {
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`a process ended with ${code}: ${text}`);
  return text;
}

/** Starts a server, and waits until it listens. */
export async function start(program: string, env: Record<string, string>): Promise<Server> {
  const port = await freePort();
  const child = run([program], { ...env, PORT: String(port) });
  child.stdout?.resume();
  servers.push(child);
  for (let tries = 0; tries < 200; tries += 1) {
    const listening = await fetch(`http://127.0.0.1:${port}/`, { method: 'HEAD' }).catch(
      () => null,
    );
    if (listening !== null) return { port, process: child };
    await sleep(100);
  }
  throw new Error(`${program} did not start`);
}

async function cleanUp(): Promise<void> {
  for (const child of servers) {
    child.kill();
    if (child.exitCode === null) await once(child, 'close');
  }
  await stopDatabase();
  if (directory !== undefined) await rm(directory, { recursive: true, force: true });
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
