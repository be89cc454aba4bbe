import { spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { eventually } from './eventually.js';
import { freePort, watch } from './process.js';

/** A redis-server that stores nothing on disk, or every write in a directory. */
export class RedisServer {
  private process: ReturnType<typeof watch> | undefined;

  private constructor(
    private readonly program: string,
    private readonly port: number,
    private readonly directory: string | undefined,
    private readonly options: string[],
  ) {}

  /**
   * @param directory where the server keeps its data; without one it keeps none.
   * @param options further arguments of redis-server.
   */
  static async start(
    program: string,
    { directory, options = [] }: { directory?: string; options?: string[] } = {},
  ): Promise<RedisServer> {
    const server = new RedisServer(program, await freePort(), directory, options);
    await server.start();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts the server, after kill() on the same port: with its data if it has a directory. */
  async start(): Promise<void> {
    const kept =
      this.directory === undefined
        ? ['--appendonly', 'no']
        : ['--appendonly', 'yes', '--appendfsync', 'always', '--dir', this.directory];
    const settings = ['--bind', '127.0.0.1', '--save', '', ...kept];
    const child = watch(
      spawn(this.program, ['--port', String(this.port), ...settings, ...this.options], {
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
    );
    this.process = child;
    await eventually('redis-server has started', () =>
      child.output().includes('Ready to accept connections'),
    );
  }

  async kill(): Promise<void> {
    await this.process?.kill();
  }

  /** Kills the server and removes its data. */
  async lose(): Promise<void> {
    await this.kill();
    if (this.directory === undefined) return;
    await rm(join(this.directory, 'appendonlydir'), { recursive: true, force: true });
  }

  async wipe(): Promise<void> {
    await this.ask((redis) => redis.flushall());
  }

  /** All keys and values as one text. */
  async dump(): Promise<string> {
    return this.ask(async (redis) => {
      const lines: string[] = [];
      for (const key of await redis.keys('*')) {
        lines.push(`${key} = ${JSON.stringify(await readAny(redis, key))}`);
      }
      return lines.join('\n');
    });
  }

  private async ask<T>(work: (redis: Redis) => Promise<T>): Promise<T> {
    const redis = new Redis(this.url);
    try {
      return await work(redis);
    } finally {
      redis.disconnect();
    }
  }
}

async function readAny(redis: Redis, key: string): Promise<unknown> {
  const type = await redis.type(key);
  switch (type) {
    case 'string':
      return redis.get(key);
    case 'hash':
      return redis.hgetall(key);
    case 'list':
      return redis.lrange(key, 0, -1);
    case 'set':
      return redis.smembers(key);
    case 'zset':
      return redis.zrange(key, '-inf', '+inf', 'BYSCORE');
    case 'stream':
      return redis.xrange(key, '-', '+');
    case 'none': // The key was deleted in the meantime.
      return null;
    default:
      throw new Error(`cannot read a ${type}`);
  }
}
