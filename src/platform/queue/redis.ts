import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Redis } from 'ioredis';
import { Settings } from '../config.js';

/** The process's Redis connection for counting, when there is a Redis. Commands fail fast while it is down. */
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
    // Without a listener an unreachable Redis ends the process. Readiness reports it.
    this.client.on('error', () => undefined);
  }

  onApplicationShutdown(): void {
    this.client?.disconnect();
  }
}

/**
 * Asks a Redis for a sign of life. It is the first word after the connecting, the encryption and the
 * password, so all of them are tried.
 * @throws what the connecting failed with, or that there was no answer within `ms` milliseconds.
 */
export async function pingRedis(url: string, ms: number): Promise<void> {
  const client = new Redis(url, {
    connectTimeout: ms,
    commandTimeout: ms,
    maxRetriesPerRequest: 0,
    retryStrategy: null,
  });
  let cause: unknown;
  client.on('error', (error) => (cause ??= error));
  try {
    await client.ping();
  } catch (error) {
    // The command itself only knows that there is no connection.
    throw cause ?? error;
  } finally {
    client.disconnect();
  }
}
