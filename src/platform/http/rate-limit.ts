import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { Settings } from '../settings.js';
import { TooManyRequests } from '../errors.js';
import { RedisConnection } from '../queue/redis.js';

const WINDOW_SECONDS = 60;
// Wrong tokens per address. Enough for typing errors, and too few to guess a token.
const WRONG_TOKENS = 20;

export type Limit = 'token' | 'public' | 'wrong-token';

/** The state of a limit after a request was counted. */
export interface Usage {
  /** Whether the request is one too many. */
  exceeded: boolean;
  /** Seconds until the window ends. */
  seconds: number;
  /** The headers of draft-ietf-httpapi-ratelimit-headers. */
  headers: Record<string, string>;
}

/**
 * Limits per minute: the requests of an organization or a session, the requests of an address without
 * a token, and the wrong tokens of an address. Addresses are those of {@link clientAddress}. With
 * Redis, all processes share the counts. Without it, or while it is down, each process counts
 * separately.
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
      'wrong-token': build('wrong-token', settings.rateLimitPublic === 0 ? 0 : WRONG_TOKENS),
    };
  }

  /** Counts one request of `key` and sets the RateLimit headers. @throws {TooManyRequests} */
  async take(name: Limit, key: string, reply: FastifyReply): Promise<void> {
    const usage = await this.count(name, key);
    if (usage === undefined) return;
    void reply.headers(usage.headers);
    if (usage.exceeded) throw new TooManyRequests(usage.seconds);
  }

  /** Counts one request of `key`; undefined when this limit is switched off. */
  async count(name: Limit, key: string): Promise<Usage | undefined> {
    const limit = this.limiters[name];
    if (limit === undefined) return undefined;
    const result = await limit.limiter.consume(hashed(key)).catch((thrown: unknown) => {
      if (thrown instanceof RateLimiterRes) return thrown;
      throw thrown;
    });
    const seconds = Math.max(1, Math.ceil(result.msBeforeNext / 1000));
    const remaining = Math.max(0, result.remainingPoints);
    return {
      exceeded: result.consumedPoints > limit.points,
      seconds,
      headers: {
        'ratelimit-policy': `"${name}";q=${limit.points};w=${WINDOW_SECONDS}`,
        ratelimit: `"${name}";r=${remaining};t=${seconds}`,
      },
    };
  }

  /** Reverses one {@link count}. */
  async giveBack(name: Limit, key: string): Promise<void> {
    await this.limiters[name]?.limiter.reward(hashed(key));
  }
}

/** Hashes the key, because it may be a token, which must not be stored in Redis in plain text. */
function hashed(key: string): string {
  return createHash('sha256').update(key).digest('base64url');
}

interface Limiter {
  consume(key: string): Promise<RateLimiterRes>;
  reward(key: string): Promise<RateLimiterRes>;
}
