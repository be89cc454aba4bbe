import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { startEmbeddedPostgres } from '../../../tools/embedded-postgres/embedded-postgres.js';
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
    throw new Error('The test left a server running.');
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

/** Starts another process that uses the directory. Resolves when it has joined. */
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
    await first.close();
    expect(await isRunning(pid!)).toBe(false);
    const second = await startEmbeddedPostgres(directory, START);
    expect(await query(second.url, 'SELECT one FROM kept')).toEqual([{ one: 1 }]);
    await second.close();
  });

  it('uses UTF-8, listens on 127.0.0.1 only, and requires its password', async () => {
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
    await postgres.close();
  });

  it('is durable by default', async () => {
    const postgres = await startEmbeddedPostgres(directory);
    expect(await query(postgres.url, 'SHOW fsync')).toEqual([{ fsync: 'on' }]);
    await postgres.close();
  });

  it('runs once for processes that start at the same time, until the last one leaves', async () => {
    const [here, there] = await Promise.all([
      startEmbeddedPostgres(directory, START),
      startChild(),
    ]);
    expect(there.url).toBe(here.url);
    const pid = await serverPid();
    await here.close();
    expect(await query(there.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await leave(there.child);
    expect(await isRunning(pid!)).toBe(false);
  });

  it('uses and stops the server that a killed process left running', async () => {
    const { child, url } = await startChild();
    const pid = await serverPid();
    await killNow(child);
    expect(await isRunning(pid!)).toBe(true);
    const next = await startEmbeddedPostgres(directory, START);
    expect(next.url).toBe(url);
    await next.close();
    expect(await isRunning(pid!)).toBe(false);
  });

  it('starts again after the server was killed, even if another program now has its pid', async () => {
    const { child, url } = await startChild();
    await query(url, 'CREATE TABLE kept AS SELECT 1 AS one');
    await query(url, 'CHECKPOINT'); // Without it, the table is lost, because fsync is off.
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
    await next.close();
  });

  it('takes its lock again after the server crashed and recovered', async () => {
    const stays = await startEmbeddedPostgres(directory, START);
    const visitor = await startEmbeddedPostgres(directory, START);
    const [backend] = await query<{ pid: number }>(
      stays.url,
      `SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'`,
    );
    process.kill(backend!.pid, 'SIGKILL'); // PostgreSQL then restarts itself.
    const locks = `SELECT FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ShareLock'`;
    await eventually('both hold their locks again', async () => {
      const taken = await query(stays.url, locks).catch(() => []);
      return taken.length === 2;
    });
    await visitor.close();
    expect(await query(stays.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    const pid = await serverPid();
    await stays.close();
    expect(await isRunning(pid!)).toBe(false);
  });

  it('ignores an incomplete data directory', async () => {
    const half = join(directory, 'postgres.new-killed');
    await mkdir(half);
    await writeFile(join(half, 'PG_VERSION'), '18\n');
    const postgres = await startEmbeddedPostgres(directory, START);
    expect(await query(postgres.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await postgres.close();
    expect(await readdir(directory)).not.toContainEqual(expect.stringMatching(/password\./));
  });

  it('reports in one line why initdb failed', async () => {
    await writeFile(join(directory, 'postgres.password'), '');
    await expect(startEmbeddedPostgres(directory, START)).rejects.toThrow(
      /^PostgreSQL could not create \S+ \(initdb: error: password file .* is empty\)\.$/,
    );
  });

  it('shows the end of the log when the server does not start', async () => {
    await (await startEmbeddedPostgres(directory, START)).close();
    const config = join(directory, 'postgres/postgresql.conf');
    await writeFile(config, 'no_such_setting = 1\n', { flag: 'a' });
    await expect(startEmbeddedPostgres(directory, START)).rejects.toThrow(
      /did not start .*no_such_setting/s,
    );
  });

  const isRoot = process.getuid?.() === 0;
  if (!isRoot) saySkipped('the user is not root', 'the embedded PostgreSQL, started by root');
  const asRoot = isRoot ? it : it.skip;
  asRoot('works for root in a directory that only root may enter', async () => {
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
    const inner = join(directory, 'checkout/.data');
    const postgres = await startEmbeddedPostgres(inner, START);
    const { uid } = await stat(join(inner, 'postgres'));
    expect(uid).not.toBe(0);
    await postgres.close();
  });

  asRoot('works for root in a directory that others may enter', async () => {
    await chmod(directory, 0o755);
    const postgres = await startEmbeddedPostgres(directory, START);
    const pid = await serverPid();
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    expect(status).toMatch(/^CapEff:\t0+$/m);
    await postgres.close();
  });
});
