import type { KeyObject } from 'node:crypto';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { eventData } from '../events/events.dto.js';
import { Batches } from '../platform/batches.js';
import { Clock } from '../platform/clock.js';
import { Settings } from '../platform/settings.js';
import { Keys } from '../platform/crypto.js';
import { type OutboundAnswer, Outbound } from '../platform/net/outbound.js';
import {
  API_VERSION,
  DISABLED,
  GIVE_UP_AFTER_MS,
  KEPT_RESPONSE_BYTES,
  retryAfterSeconds,
  retryDelay,
  signedHeaders,
  signingKeys,
  TIMEOUT_MS,
} from './webhook.js';
import {
  type Attempt,
  type AttemptResult,
  type DueMessage,
  type SealedSecret,
  WebhooksRepository,
} from './webhooks.repository.js';

// The most calls in flight: to one endpoint from all workers, and from this process.
const PER_ENDPOINT = 16;
const PER_PROCESS = 200;
// While calls are in flight, the worker looks for newly due messages this often.
const LOOK_AGAIN_MS = 250;
// How long an attempt waits for others to be recorded with. The next messages are leased after that.
const RECORD_MS = 5;
// Longer than a call can take, so an expired lease means that its worker has died.
const LEASE_MS = 1.5 * TIMEOUT_MS;

/**
 * Sends messages that are due. PostgreSQL is the queue: messages and their attempts are stored in
 * one place, are as durable as the events, and can wait for days.
 */
@Injectable()
export class Deliverer implements OnApplicationShutdown {
  private readonly inFlight = new Set<Promise<void>>();
  /** Resolved when a call of this turn, or of an earlier one, has ended. */
  private callEnded = Promise.withResolvers<void>();
  private readonly outbound = new Outbound();
  /**
   * Attempts that end while others are being recorded are recorded together. With a backlog, a
   * statement for each would be most of the work.
   */
  private readonly records = new Batches((attempts: Attempt[]) => {
    const now = this.clock.now();
    const giveUpBefore = new Date(now.getTime() - GIVE_UP_AFTER_MS);
    return this.webhooks.recordAttempts(attempts, giveUpBefore, now);
  }, RECORD_MS);

  constructor(
    private readonly webhooks: WebhooksRepository,
    private readonly keys: Keys,
    private readonly clock: Clock,
    private readonly settings: Settings,
  ) {}

  /** Starts the due calls without waiting for them to end. @returns how many were started. */
  async start(): Promise<number> {
    const limit = PER_PROCESS - this.inFlight.size;
    if (limit <= 0) return 0;
    const leased = { limit, perEndpoint: PER_ENDPOINT, leaseMs: LEASE_MS };
    const messages = await this.webhooks.lease(this.clock.now(), leased);
    const batch = new LeasedBatch((message, secret) => this.open(message, secret));
    for (const message of messages) {
      const call = this.deliver(message, batch)
        // Nothing was recorded. The lease expires, and the message is sent again with the same id.
        .catch((error: unknown) => Logger.warn(`${message.event_id}: ${String(error)}`, 'Webhooks'))
        .finally(() => {
          this.inFlight.delete(call);
          this.callEnded.resolve();
        });
      this.inFlight.add(call);
    }
    return messages.length;
  }

  /**
   * One turn of the worker's loop: starts due calls, and waits until a call ends.
   * @returns whether there may be more to do right now.
   */
  async turn(): Promise<boolean> {
    const { promise, resolve } = (this.callEnded = Promise.withResolvers<void>());
    const started = await this.start();
    if (this.inFlight.size === 0) return started > 0;
    const timer = setTimeout(resolve, LOOK_AGAIN_MS);
    await promise;
    clearTimeout(timer);
    return true;
  }

  /** Resolves when the calls in flight have ended. */
  async finish(): Promise<void> {
    await Promise.all(this.inFlight);
  }

  /** Sends the messages that are due now and waits for the calls to end. For tests. */
  async runOnce(): Promise<number> {
    const started = await this.start();
    await this.finish();
    return started;
  }

