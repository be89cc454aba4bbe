import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Redis } from 'ioredis';
import { Settings } from '../settings.js';

const CHECK_KEY = 'seats:check';

/** The process's Redis connection for rate limits, if REDIS_URL is set. Commands fail fast. */
@Injectable()
export class RedisConnection implements OnApplicationShutdown {
  readonly client: Redis | undefined;

  constructor(settings: Settings) {
    if (settings.redisUrl === undefined) return;
    this.client = new Redis(settings.redisUrl, {
      enableOfflineQueue: false,
      maxRetriesPerRequest: 1,
      commandTimeout: 1_000,
    });
    // Without a listener, an unreachable Redis would end the process. The readiness probe reports it.
    this.client.on('error', () => undefined);
  }

  /**
   * Writes a key, as the queue would. A Redis that answers may still be full or read-only.
   * @throws the error of Redis.
   */
  async check(): Promise<void> {
    await this.client?.set(CHECK_KEY, '1', 'PX', 1_000);
  }

  onApplicationShutdown(): void {
    this.client?.disconnect();
  }
}

/**
 * Checks that a Redis can hold the queue. This also tests the connection, the encryption, the password
 * and the number of the database. A Redis without free memory passes, since that can change.
 * @throws the connection error, or an error when there is no response within `ms` milliseconds, or
 *   one that says why this Redis cannot hold the queue.
 */
export async function checkRedisServer(url: string, ms: number): Promise<void> {
  const client = new Redis(url, {
    connectTimeout: ms,
    commandTimeout: ms,
    maxRetriesPerRequest: 0,
    retryStrategy: null,
  });
  let cause: unknown;
  client.on('error', (error) => (cause ??= error));
  try {
    const info = await client.info('cluster');
    if (/^cluster_enabled:1/m.test(info))
      throw new Error('it is a Redis Cluster, use a single Redis');
    // The client ignores a number that is out of range, and uses database 0.
    await client.select(client.options.db ?? 0);
    await client.set(CHECK_KEY, '1', 'PX', 1_000).catch((error: Error) => {
      if (!error.message.startsWith('OOM')) throw error;
    });
  } catch (error) {
    // The error of the command says only that there is no connection.
    throw cause ?? error;
  } finally {
    client.disconnect();
  }
}
