import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { eventData } from '../events/events.dto.js';
import { Clock } from '../platform/clock.js';
import { Settings } from '../platform/config.js';
import { Keys } from '../platform/crypto.js';
import { type OutboundAnswer, post } from '../platform/net/outbound.js';
import {
  DISABLED,
  GIVE_UP_AFTER_MS,
  KEPT_RESPONSE_BYTES,
  retryAfterSeconds,
  retryDelay,
  signedHeaders,
  TIMEOUT_MS,
} from './webhook.js';
import { type DueMessage, type Try, WebhooksRepository } from './webhooks.repository.js';

// At most this many calls in hand: of one endpoint over all workers, and of this process.
const PER_ENDPOINT = 8;
const PER_PROCESS = 200;
// While calls are in hand, what becomes due meanwhile is looked for this often.
const LOOK_AGAIN_MS = 250;
// Longer than a call can take: a lease that runs out means that its worker has died.
const LEASE_MS = 1.5 * TIMEOUT_MS;

/**
 * Sends what is due. PostgreSQL is the queue here: a message and the record of its tries stand in
 * one place, survive everything that the events survive, and wait for days where they have to.
 */
@Injectable()
export class Deliverer {
  private readonly inHand = new Set<Promise<void>>();

  constructor(
    private readonly webhooks: WebhooksRepository,
    private readonly keys: Keys,
    private readonly clock: Clock,
    private readonly settings: Settings,
  ) {}

  /** Starts what is due, without waiting for it to end. @returns how many calls were started. */
  async start(): Promise<number> {
    const limit = PER_PROCESS - this.inHand.size;
    if (limit <= 0) return 0;
    const leased = { limit, perEndpoint: PER_ENDPOINT, leaseMs: LEASE_MS };
    const messages = await this.webhooks.lease(this.clock.now(), leased);
    for (const message of messages) {
      const call = this.deliver(message)
        // Not written down: the lease runs out, and it is tried again under the same id.
        .catch((error: unknown) => Logger.warn(`${message.event_id}: ${String(error)}`, 'Webhooks'))
        .finally(() => this.inHand.delete(call));
      this.inHand.add(call);
    }
    return messages.length;
  }

  /**
   * A turn of the worker's loop: starts what is due, or waits for room.
   * @returns whether there may be more to do right now.
   */
  async turn(): Promise<boolean> {
    if ((await this.start()) > 0) return true;
    if (this.inHand.size === 0) return false;
    await Promise.race([...this.inHand, sleep(LOOK_AGAIN_MS)]);
    return true;
  }

  /** Resolves when the calls in hand have ended. */
  async finish(): Promise<void> {
    await Promise.all(this.inHand);
  }

  /** Sends what is due now and waits for it: how tests drive it. */
  async runOnce(): Promise<number> {
    const started = await this.start();
    await this.finish();
    return started;
  }

  private async deliver(message: DueMessage): Promise<void> {
    if (!message.wanted) return this.webhooks.drop(message);
    const begun = performance.now();
    const outcome = await this.call(message).catch((error: unknown) => error);
    const duration_ms = Math.round(performance.now() - begun);
    const now = this.clock.now();
    const tried = toTry(message, outcome, duration_ms, now);
    const giveUpBefore = new Date(now.getTime() - GIVE_UP_AFTER_MS);
    await this.webhooks.settle(message, tried, giveUpBefore, now);
  }

  private async call(message: DueMessage): Promise<OutboundAnswer> {
    const body = bodyOf(message);
    const secrets = message.sealed.flatMap((sealed) => this.open(sealed));
    // A try like any other: it is written down, and comes again on the schedule.
    if (secrets.length === 0) throw new Error('the secret cannot be read; rotate it');
    const timestamp = Math.floor(this.clock.now().getTime() / 1000);
    return post(message.url, {
      body,
      headers: signedHeaders(message.event_id, timestamp, body, secrets),
      timeoutMs: TIMEOUT_MS,
      keepBytes: KEPT_RESPONSE_BYTES,
      allowPrivate: this.settings.webhookAllowPrivate,
      allowHttp: !this.settings.production,
    });
  }

  /** No secret where no key opens the seal. */
  private open(sealed: string): string[] {
    try {
      return [this.keys.decrypt('webhook-secret', sealed)];
    } catch (error) {
      Logger.error(String(error), 'Webhooks');
      return [];
    }
  }
}

/** What a receiver gets: of seats the wire's CustomerSeat, for a revoke with the person it had. */
function bodyOf(message: DueMessage): string {
  const { event_type: type, created_at, seat_id, data, sample } = message;
  return JSON.stringify({
    type,
    timestamp: created_at.toISOString(),
    data: sample ?? eventData({ seat_id, data: data ?? {} }),
  });
}

function toTry(message: DueMessage, outcome: unknown, duration_ms: number, now: Date): Try {
  const answer = isAnswer(outcome) ? outcome : undefined;
  const succeeded = answer !== undefined && answer.status >= 200 && answer.status < 300;
  const asked = retryAfterSeconds(answer?.retryAfter, now);
  const delay = succeeded ? undefined : retryDelay(message.attempt + 1, asked, Math.random());
  return {
    succeeded,
    http_code: answer?.status ?? null,
    response: answer?.text ?? null,
    error: answer === undefined ? reasonOf(outcome) : null,
    duration_ms,
    next_attempt_at: delay === undefined ? null : new Date(now.getTime() + delay),
    disable: answer?.status === 410 ? DISABLED.gone : null,
  };
}

function isAnswer(outcome: unknown): outcome is OutboundAnswer {
  return typeof outcome === 'object' && outcome !== null && 'status' in outcome;
}

function reasonOf(error: unknown): string {
  const { name = '', code = '', message = '' } = error as Record<string, string | undefined>;
  if (name === 'TimeoutError' || name === 'AbortError') return 'no answer within 10 seconds';
  // Where several addresses failed there is a code and no message.
  return (message || code || name).slice(0, 500);
}
