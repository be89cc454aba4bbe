import { type DynamicModule, Global, Module } from '@nestjs/common';
import { Clock } from './clock.js';
import { Settings } from './settings.js';
import { Keys } from './crypto.js';
import { Database } from './database/database.js';
import { Draining } from './http/draining.js';
import { IdempotencyRepository } from './http/idempotency.repository.js';
import { RateLimits } from './http/rate-limit.js';
import { Metrics } from './metrics.js';
import { WakeUps } from './outbox/wake-ups.js';
import { RedisConnection } from './queue/redis.js';

/** The providers that every domain uses. The platform does not depend on any domain. */
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
        Draining,
        IdempotencyRepository,
        Keys,
        Metrics,
        RateLimits,
        RedisConnection,
        WakeUps,
      ],
      exports: [
        Settings,
        Clock,
        Database,
        Draining,
        IdempotencyRepository,
        Keys,
        Metrics,
        RateLimits,
        RedisConnection,
        WakeUps,
      ],
    };
  }
}
