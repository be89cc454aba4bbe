/*
 * Assigning seats: our service against a bare server that sends the same SQL. See README.md.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';

const ROOT = join(import.meta.dirname, '..');
const setting = (name: string, fallback: number) => Number(process.env[name] ?? fallback);
const SECONDS = setting('BENCH_SECONDS', 6);
const ROUNDS = setting('BENCH_ROUNDS', 3);
const CONNECTIONS = setting('BENCH_CONNECTIONS', 32);
const POOLS = setting('BENCH_POOLS', 200);
const DATABASE_POOL_SIZE = String(CONNECTIONS);
const WARM_UP_SECONDS = 3;

interface Contender {
  name: string;
  port: number;
  process: ChildProcess;
  latencies: number[];
  seconds: number;
  cpuMs: number;
  rssMiB: number;
}

const directory = await mkdtemp(join(tmpdir(), 'seats-bench-'));
const contenders: Contender[] = [];
let stopDatabase = async (): Promise<void> => undefined;
process.on('SIGINT', () => void cleanUp().then(() => process.exit(130)));
try {
  await bench();
} finally {
  await cleanUp();
}

async function bench(): Promise<void> {
  const built = (path: string) => import(new URL(`../dist/${path}`, import.meta.url).href);
  const { startEmbeddedPostgres } = await built('platform/database/embedded.js');
  const { applyMigrations } = await built('platform/database/migrate.js');
  const { url, stop } = await startEmbeddedPostgres(directory, { durable: true });
  stopDatabase = stop;
  await applyMigrations(url);

  const env = { DATABASE_URL: url, DATABASE_POOL_SIZE };
  const service = {
    ...env,
    NODE_ENV: 'production',
    APP_ROLE: 'api',
    LOG_LEVEL: 'warn',
    RATE_LIMIT_TOKEN: '0',
    SECRET_KEYS: 'a key for nothing but this measurement',
  };
  const { token, tokenHash, organizationId, subscriptions } = await seed(url, service);
  const bare = { ...env, BARE_ORGANIZATION: organizationId };
  await start('service', 'dist/main.js', service);
  await start('bare', 'bench/bare-server.ts', bare);
  await start('bare + token', 'bench/bare-server.ts', { ...bare, BARE_TOKEN_HASH: tokenHash });

  const load = { token, subscriptions, connections: CONNECTIONS };
  for (const contender of contenders) await drive(contender, { ...load, seconds: WARM_UP_SECONDS });
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const contender of contenders) {
      const before = await usage(contender.process);
      const { latencies, seconds } = await drive(contender, { ...load, seconds: SECONDS });
      const after = await usage(contender.process);
      contender.latencies.push(...latencies);
      contender.seconds += seconds;
      contender.cpuMs += after.cpuMs - before.cpuMs;
      contender.rssMiB = after.rssMiB;
    }
  }
  report();
}

/** An organization, a token, and many pools with more seats than can be given away here. */
async function seed(url: string, env: Record<string, string>) {
  const cli = async (...args: string[]) =>
    JSON.parse(await output(run(['dist/cli/main.js', ...args, '--json'], env)));
  const { id: organizationId } = await cli('org', 'create', '--slug', 'bench', '--name', 'Bench');
  const { token } = await cli('token', 'create', '--org', 'bench', '--all-scopes');
  const subscriptions = Array.from({ length: POOLS }, () => randomUUID());
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

function run(args: string[], env: Record<string, string>): ChildProcess {
  const stdio = ['ignore', 'pipe', 'inherit'] as const;
  const path = { PATH: process.env['PATH'] };
  return spawn(process.execPath, args, { cwd: ROOT, env: { ...path, ...env }, stdio: [...stdio] });
}

async function output(child: ChildProcess): Promise<string> {
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`a process ended with ${code}: ${text}`);
  return text;
}

async function start(name: string, program: string, env: Record<string, string>): Promise<void> {
  const port = await freePort();
  const child = run([program], { ...env, PORT: String(port) });
  child.stdout?.resume();
  contenders.push({ name, port, process: child, latencies: [], seconds: 0, cpuMs: 0, rssMiB: 0 });
  for (let tries = 0; tries < 200; tries += 1) {
    const listening = await fetch(`http://127.0.0.1:${port}/`, { method: 'HEAD' }).catch(
      () => null,
    );
    if (listening !== null) return;
    await sleep(100);
  }
  throw new Error(`${name} did not start`);
}

async function drive({ name, port }: Contender, load: object) {
  const child = run(['bench/load.ts', JSON.stringify({ port, ...load })], {});
  const { latencies, seconds, failures } = JSON.parse(await output(child));
  if (failures.length > 0) throw new Error(`${name} failed: ${failures[0]}`);
  return { latencies, seconds };
}

/** What a process has used so far. Only Linux tells; elsewhere it is NaN. */
async function usage({ pid }: ChildProcess): Promise<{ cpuMs: number; rssMiB: number }> {
  const read = (name: string) => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '');
  const [status, stat] = await Promise.all([read('status'), read('stat')]);
  // Counted behind the process's name, which may hold spaces: user and system time in 1/100 s.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return {
    cpuMs: (Number(fields[11]) + Number(fields[12])) * 10,
    rssMiB: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024,
  };
}

function report(): void {
  const line = (...cells: string[]) =>
    console.log(cells.map((cell, n) => (n === 0 ? cell.padEnd(14) : cell.padStart(12))).join(''));
  console.log(
    `assign over HTTP: ${CONNECTIONS} connections, ${POOLS} pools, ${ROUNDS} × ${SECONDS} s each, ` +
      `${cpus().length} cores, Node ${process.version}, durable PostgreSQL\n`,
  );
  line('', 'req/s', 'p50 ms', 'p95 ms', 'p99 ms', 'CPU ms/req', 'RSS MiB', '× bare');
  const rate = ({ latencies, seconds }: Contender) => latencies.length / seconds;
  const bare = rate(contenders[1] as Contender);
  for (const contender of contenders) {
    const sorted = contender.latencies.toSorted((a, b) => a - b);
    const percentile = (p: number) =>
      (sorted[Math.floor((sorted.length * p) / 100)] ?? 0).toFixed(1);
    line(
      contender.name,
      rate(contender).toFixed(0),
      percentile(50),
      percentile(95),
      percentile(99),
      (contender.cpuMs / contender.latencies.length).toFixed(2),
      contender.rssMiB.toFixed(0),
      (rate(contender) / bare).toFixed(2),
    );
  }
}

async function cleanUp(): Promise<void> {
  for (const contender of contenders) {
    contender.process.kill();
    if (contender.process.exitCode === null) await once(contender.process, 'close');
  }
  await stopDatabase();
  await rm(directory, { recursive: true, force: true });
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
