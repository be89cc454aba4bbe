import { execFileSync } from 'node:child_process';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { PostgresServer } from '../../tools/embedded-postgres/postgres-server.js';
import { applyMigrations } from '../../src/platform/database/migrate.js';
import { newEmail } from '../seats/fixtures.js';
import { startApp, type TestApp } from '../support/app.js';
import { eventually } from '../support/eventually.js';
import { saySkipped } from '../support/programs.js';

const MIB = 1024 * 1024;
const ATTEMPTS = 400;

/** Mounts a small file system. @returns undefined where that is not permitted. */
async function smallDisk(): Promise<{ path: string; unmount(): Promise<void> } | undefined> {
  const path = await mkdtemp(join(tmpdir(), 'seats-disk-'));
  const remove = () => rm(path, { recursive: true, force: true });
  try {
    const options = ['-t', 'tmpfs', '-o', 'size=160m,mode=755', 'tmpfs', path];
    execFileSync('mount', options, { stdio: 'ignore' });
  } catch {
    await remove();
    return undefined;
  }
  const unmount = async () => {
    execFileSync('umount', ['--lazy', path]);
    await remove();
  };
  return { path, unmount };
}

/** Fills the file system. @returns a function that frees it again. */
async function fill(path: string): Promise<() => Promise<void>> {
  const name = join(path, 'filler');
  const file = await open(name, 'w');
  try {
    for (const size of [MIB, 4096]) {
      const block = Buffer.alloc(size);
      for (;;) {
        const { bytesWritten } = await file.write(block);
        if (bytesWritten < size) break;
      }
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  } finally {
    await file.close();
  }
  return () => rm(name);
}

const disk = await smallDisk();
const name = 'the API when the disk of its database is full';

if (disk === undefined) {
  // Containers of most CI services may not mount.
  saySkipped('this user may not mount a file system', name);
  describe.skip(name, () => it('answers 503', () => undefined));
} else {
  describe(name, () => {
    let server: PostgresServer;
    let api: TestApp;

    beforeAll(async () => {
      server = await PostgresServer.at(join(disk.path, 'data'), true);
      await server.initialize();
      const failure = await server.start();
      if (failure !== undefined) throw failure;
      const port = (await server.port()) as number;
      const admin = new Client(server.url(port, 'postgres'));
      await admin.connect();
      await admin.query('CREATE DATABASE full_disk');
      await admin.end();
      const url = server.url(port, 'full_disk');
      await applyMigrations(url);
      api = await startApp({ DATABASE_URL: url });
    }, 120_000);
    afterAll(async () => {
      await api?.close();
      await server?.stop('immediate').catch(() => undefined);
      await disk.unmount();
    });

    it('answers 503, and goes on when there is space, without a lost or half-written seat', async () => {
      const tenant = await api.tenant();
      const { id } = await tenant.subscription(1_000_000);
      const assign = () => {
        const seats = Array.from({ length: 200 }, () => ({ email: newEmail() }));
        return tenant.call('POST', '/v1/customer-seats/bulk', {
          body: { subscription_id: id, seats },
        });
      };
      const free = await fill(disk.path);
      const statuses: number[] = [];
      for (let n = 0; n < ATTEMPTS && (statuses.at(-1) ?? 200) === 200; n += 1) {
        statuses.push((await assign()).status);
      }
      expect(statuses.at(-1)).toBe(503);

      await free();
      // PostgreSQL ends itself where even the log has no space. An operator starts it again.
      const port = Number(new URL(api.settings.databaseUrl as string).port);
      if ((await server.port()) === undefined) await server.start(port);
      await eventually(
        'an assign succeeds',
        async () => {
          const { status } = await assign();
          statuses.push(status);
          return status === 200;
        },
        60,
      );
      expect([...new Set(statuses)].sort()).toEqual([200, 503]);
      const given = statuses.filter((status) => status === 200).length * 200;
      const { body } = await tenant.call('GET', `/v1/subscriptions/${id}`);
      expect(body.assigned_seats).toBe(given);
    }, 180_000);
  });
}
