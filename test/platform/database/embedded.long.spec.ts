import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { startEmbeddedPostgres } from '../../../src/platform/database/embedded.js';
import { eventually } from '../../support/eventually.js';
import { saySkipped } from '../../support/programs.js';

const SUPPORT = join(import.meta.dirname, '../../support');
const START = { durable: false };

let directory: string;
let children: ChildProcess[];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'embedded-'));
  children = [];
});
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  const pid = await serverPid();
  await rm(directory, { recursive: true });
  if (pid !== undefined && (await isRunning(pid))) {
    process.kill(pid, 'SIGQUIT');
    throw new Error('The test has left a server running.');
  }
});

async function serverPid(): Promise<number | undefined> {
  const file = join(directory, 'postgres/postmaster.pid');
  const text = await readFile(file, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : Number(text.split('\n')[0]);
}

async function isRunning(pid: number): Promise<boolean> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return /^\d+ \(postgres\) [^Z]/.test(text);
}

async function query<Row = Record<string, unknown>>(url: string, text: string): Promise<Row[]> {
  const client = new Client(url);
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

/** Another process of ours that uses the directory; `url` when it is in. */
async function startChild(): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      `--import=${join(SUPPORT, 'typescript.js')}`,
      join(SUPPORT, 'embedded-user.ts'),
      directory,
    ],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  children.push(child);
  const [url] = await once(child.stdout, 'data');
  return { child, url: String(url).trim() };
}

async function leave(child: ChildProcess): Promise<void> {
  child.stdin!.end();
  await once(child, 'exit');
}

async function killNow(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

describe('the embedded PostgreSQL', () => {
  it('starts, stops, and keeps its data', async () => {
    const first = await startEmbeddedPostgres(directory, START);
    await query(first.url, 'CREATE TABLE kept AS SELECT 1 AS one');
    const pid = await serverPid();
    await first.stop();
    expect(await isRunning(pid!)).toBe(false);
    const second = await startEmbeddedPostgres(directory, START);
    expect(await query(second.url, 'SELECT one FROM kept')).toEqual([{ one: 1 }]);
    await second.stop();
  });

  it('speaks UTF-8, listens to this machine only, and keeps its password to itself', async () => {
    const postgres = await startEmbeddedPostgres(directory, START);
    const [row] = await query(
      postgres.url,
      `SELECT lower('ÄÖ') AS lower, current_setting('server_encoding') AS encoding,
         current_setting('listen_addresses') AS addresses,
         current_setting('unix_socket_directories') AS sockets`,
    );
    expect(row).toEqual({ lower: 'äö', encoding: 'UTF8', addresses: '127.0.0.1', sockets: '' });
    const { mode } = await stat(join(directory, 'postgres.password'));
    expect(mode & 0o777).toBe(0o600);
    const stranger = new URL(postgres.url);
    stranger.password = 'guess';
    await expect(query(stranger.href, 'SELECT 1')).rejects.toThrow('password');
    await postgres.stop();
  });

  it('is durable unless told otherwise', async () => {
    const postgres = await startEmbeddedPostgres(directory);
    expect(await query(postgres.url, 'SHOW fsync')).toEqual([{ fsync: 'on' }]);
    await postgres.stop();
  });

  it('runs once for processes that start at the same moment, until the last has left', async () => {
    const [here, there] = await Promise.all([
      startEmbeddedPostgres(directory, START),
      startChild(),
    ]);
    expect(there.url).toBe(here.url);
    const pid = await serverPid();
    await here.stop();
    expect(await query(there.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await leave(there.child);
    expect(await isRunning(pid!)).toBe(false);
  });

  it('takes over, and stops, the server of a killed process', async () => {
    const { child, url } = await startChild();
    const pid = await serverPid();
    await killNow(child);
    expect(await isRunning(pid!)).toBe(true);
    const next = await startEmbeddedPostgres(directory, START);
    expect(next.url).toBe(url);
    await next.stop();
    expect(await isRunning(pid!)).toBe(false);
  });

  it('starts again after the server itself was killed, and over a pid that is now another program', async () => {
    const { child, url } = await startChild();
    await query(url, 'CREATE TABLE kept AS SELECT 1 AS one');
    await query(url, 'CHECKPOINT'); // It is not durable.
    const pidFile = join(directory, 'postgres/postmaster.pid');
    const text = await readFile(pidFile, 'utf8');
    const server = text.split('\n')[0] as string;
    const { stdout } = await promisify(execFile)('ps', ['-o', 'pid=', '--ppid', server]);
    const others = stdout.trim().split(/\s+/).map(Number);
    process.kill(Number(server), 'SIGKILL');
    await killNow(child);
    await eventually("the server's other processes have noticed", async () => {
      const running = await Promise.all(others.map(isRunning));
      return !running.includes(true);
    });
    await writeFile(pidFile, text.replace(/^\d+/, String(process.pid)));
    const next = await startEmbeddedPostgres(directory, START);
    expect(await query(next.url, 'SELECT one FROM kept')).toEqual([{ one: 1 }]);
    await next.stop();
  });

  it('holds its place again after the server has crashed and recovered', async () => {
    const stays = await startEmbeddedPostgres(directory, START);
    const visitor = await startEmbeddedPostgres(directory, START);
    const [backend] = await query<{ pid: number }>(
      stays.url,
      `SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'`,
    );
    process.kill(backend!.pid, 'SIGKILL'); // PostgreSQL then restarts itself.
    const places = `SELECT FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ShareLock'`;
    await eventually('both have taken their places again', async () => {
      const taken = await query(stays.url, places).catch(() => []);
      return taken.length === 2;
    });
    await visitor.stop();
    expect(await query(stays.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    const pid = await serverPid();
    await stays.stop();
    expect(await isRunning(pid!)).toBe(false);
  });

  it('ignores a data directory that is only half made', async () => {
    const half = join(directory, 'postgres.new-killed');
    await mkdir(half);
    await writeFile(join(half, 'PG_VERSION'), '18\n');
    const postgres = await startEmbeddedPostgres(directory, START);
    expect(await query(postgres.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await postgres.stop();
    expect(await readdir(directory)).not.toContainEqual(expect.stringMatching(/password\./));
  });

  it('shows the end of the log when the server does not start', async () => {
    await (await startEmbeddedPostgres(directory, START)).stop();
    const config = join(directory, 'postgres/postgresql.conf');
    await writeFile(config, 'no_such_setting = 1\n', { flag: 'a' });
    await expect(startEmbeddedPostgres(directory, START)).rejects.toThrow(
      /did not start .*no_such_setting/s,
    );
  });

  const isRoot = process.getuid?.() === 0;
  if (!isRoot) saySkipped('they are not run by root', 'the embedded PostgreSQL, started by root');
  const asRoot = isRoot ? it : it.skip;
  asRoot('works for root in a directory that nobody else may enter', async () => {
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
    const inner = join(directory, 'checkout/.data');
    const postgres = await startEmbeddedPostgres(inner, START);
    const { uid } = await stat(join(inner, 'postgres'));
    expect(uid).not.toBe(0);
    await postgres.stop();
  });

  asRoot('works for root in a directory that others may enter', async () => {
    await chmod(directory, 0o755);
    const postgres = await startEmbeddedPostgres(directory, START);
    const pid = await serverPid();
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    expect(status).toMatch(/^CapEff:\t0+$/m);
    await postgres.stop();
  });
});
