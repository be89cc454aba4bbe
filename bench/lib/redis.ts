/* A redis-server that writes to disk every second, if one is installed. */
import { spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { freePort, launch, stop } from './processes.ts';

const PATIENCE_MS = 10_000;

export interface RedisServer {
  url: string;
  /** How many keys it holds. */
  keys(): Promise<number>;
  close(): Promise<void>;
}

/** @returns undefined if redis-server is not installed. */
export async function startRedis(): Promise<RedisServer | undefined> {
  if (spawnSync('redis-server', ['--version']).status !== 0) return undefined;
  const port = await freePort();
  const directory = await mkdtemp(join(tmpdir(), 'seats-redis-'));
  const network = ['--bind', '127.0.0.1', '--port', String(port)];
  const disk = ['--save', '', '--appendonly', 'yes', '--dir', directory];
  const child = launch('redis-server', [...network, ...disk]);
  child.stdout?.resume();
  const client = new Redis({ port, host: '127.0.0.1', retryStrategy: () => 50 });
  client.on('error', () => undefined); // It is not listening yet, or has been stopped.
  await Promise.race([
    client.ping(),
    sleep(PATIENCE_MS, undefined, { ref: false }).then(() => {
      throw new Error('redis-server did not start');
    }),
  ]);
  return {
    url: `redis://127.0.0.1:${port}`,
    keys: () => client.dbsize(),
    async close() {
      client.disconnect();
      await stop(child);
      await rm(directory, { recursive: true, force: true });
    },
  };
}
