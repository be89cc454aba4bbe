import './typescript.js';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { startEmbeddedPostgres } from '../../tools/embedded-postgres/embedded-postgres.js';
import { applyMigrations } from '../../src/platform/database/migrate.js';

const PREFIX = 'seats-test-';

/** Starts one PostgreSQL for all test files, with a migrated database that each file clones. */
export default async function setup(): Promise<void> {
  await removeLeftovers();
  const directory = await mkdtemp(join(tmpdir(), `${PREFIX}${process.pid}-`));
  const postgres = await startEmbeddedPostgres(directory, { durable: false });
  const stop = async () => {
    await postgres.close();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const admin = new Client(postgres.url);
    await admin.connect();
    await admin.query('CREATE DATABASE template_seats');
    await admin.end();
    const template = new URL(postgres.url);
    template.pathname = '/template_seats';
    await applyMigrations(template.href);
  } catch (error) {
    await stop();
    throw error;
  }
  // jest's workers inherit the environment.
  process.env['TEST_POSTGRES_URL'] = postgres.url;
  // jest does not tear down an interrupted run. The next run removes its data.
  const [pid] = (await readFile(join(directory, 'postgres/postmaster.pid'), 'utf8')).split('\n');
  const kill = () => process.kill(Number(pid), 'SIGQUIT');
  process.once('exit', kill);
  // Not `once`: jest's own handlers end the process immediately when they are the only ones.
  process.on('SIGINT', () => process.exit(130));
  process.on('SIGTERM', () => process.exit(143));
  globalThis.stopTestPostgres = async () => {
    process.off('exit', kill);
    await stop();
  };
}

/** Stops the servers of killed runs, by joining and leaving them, and removes their directories. */
async function removeLeftovers(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = name.startsWith(PREFIX) ? Number(name.slice(PREFIX.length).split('-')[0]) : NaN;
    if (Number.isNaN(pid) || isAlive(pid)) continue;
    const directory = join(tmpdir(), name);
    try {
      await (await startEmbeddedPostgres(directory, { durable: false })).close();
    } catch {
      // A server that cannot be started is not running.
    }
    await rm(directory, { recursive: true, force: true }).catch(() => undefined);
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

declare global {
  var stopTestPostgres: (() => Promise<void>) | undefined;
}
