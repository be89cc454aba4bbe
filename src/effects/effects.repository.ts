import { Injectable } from '@nestjs/common';
import { systemCaller } from '../platform/caller.js';
import { Database, sql } from '../platform/database/database.js';
import { numberEvents, outboxBatch } from '../events/events.sql.js';
import { UNDISPATCHED, writeEvents } from '../platform/outbox/outbox.js';
import { SEAT_COLUMNS, SEAT_JOINS } from '../seats/seats.sql.js';
import { NEXT_ATTEMPT } from '../webhooks/webhooks.sql.js';
import { type Effect, EFFECTS, type OutboxEvent } from './effects.js';

/** An effect that is not done yet. */
export interface WaitingEffect {
  event_id: string;
  effect: Effect;
}

/** An effect that has ended. */
export interface EndedEffect extends WaitingEffect {
  outcome: string;
}

/** An event that the relay has taken out of the outbox. */
export interface TakenEvent extends OutboxEvent {
  /**
   * Whether this relay should dispatch it. False if the relay of the previous release already has, or
   * if it is left to a later release.
   */
  is_open: boolean;
}

const KNOWN_TYPES = Object.keys(EFFECTS);
/** A condition over a row of the outbox: it is not left to a later release. */
const NOT_LEFT = sql`NOT EXISTS (
  SELECT FROM events WHERE id = event_id AND type <> ALL(${KNOWN_TYPES}::text[]))`;

/** The work that waits for a worker. */
export interface WaitingWork {
  /** Whether events are in the outbox. */
  events: boolean;
  /** Whether effects are to be added to the queue. */
  effects: boolean;
  /** When the next webhook is due; null if none waits. */
  next_webhook: Date | null;
}

/** The SQL of the outbox and of the receipts of effects. */
@Injectable()
export class EffectsRepository {
  constructor(private readonly database: Database) {}

  /**
   * Takes the first events out of the outbox, and numbers those that have no number. Joins the
   * relay's transaction, which holds the locks of the relay and of the numbers.
   *
   * Event types that this release does not know are numbered, and stay in the outbox for the release
   * that wrote them.
   * @returns the events, in the order of writing; call again while there are any.
   * @throws {Error} outside of a transaction.
   */
  async take(limit: number, now: Date): Promise<TakenEvent[]> {
    this.database.requireTransaction();
    return this.database.query<TakenEvent>(sql`
      WITH batch AS MATERIALIZED (
        SELECT *, id IS NULL OR type = ANY(${KNOWN_TYPES}::text[]) AS is_known FROM (
          (${outboxBatch(sql`numbered AND ${NOT_LEFT}`, limit)})
          UNION ALL (${outboxBatch(sql`NOT numbered`, limit)})
          LIMIT ${limit}
        ) waiting
      ), stream AS (${numberEvents(sql`batch`)}),
      kept AS (
        UPDATE outbox SET numbered = true
        WHERE ctid = ANY(ARRAY(SELECT place FROM batch WHERE NOT is_known))
      ), taken AS (
        DELETE FROM outbox WHERE ctid = ANY(ARRAY(SELECT place FROM batch WHERE is_known))
      ), marked AS (
        -- Keeps the relay of the previous release from dispatching an event that it wrote.
        UPDATE events SET dispatched_at = ${now}::timestamptz WHERE id = ANY(ARRAY(
          SELECT id FROM batch WHERE id IS NOT NULL AND is_known AND dispatched_at IS NULL))
      )
      SELECT id, type, invites, is_known AND ${UNDISPATCHED} AS is_open
      FROM batch WHERE id IS NOT NULL ORDER BY position`);
  }

  /** Writes an open receipt for each effect; an effect that has one keeps it. */
  async insertReceipts(effects: WaitingEffect[]): Promise<void> {
    await this.database.query(sql`
      INSERT INTO effects (event_id, effect)
      SELECT * FROM unnest(${effects.map(({ event_id }) => event_id)}::uuid[],
        ${effects.map(({ effect }) => effect)}::text[])
      ON CONFLICT DO NOTHING`);
  }

  /**
   * Finds the work that waits, in one statement, so that an idle worker has one thing to ask.
   * @param stale when effects that are still open are to be enqueued again.
   */
  async findWaiting(stale: Date): Promise<WaitingWork> {
    const [row] = await this.database.query<WaitingWork>(sql`
      SELECT EXISTS (SELECT FROM outbox WHERE NOT numbered)
          OR EXISTS (SELECT FROM outbox WHERE numbered AND ${NOT_LEFT}) AS events,
        EXISTS (SELECT FROM effects WHERE done_at IS NULL AND enqueued_at IS NULL)
          OR EXISTS (SELECT FROM effects WHERE done_at IS NULL
            AND enqueued_at < ${stale}::timestamptz) AS effects,
        (${NEXT_ATTEMPT}) AS next_webhook`);
    return row as WaitingWork;
  }

