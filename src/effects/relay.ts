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
 * Hands events on to the queue, in their order. Nothing else enqueues: an event that is committed
 * is dispatched in the end, whatever dies in between. After a crash between enqueueing and commit
 * the same jobs are added again under the same ids, which the queue ignores.
 */
@Injectable()
export class Relay {
  constructor(
    private readonly database: Database,
    private readonly queue: JobQueue,
    private readonly webhooks: WebhooksRepository,
    private readonly clock: Clock,
  ) {}

  /** Dispatches one batch. @returns how many events; call again while it is not 0. */
  runOnce(): Promise<number> {
    return this.database.transaction(async () => {
      const events = await this.database.query<OutboxEvent>(sql`
        SELECT id, type, invites FROM events WHERE dispatched_at IS NULL
        ORDER BY position LIMIT ${BATCH} FOR UPDATE SKIP LOCKED`);
      if (events.length === 0) return 0;
      const now = this.clock.now();
      const effects = events.flatMap((event) =>
        EFFECTS[event.type](event).map((effect) => ({ event_id: event.id, effect })),
      );
      if (effects.length > 0) {
        await this.database.db.effects.createMany({
          data: effects.map((row) => ({ ...row, enqueued_at: now })),
          skipDuplicates: true,
        });
        await this.queue.add(effects.map(jobOf));
      }
      const ids = events.map((event) => event.id);
      await this.webhooks.enqueue(ids, now);
      await this.database.query(sql`
        UPDATE events SET dispatched_at = ${now}::timestamptz
        WHERE id = ANY(${ids}::uuid[])`);
      return events.length;
    });
  }

  /**
   * Puts effects that have been open for too long into the queue again: it may have been wiped. One
   * that is still in the queue keeps its place.
   * @returns how many.
   */
  sweepOnce(): Promise<number> {
    return this.database.transaction(async () => {
      const now = this.clock.now();
      const stale = await this.database.query<{ event_id: string; effect: Effect }>(sql`
        UPDATE effects SET enqueued_at = ${now}::timestamptz
        WHERE (event_id, effect) IN (
          SELECT event_id, effect FROM effects
          WHERE done_at IS NULL AND enqueued_at < ${new Date(now.getTime() - STALE_MS)}::timestamptz
          ORDER BY enqueued_at LIMIT ${BATCH} FOR UPDATE SKIP LOCKED)
        RETURNING event_id, effect`);
      await this.queue.add(stale.map(jobOf));
      return stale.length;
    });
  }
}

function jobOf({ event_id, effect }: { event_id: string; effect: Effect }): NewJob {
  return { name: effect, id: `${effect}-${event_id}`, payload: { event_id } };
}
