import { Injectable } from '@nestjs/common';
import { Prisma } from '../generated/prisma/client.js';
import { Database, sql } from '../platform/database/database.js';
import type { Actor } from '../platform/caller.js';
import type { SeatRow } from '../seats/seats.sql.js';
import type { EventType } from './event.js';
import { numberEvents, NUMBERS_LOCK, outboxBatch } from './events.sql.js';

export interface EventRow {
  id: string;
  /** Sort key. A string, because it can exceed the safe integers of JavaScript. */
  sequence: string;
  type: EventType;
  created_at: Date;
  actor_type: Actor['type'];
  actor_id: string | null;
  request_id: string | null;
  reason: string | null;
  replaced_by: string | null;
  seat_id: string | null;
  subscription_id: string | null;
  order_id: string | null;
  data: SeatRow | Record<string, unknown>;
}

export interface EventFilters {
  type?: string[];
  seat_id?: string;
  subscription_id?: string;
  order_id?: string;
  order?: 'asc' | 'desc';
}

/** How far the events of the previous release are carried over. */
interface CarriedOver {
  last: string;
  organization_id: string;
  sequence: string;
}

// A few hundredths of a second of work, so that nothing waits long behind it.
const CARRY_OVER_BATCH = 2_000;
// Numbering this many events takes a few hundredths of a second, which a reader can afford.
const BATCH = 1_000;

@Injectable()
export class EventsRepository {
  /** Whether the stream has all events of the previous release. It stays true. */
  private isCarriedOver = false;

  constructor(private readonly database: Database) {}

  /** Events that have a number, in the order of their numbers. */
  async list(
    organizationId: string,
    filters: EventFilters,
    { after, limit }: { after: string | undefined; limit: number },
  ): Promise<EventRow[]> {
    const { type, seat_id, subscription_id, order_id } = filters;
    const direction = filters.order === 'desc' ? sql`DESC` : sql`ASC`;
    const beyond = filters.order === 'desc' ? sql`<` : sql`>`;
    const conditions = [
      sql`organization_id = ${organizationId}::uuid`,
      type && sql`type = ANY(${type}::text[])`,
      seat_id && sql`seat_id = ${seat_id}::uuid`,
      subscription_id && sql`subscription_id = ${subscription_id}::uuid`,
      order_id && sql`order_id = ${order_id}::uuid`,
      after && sql`sequence ${beyond} ${after}::bigint`,
    ].filter((condition) => condition !== undefined && condition !== '');
    const matching = Prisma.join(conditions, ' AND ');
    const last = await this.lastToCarryOver();
    const source =
      last === undefined
        ? sql`(SELECT event_id, sequence FROM event_stream WHERE ${matching})`
        : sql`(
            (SELECT id AS event_id, sequence FROM events
              WHERE ${matching} AND sequence IS NOT NULL AND sequence <= ${last}::bigint
              ORDER BY sequence ${direction} LIMIT ${limit})
            UNION ALL
            (SELECT event_id, sequence FROM event_stream
              WHERE ${matching} AND sequence > ${last}::bigint
              ORDER BY sequence ${direction} LIMIT ${limit}))`;
    // OFFSET 0 keeps the planner from joining the whole tables: it looks up the events of the page.
    // The table name makes the sort key the bigint column: as a string, 10 sorts before 9.
    return this.database.query<EventRow>(sql`
      SELECT event.id, stream.sequence::text, event.type, event.created_at, event.actor_type,
        event.actor_id, event.request_id, event.reason, event.replaced_by, event.seat_id,
        event.subscription_id, event.order_id, event.data
      FROM ${source} stream
      CROSS JOIN LATERAL (SELECT * FROM events WHERE id = stream.event_id OFFSET 0) event
      ORDER BY stream.sequence ${direction} LIMIT ${limit}`);
  }

  /**
   * The last number of the previous release, while a worker still carries over its events. Until
   * then, events with these numbers are listed from the events themselves.
   */
  private async lastToCarryOver(): Promise<string | undefined> {
    if (this.isCarriedOver) return undefined;
    const [row] = await this.database.query<{ last: string }>(sql`
      SELECT last_sequence::text AS last FROM event_carry_over`);
    this.isCarriedOver = row === undefined;
    return row?.last;
  }

  /**
   * Numbers at most one batch before a read, without waiting for other processes.
   * @returns whether every visible event has a number now.
   */
  async catchUp(): Promise<boolean> {
    if (!(await this.hasUnnumbered())) return true;
    await this.number();
    return !(await this.hasUnnumbered());
  }

  /**
   * Whether a visible event has no number. The ORDER BY makes PostgreSQL use the index. Without it,
   * statistics from a busy moment suggest that many events match, and PostgreSQL scans the table.
   */
  async hasUnnumbered(): Promise<boolean> {
    const rows = await this.database.query(sql`
      SELECT 1 AS found FROM outbox WHERE NOT numbered ORDER BY position LIMIT 1`);
    return rows.length > 0;
  }

  /**
   * Numbers a batch of events in the order of their positions, and never waits. The relay does the
   * same when it hands events on; this serves readers when the relay is behind, or not running. The
   * events stay in the outbox for the relay.
   *
   * A writer that waited for a change, or acted on it, has a higher position, and its event is not
   * visible without the earlier one. One process numbers at a time. So events become visible in the
   * order of their numbers, and none appears behind a cursor. The statement that assigns the numbers
   * starts after the one that takes the lock, so it sees what the previous process has numbered.
   * @returns how many were numbered: a full batch if there may be more, 0 while another process
   *   numbers.
   */
  number(): Promise<number> {
    return this.database.transaction(async () => {
      if (!(await this.database.tryLockName(...NUMBERS_LOCK))) return 0;
      const rows = await this.database.query(sql`
        WITH batch AS MATERIALIZED (${outboxBatch(sql`NOT numbered`, BATCH)}),
        numbered AS (${numberEvents(sql`batch`)})
        UPDATE outbox SET numbered = true WHERE ctid = ANY(ARRAY(SELECT place FROM batch))
        RETURNING position::text`);
      return rows.length;
    });
  }

  /**
   * Carries over a batch of events that the previous release numbered into the stream, with their
   * numbers. One worker does it at a time. The listing does not depend on how far it is.
   * @returns whether there may be more to carry over.
   */
  carryOver(): Promise<boolean> {
    return this.database.transaction(async () => {
      const [at] = await this.database.query<CarriedOver>(sql`
        SELECT last_sequence::text AS last, organization_id, sequence::text FROM event_carry_over
        FOR UPDATE SKIP LOCKED`);
      if (at === undefined) return false;
      const rows = await this.database.query(sql`
        WITH batch AS MATERIALIZED (
          SELECT sequence, organization_id, id, type, seat_id, subscription_id, order_id FROM events
          WHERE (organization_id, sequence) > (${at.organization_id}::uuid, ${at.sequence}::bigint)
            AND sequence IS NOT NULL AND sequence <= ${at.last}::bigint
          ORDER BY organization_id, sequence LIMIT ${CARRY_OVER_BATCH}
        ), inserted AS (
          INSERT INTO event_stream
            (sequence, organization_id, event_id, type, seat_id, subscription_id, order_id)
          SELECT * FROM batch
        ), last AS (
          SELECT organization_id, sequence FROM batch
          ORDER BY organization_id DESC, sequence DESC LIMIT 1
        )
        UPDATE event_carry_over SET organization_id = last.organization_id, sequence = last.sequence
        FROM last RETURNING last.sequence::text`);
      if (rows.length > 0) return true;
      await this.database.query(sql`DELETE FROM event_carry_over`);
      return false;
    });
  }
}