  /**
   * Claims open effects that were never enqueued, or not since `stale`. The rows are found by the index
   * of open effects and changed by their place in the table. A join would read all receipts.
   */
  claimWaiting(stale: Date, claimedAt: Date, limit: number): Promise<WaitingEffect[]> {
    return this.database.query<WaitingEffect>(sql`
      WITH never AS MATERIALIZED (
        SELECT ctid FROM effects WHERE done_at IS NULL AND enqueued_at IS NULL
        LIMIT ${limit} FOR UPDATE SKIP LOCKED
      ), again AS MATERIALIZED (
        SELECT ctid FROM effects WHERE done_at IS NULL AND enqueued_at < ${stale}::timestamptz
        ORDER BY enqueued_at LIMIT ${limit} - (SELECT count(*) FROM never) FOR UPDATE SKIP LOCKED
      )
      UPDATE effects SET enqueued_at = ${claimedAt}::timestamptz
      WHERE ctid = ANY(ARRAY(SELECT ctid FROM never UNION ALL SELECT ctid FROM again))
      RETURNING event_id, effect`);
  }

  /**
   * Ends a claim, unless another worker has taken it over, or the effect is done by now. Finds the
   * rows by the time of the claim, which the index of open effects contains. Skips receipts that are
   * being closed: waiting for them could deadlock with {@link close}.
   * @param at the time of enqueueing; null when the queue did not take the effects.
   */
  async endClaim(claimed: WaitingEffect[], claimedAt: Date, at: Date | null): Promise<void> {
    await this.database.query(sql`
      UPDATE effects SET enqueued_at = ${at}::timestamptz
      WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM effects
        WHERE done_at IS NULL AND enqueued_at = ${claimedAt}::timestamptz
          AND event_id = ANY(${claimed.map(({ event_id }) => event_id)}::uuid[])
        FOR NO KEY UPDATE SKIP LOCKED))`);
  }

  /** The effects of these events whose receipts are still open. */
  listOpen(eventIds: string[]): Promise<WaitingEffect[]> {
    return this.database.query<WaitingEffect>(sql`
      SELECT event_id, effect FROM effects
      WHERE event_id = ANY(${eventIds}::uuid[]) AND done_at IS NULL`);
  }

  /** Closes receipts. Locks them in one order, or two workers could wait for each other. */
  async close(ended: EndedEffect[], now: Date): Promise<void> {
    await this.database.query(sql`
      WITH ended AS (
        SELECT * FROM unnest(${ended.map(({ event_id }) => event_id)}::uuid[],
          ${ended.map(({ effect }) => effect)}::text[],
          ${ended.map(({ outcome }) => outcome)}::text[]) AS ended (event_id, effect, outcome)
      ), locked AS (
        SELECT event_id, effect FROM effects
        WHERE (event_id, effect) IN (SELECT event_id, effect FROM ended)
        ORDER BY event_id, effect FOR NO KEY UPDATE
      )
      UPDATE effects SET done_at = ${now}::timestamptz, outcome = ended.outcome
      FROM locked JOIN ended USING (event_id, effect)
      WHERE effects.event_id = locked.event_id AND effects.effect = locked.effect`);
  }

  /** Counts a refusal of the mail of an effect. @returns how often it has been refused. */
  async countRefusal(eventId: string, effect: string): Promise<number> {
    const { refusals } = await this.database.db.effect.update({
      where: { event_id_effect: { event_id: eventId, effect } },
      data: { refusals: { increment: 1 } },
    });
    return refusals;
  }

  /**
   * Closes the receipt of an invitation that the mail server refused, and writes the event about
   * it, unless the seat is no longer pending. Only an open receipt is closed, so the event is
   * written once.
   */
  async bounce(eventId: string, effect: string, reason: string, now: Date): Promise<void> {
    const event = await this.database.db.event.findUniqueOrThrow({ where: { id: eventId } });
    const caller = systemCaller(event.organization_id);
    const bounced = { type: sql`'customer_seat.invitation_bounced'`, at: now, reason };
    await this.database.query(sql`
      WITH closed AS (
        UPDATE effects SET done_at = ${now}::timestamptz, outcome = 'bounced'
        WHERE event_id = ${eventId}::uuid AND effect = ${effect} AND done_at IS NULL
        RETURNING event_id
      ), seat_rows AS (
        SELECT ${SEAT_COLUMNS} FROM closed
        JOIN seats seat ON seat.organization_id = ${event.organization_id}::uuid
          AND seat.id = ${event.seat_id}::uuid
        ${SEAT_JOINS}
        WHERE seat.status = 'pending'
      )
      ${writeEvents(caller, sql`seat_rows`, bounced)}`);
  }

  /** The time of an event. */
  async createdAt(eventId: string): Promise<Date> {
    const event = await this.database.db.event.findUniqueOrThrow({ where: { id: eventId } });
    return event.created_at;
  }
}
