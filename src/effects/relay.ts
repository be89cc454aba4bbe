import { Injectable } from '@nestjs/common';
import { Clock } from '../platform/clock.js';
import { Database } from '../platform/database/database.js';
import { NUMBERS_LOCK } from '../events/events.sql.js';
import { JobQueue, type NewJob } from '../platform/queue/queue.js';
import { WebhooksRepository } from '../webhooks/webhooks.repository.js';
import { EFFECTS } from './effects.js';
import { EffectsRepository, type WaitingEffect, type WaitingWork } from './effects.repository.js';

// Events that are dispatched in one transaction, and effects that are added to the queue at once.
const BATCH = 1_000;
// How long an effect may stay open before it is enqueued again. Longer than the longest attempt, or
// a slow mail server would get its mails twice.
const STALE_MS = 120_000;
// How long a worker may take to enqueue a batch before another worker takes it over. Longer than the
// time limit of the queue.
const CLAIM_MS = 30_000;

/**
 * Hands events on, in order. Every committed event is eventually dispatched, even after a crash: it
 * stays in the outbox until the transaction that numbers it and records its effects and webhook
 * messages commits. The first step does that, which needs only PostgreSQL. The second step enqueues
 * the effects. Each step has its own loop, so that no webhook waits for a queue that is down. After a
 * crash between the two, the same jobs are added again with the same ids, which the queue ignores.
 */
@Injectable()
export class Relay {
  constructor(
    private readonly database: Database,
    private readonly effects: EffectsRepository,
    private readonly queue: JobQueue,
    private readonly webhooks: WebhooksRepository,
    private readonly clock: Clock,
  ) {}

  /** Runs both steps for one batch each. @returns how much they did; call again while it is not 0. */
  async runOnce(): Promise<number> {
    return (await this.dispatch()) + (await this.enqueue());
  }

  /**
   * Dispatches and numbers a batch of events. One worker dispatches at a time, which keeps the order;
   * the others return at once.
   * @returns how many events left the outbox; call again while it is not 0.
   */
  dispatch(): Promise<number> {
    return this.database.transaction(async () => {
      if (!(await this.database.tryLockName('relay'))) return 0;
      // A request that numbers events holds this lock for one statement.
      await this.database.lockName(...NUMBERS_LOCK);
      const now = this.clock.now();
      const taken = await this.effects.take(BATCH, now);
      const events = taken.filter(({ is_open }) => is_open);
      const effects = events.flatMap((event) =>
        EFFECTS[event.type](event).map((effect) => ({ event_id: event.id, effect })),
      );
      if (effects.length > 0) await this.effects.insertReceipts(effects);
      if (events.length > 0) {
        const ids = events.map((event) => event.id);
        await this.webhooks.enqueue(ids, now);
      }
      return taken.length;
    });
  }

  /** Finds the work that waits: one statement for an idle worker. */
  findWaiting(): Promise<WaitingWork> {
    return this.effects.findWaiting(new Date(this.clock.now().getTime() - STALE_MS));
  }

  /**
   * Enqueues a batch of effects: those that were never enqueued, and those that have been open for
   * too long, because the queue may have lost its data. An effect that is still queued keeps its
   * place.
   *
   * No transaction is open during this: a slow queue would block a connection and locks.
   * @returns how many effects were enqueued; call again while it is not 0.
   * @throws the queue's error. The effects stay free for the next turn.
   */
  async enqueue(): Promise<number> {
    const now = this.clock.now();
    // If this worker dies before it has added them, they become stale after CLAIM_MS.
    const claimedAt = new Date(now.getTime() - STALE_MS + CLAIM_MS);
    const stale = new Date(now.getTime() - STALE_MS);
    const claimed = await this.effects.claimWaiting(stale, claimedAt, BATCH);
    if (claimed.length === 0) return 0;
    try {
      await this.queue.add(claimed.map(jobOf));
    } catch (error) {
      await this.effects.endClaim(claimed, claimedAt, null);
      throw error;
    }
    await this.effects.endClaim(claimed, claimedAt, now);
    return claimed.length;
  }
}

function jobOf({ event_id, effect }: WaitingEffect): NewJob {
  return { name: effect, id: `${effect}-${event_id}`, payload: { event_id } };
}
