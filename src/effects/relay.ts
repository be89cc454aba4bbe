import { Injectable } from '@nestjs/common';
import { Clock } from '../platform/clock.js';
import { Database, sql } from '../platform/database/database.js';
import { JobQueue, type NewJob } from '../platform/queue/queue.js';
import { WebhooksRepository } from '../webhooks/webhooks.repository.js';
import { type Effect, EFFECTS, type OutboxEvent } from './effects.js';

const BATCH = 200;
// How long an effect may stay open before it is put into the queue again. Longer than the longest
// single try, or a slow mail server would get its mails twice.
const STALE_MS = 120_000;

/**
 * Hands events on, in their order. Nothing else does: an event that is committed is dispatched in the
 * end, whatever dies in between. First come the effects and the messages that follow from it, which
 * need PostgreSQL alone, so that no webhook waits for a queue that is down; then the effects go into
 * the queue. After a crash in between the same jobs are added again under the same ids, which the
 * queue ignores.
 */
@Injectable()
export class Relay {
  constructor(
    private readonly database: Database,
    private readonly queue: JobQueue,
    private readonly webhooks: WebhooksRepository,
    private readonly clock: Clock,
  ) {}

  /** Hands on a batch. @returns how much there was; call again while it is not 0. */
  async runOnce(): Promise<number> {
    return (await this.dispatch()) + (await this.enqueue());
  }

  /**
   * Writes down what follows from a batch of events, unless another worker is at it: one at a time,
   * so that they are handed on in their order. One of a type that this release does not know stays
   * for the release that wrote it.
   */
  private dispatch(): Promise<number> {
    return this.database.transaction(async () => {
      if (!(await this.database.tryLockName('relay'))) return 0;
      const events = await this.database.query<OutboxEvent>(sql`
        SELECT id, type, invites FROM events
        WHERE dispatched_at IS NULL AND type = ANY(${Object.keys(EFFECTS)}::text[])
        ORDER BY position LIMIT ${BATCH}`);
      if (events.length === 0) return 0;
      const now = this.clock.now();
      const effects = events.flatMap((event) =>
        EFFECTS[event.type](event).map((effect) => ({ event_id: event.id, effect })),
      );
      await this.database.query(sql`
        INSERT INTO effects (event_id, effect)
        SELECT * FROM unnest(${effects.map(({ event_id }) => event_id)}::uuid[],
          ${effects.map(({ effect }) => effect)}::text[])
        ON CONFLICT DO NOTHING`);
      const ids = events.map((event) => event.id);
      await this.webhooks.enqueue(ids, now);
      // Locked in the order in which they are numbered, or the two could wait for each other.
      await this.database.query(sql`
        WITH handed AS (
          SELECT id FROM events WHERE id = ANY(${ids}::uuid[])
          ORDER BY position FOR NO KEY UPDATE
        )
        UPDATE events SET dispatched_at = ${now}::timestamptz
        FROM handed WHERE events.id = handed.id`);
      return events.length;
    });
  }

  /**
   * Puts a batch of effects into the queue: those that were never there, and those that have been
   * open for too long, since it may have been wiped. One that is still in it keeps its place.
   */
  private enqueue(): Promise<number> {
    return this.database.transaction(async () => {
      const now = this.clock.now();
      const waiting = await this.database.query<{ event_id: string; effect: Effect }>(sql`
        UPDATE effects SET enqueued_at = ${now}::timestamptz
        WHERE (event_id, effect) IN (
          SELECT event_id, effect FROM effects
          WHERE done_at IS NULL AND (enqueued_at IS NULL
            OR enqueued_at < ${new Date(now.getTime() - STALE_MS)}::timestamptz)
          ORDER BY enqueued_at NULLS FIRST LIMIT ${BATCH} FOR UPDATE SKIP LOCKED)
        RETURNING event_id, effect`);
      if (waiting.length > 0) await this.queue.add(waiting.map(jobOf));
      return waiting.length;
    });
  }
}

function jobOf({ event_id, effect }: { event_id: string; effect: Effect }): NewJob {
  return { name: effect, id: `${effect}-${event_id}`, payload: { event_id } };
}
