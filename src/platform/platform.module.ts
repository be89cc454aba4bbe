import { type DynamicModule, Global, Module } from '@nestjs/common';
import { Clock } from './clock.js';
import { Settings } from './config.js';
import { Keys } from './crypto.js';
import { Database } from './database/database.js';
import { RateLimits } from './http/rate-limit.js';
import { Metrics } from './metrics.js';
import { RedisConnection } from './queue/redis.js';

/** What every domain stands on. It knows no word of any of them. */
@Global()
@Module({})
export class PlatformModule {
  static with(settings: Settings): DynamicModule {
    return {
      module: PlatformModule,
      providers: [
        { provide: Settings, useValue: settings },
        Clock,
        Database,
        Keys,
        Metrics,
        RateLimits,
        RedisConnection,
      ],
      exports: [Settings, Clock, Database, Keys, Metrics, RateLimits, RedisConnection],
    };
  }
}
