import { Injectable } from '@nestjs/common';
import { Prisma } from '../generated/prisma/client.js';
import { Database, sql } from '../platform/database/database.js';
import type { Actor } from '../platform/http/access.js';
import type { SeatRow } from '../seats/seats.rows.js';
import type { EventType } from './event.js';

export interface EventRow {
  id: string;
  /** Sort key; a text, since it is larger than a number. */
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

// So many events are rewritten in a few hundredths of a second: nobody waits for longer.
const BATCH = 1_000;

@Injectable()
export class EventsRepository {
  constructor(private readonly database: Database) {}

  /** Events that have a number, in the order of their numbers. */
  list(
    organizationId: string,
    filters: EventFilters,
    { after, limit }: { after: string | undefined; limit: number },
  ): Promise<EventRow[]> {
    const { type, seat_id, subscription_id, order_id } = filters;
    const direction = filters.order === 'desc' ? sql`DESC` : sql`ASC`;
    const beyond = filters.order === 'desc' ? sql`<` : sql`>`;
    const conditions = [
      sql`organization_id = ${organizationId}::uuid AND sequence IS NOT NULL`,
      type && sql`type = ANY(${type}::text[])`,
      seat_id && sql`seat_id = ${seat_id}::uuid`,
      subscription_id && sql`subscription_id = ${subscription_id}::uuid`,
      order_id && sql`order_id = ${order_id}::uuid`,
      after && sql`sequence ${beyond} ${after}::bigint`,
    ].filter((condition) => condition !== undefined && condition !== '');
    // Sorted by the column, which must be named with its table: the text would sort 10 before 9.
    return this.database.query<EventRow>(sql`
      SELECT id, sequence::text, type, created_at, actor_type, actor_id, request_id, reason,
        replaced_by, seat_id, subscription_id, order_id, data
      FROM events WHERE ${Prisma.join(conditions, ' AND ')}
      ORDER BY events.sequence ${direction} LIMIT ${limit}`);
  }

  /** Numbers all events that can be seen now. */
  async numberAll(): Promise<void> {
    while (await this.numberNext());
  }

  /**
   * Numbers some of them; costs next to nothing, and waits for nobody, when none is without.
   * @returns whether there may be more.
   */
  async numberNext(): Promise<boolean> {
    return (await this.hasUnnumbered()) && (await this.number()) === BATCH;
  }

  /** Whether an event can be seen that has no number. */
  async hasUnnumbered(): Promise<boolean> {
    const rows = await this.database.query(sql`
      SELECT 1 AS found FROM events WHERE sequence IS NULL LIMIT 1`);
    return rows.length > 0;
  }

  /**
   * Numbers the first events that have no number, in the order of their positions: whoever waited
   * for a change, or acted upon it, has a higher position, and cannot be seen without it.
   *
   * One at a time: so the numbers are given in the order in which they can be seen, and none ever
   * appears behind a cursor. The statement that gives them begins after the one that waits for its
   * turn: it sees the events as whoever had the turn before has left them.
   * @returns how many; a full batch when there may be more.
   */
  number(): Promise<number> {
    return this.database.transaction(async () => {
      await this.database.lockName('event numbers');
      // Locked in their order, as the relay does, so that the two cannot wait for each other.
      const rows = await this.database.query(sql`
        WITH next AS (
          SELECT id FROM events WHERE sequence IS NULL
          ORDER BY position LIMIT ${BATCH} FOR NO KEY UPDATE
        ), numbered AS (
          SELECT id, nextval('events_numbers') AS sequence FROM next
        )
        UPDATE events SET sequence = numbered.sequence
        FROM numbered WHERE events.id = numbered.id
        RETURNING events.id`);
      return rows.length;
    });
  }
}