  private async deliver(message: DueMessage, batch: LeasedBatch): Promise<void> {
    if (!message.sendable) return this.webhooks.drop(message);
    const startedAt = performance.now();
    const outcome = await this.call(message, batch).catch((error: unknown) => error);
    const duration_ms = Math.round(performance.now() - startedAt);
    const result = toResult(message, outcome, duration_ms, this.clock.now());
    await this.records.add({ message, result });
  }

  /** Nest calls it after the calls in flight have ended. */
  onApplicationShutdown(): void {
    this.outbound.close();
  }

  private async call(message: DueMessage, batch: LeasedBatch): Promise<OutboundAnswer> {
    const body = batch.bodyOf(message);
    const keys = await batch.keysOf(message);
    // This is a failed attempt like any other: it is recorded and retried on the schedule.
    if (keys.length === 0) throw new Error('the secret cannot be read; rotate it');
    const timestamp = Math.floor(this.clock.now().getTime() / 1000);
    return this.outbound.post(message.url, {
      body,
      headers: signedHeaders(message.event_id, timestamp, body, keys),
      timeoutMs: TIMEOUT_MS,
      keepBytes: KEPT_RESPONSE_BYTES,
      allowPrivate: this.settings.webhookAllowPrivate,
      allowHttp: !this.settings.production,
    });
  }

  /**
   * Decrypts a secret. A secret that an older key encrypted is stored again under the first key, so
   * that the older key can be removed from the settings.
   * @returns undefined if no key decrypts it.
   */
  private async open(message: DueMessage, secret: SealedSecret): Promise<string | undefined> {
    try {
      const text = this.keys.decrypt('webhook-secret', secret.sealed);
      if (secret.key_id !== this.keys.firstId) await this.reseal(message, secret, text);
      return text;
    } catch (error) {
      Logger.error(String(error), 'Webhooks');
      return undefined;
    }
  }

  /** Stores the secret under the first key. A failure does not fail the delivery. */
  private async reseal(message: DueMessage, secret: SealedSecret, text: string): Promise<void> {
    const sealed = this.keys.encrypt('webhook-secret', text);
    const renewed = { sealed, key_id: this.keys.firstId };
    await this.webhooks
      .reseal(message.organization_id, secret, renewed)
      .catch((error: unknown) =>
        Logger.warn(`could not store a re-encrypted secret: ${String(error)}`, 'Webhooks'),
      );
  }
}

/** Bodies of events and keys of endpoints, which the messages of one lease share. */
class LeasedBatch {
  private readonly bodies = new Map<string, string>();
  private readonly keys = new Map<string, Promise<KeyObject[]>>();

  constructor(
    private readonly open: (
      message: DueMessage,
      secret: SealedSecret,
    ) => Promise<string | undefined>,
  ) {}

  bodyOf(message: DueMessage): string {
    const body = this.bodies.get(message.event_id) ?? bodyOf(message);
    this.bodies.set(message.event_id, body);
    return body;
  }

  /** The keys of the endpoint's secrets that can be decrypted, newest first. */
  keysOf(message: DueMessage): Promise<KeyObject[]> {
    const keys = this.keys.get(message.endpoint_id) ?? this.openAll(message);
    this.keys.set(message.endpoint_id, keys);
    return keys;
  }

  private async openAll(message: DueMessage): Promise<KeyObject[]> {
    const opened = await Promise.all(message.secrets.map((each) => this.open(message, each)));
    return opened.filter((text) => text !== undefined).flatMap(signingKeys);
  }
}

/** The JSON body of a delivery. For seats, `data` is a CustomerSeat as the API returns it. */
function bodyOf(message: DueMessage): string {
  const { event_type: type, created_at, seat_id, data, sample } = message;
  return JSON.stringify({
    type,
    timestamp: created_at.toISOString(),
    api_version: API_VERSION,
    data: sample ?? eventData({ seat_id, data: data ?? {} }),
  });
}

function toResult(
  message: DueMessage,
  outcome: unknown,
  duration_ms: number,
  now: Date,
): AttemptResult {
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
    created_at: now,
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
  // An error about several failed addresses has a code and no message.
  return (message || code || name).slice(0, 500).replaceAll('\0', '').toWellFormed();
}
