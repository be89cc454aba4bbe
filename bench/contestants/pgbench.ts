/* PostgreSQL alone: pgbench sends the statements of the bare server, without HTTP and Node. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Contestant } from '../lib/contest.ts';
import type { Driven } from '../lib/load.ts';
import { launch, output } from '../lib/processes.ts';

const DEBIAN = '/usr/lib/postgresql';
const MAX_THREADS = 2;

/** The path of pgbench; undefined if it is not installed. */
export function findPgbench(): string | undefined {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN) : [];
  const folders = [
    ...versions.map((version) => join(DEBIAN, version, 'bin')),
    ...(process.env['PATH'] ?? '').split(delimiter),
  ];
  return folders.map((folder) => join(folder, 'pgbench')).find((path) => existsSync(path));
}

/**
 * Sends a statement as prepared statement.
 * @param values an SQL expression for each parameter. They can use `:client_id`, and `:n`, a random
 *   number.
 */
export function pgbench(
  program: string,
  url: string,
  statement: string,
  values: string[],
): Contestant {
  const sql = statement.replace(/\$(\d)/g, (_, n: string) => values[Number(n) - 1] as string);
  const line = sql.replaceAll('\n', ' ').replace(/:n\b/g, ':n::bigint');
  const script = `\\set n random(0, 1000000000000)\n${line};\n`;
  return {
    name: 'pgbench',
    drive: (clients, seconds) => drive(program, url, script, clients, seconds),
  };
}

async function drive(
  program: string,
  url: string,
  script: string,
  clients: number,
  seconds: number,
): Promise<Driven> {
  const directory = await mkdtemp(join(tmpdir(), 'seats-pgbench-'));
  try {
    const file = join(directory, 'script.sql');
    await writeFile(file, script);
    const log = join(directory, 'log');
    const args = ['--no-vacuum', '--protocol=prepared', `--file=${file}`, '--log'];
    // pgbench counts whole seconds.
    const time = Math.max(1, Math.round(seconds));
    const load = [
      `--log-prefix=${log}`,
      `--client=${clients}`,
      `--jobs=${Math.min(clients, MAX_THREADS)}`,
      `--time=${time}`,
    ];
    const text = await output(launch(program, [...args, ...load], connection(url)));
    const failed = Number(/number of failed transactions: (\d+)/.exec(text)?.[1] ?? 0);
    const latencies = await readLatencies(directory);
    return { seconds: time, latencies, failed, failures: failed ? [text] : [], sent: 0 };
  } finally {
    await rm(directory, { recursive: true });
  }
}

function connection(url: string): Record<string, string> {
  const { hostname, port, username, password, pathname } = new URL(url);
  return {
    PGHOST: hostname,
    PGPORT: port,
    PGUSER: username,
    PGPASSWORD: password,
    PGDATABASE: pathname.slice(1),
  };
}

/** Each line of a log is: client, transaction, µs, script, time. */
async function readLatencies(directory: string): Promise<number[]> {
  const names = (await readdir(directory)).filter((name) => name.startsWith('log.'));
  const texts = await Promise.all(names.map((name) => readFile(join(directory, name), 'utf8')));
  return texts
    .flatMap((text) => text.trim().split('\n'))
    .filter((line) => line !== '')
    .map((line) => Number(line.split(' ')[2]) / 1000);
}
