import { spawn } from 'node:child_process';
import { Redis } from 'ioredis';
import { eventually } from './eventually.js';
import { freePort, watch } from './process.js';

/** A redis-server that keeps nothing on disk: what it loses, it has lost. */
export class RedisServer {
  private process: ReturnType<typeof watch> | undefined;

  private constructor(
    private readonly program: string,
    private readonly port: number,
  ) {}

  static async start(program: string): Promise<RedisServer> {
    const server = new RedisServer(program, await freePort());
    await server.start();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** The first time, and again after a kill: empty, at the same address. */
  async start(): Promise<void> {
    const settings = ['--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
    const child = watch(
      spawn(this.program, ['--port', String(this.port), ...settings], {
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

  async wipe(): Promise<void> {
    await this.ask((redis) => redis.flushall());
  }

  /** All keys and values, as one text. */
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
    case 'none': // Gone meanwhile.
      return null;
    default:
      throw new Error(`cannot read a ${type}`);
  }
}
