import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { Settings } from '../config.js';
import { TooManyRequests } from '../errors.js';
import { RedisConnection } from '../queue/redis.js';

const WINDOW_SECONDS = 60;

export type Limit = 'token' | 'public';

/**
 * Requests a minute, per token and, on public routes, per address. Counted in Redis when there
 * is one, so that all processes count together; while Redis is down each counts on its own.
 */
@Injectable()
export class RateLimits {
  private readonly limiters: Record<Limit, { points: number; limiter: Limiter } | undefined>;

  constructor(settings: Settings, redis: RedisConnection) {
    const build = (name: Limit, points: number) => {
      if (points === 0) return undefined;
      const options = { keyPrefix: `limit:${name}`, points, duration: WINDOW_SECONDS };
      const memory = new RateLimiterMemory(options);
      const client = redis.client;
      const limiter = client
        ? new RateLimiterRedis({ ...options, storeClient: client, insuranceLimiter: memory })
        : memory;
      return { points, limiter };
    };
    this.limiters = {
      token: build('token', settings.rateLimitToken),
      public: build('public', settings.rateLimitPublic),
    };
  }

  /**
   * Counts one request of `key` and says so in the headers of draft-ietf-httpapi-ratelimit-headers.
   * @throws {TooManyRequests}
   */
  async take(name: Limit, key: string, reply: FastifyReply): Promise<void> {
    const limit = this.limiters[name];
    if (limit === undefined) return;
    // The key may be a token, and must not rest in Redis as it is.
    const hashed = createHash('sha256').update(key).digest('base64url');
    const result = await limit.limiter.consume(hashed).catch((thrown: unknown) => {
      if (thrown instanceof RateLimiterRes) return thrown;
      throw thrown;
    });
    const seconds = Math.max(1, Math.ceil(result.msBeforeNext / 1000));
    const remaining = Math.max(0, result.remainingPoints);
    void reply.headers({
      'ratelimit-policy': `"${name}";q=${limit.points};w=${WINDOW_SECONDS}`,
      ratelimit: `"${name}";r=${remaining};t=${seconds}`,
    });
    if (result.consumedPoints > limit.points) throw new TooManyRequests(seconds);
  }
}

interface Limiter {
  consume(key: string): Promise<RateLimiterRes>;
}
