import { Injectable } from '@nestjs/common';
import { TokenAuthenticator } from '../organizations/tokens.authenticator.js';
import { Database } from '../platform/database/database.js';
import { Draining } from '../platform/http/draining.js';
import { RateLimits } from '../platform/http/rate-limit.js';
import { Metrics } from '../platform/metrics.js';
import { WakeUps } from '../platform/outbox/wake-ups.js';
import { SessionAuthenticator } from '../sessions/sessions.authenticator.js';

/** The dependencies of the Fastify hooks. Nest cannot inject them into hooks directly. */
@Injectable()
export class HookDependencies {
  constructor(
    readonly database: Database,
    readonly draining: Draining,
    readonly limits: RateLimits,
    readonly metrics: Metrics,
    readonly tokens: TokenAuthenticator,
    readonly sessions: SessionAuthenticator,
    readonly wakeUps: WakeUps,
  ) {}
}
