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
