import { Injectable } from '@nestjs/common';
import { Prisma } from '../generated/prisma/client.js';
import { Database, sql } from '../platform/database/database.js';
import type { Actor } from '../platform/http/access.js';
import type { SeatRow } from '../seats/seats.rows.js';
import type { EventType } from './event.js';

export interface EventRow {
  id: string;
  /** Sort keys; texts, since both are larger than a number. */
  xact: string;
  position: string;
  /** Whether older events may still be committed: none may be skipped by a cursor behind this one. */
  settled: boolean;
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

@Injectable()
export class EventsRepository {
  constructor(private readonly database: Database) {}

  /**
   * Events in the order (transaction, position). Transactions commit in another order than they
   * begin, so an event can still appear before one that is there already; `settled` tells up to
   * where that cannot happen any more.
   */
  list(
    organizationId: string,
    filters: EventFilters,
    { after, limit }: { after: string[] | undefined; limit: number },
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
      after && sql`(xact, position) ${beyond} (${after[0]}::xid8, ${after[1]}::bigint)`,
    ].filter((condition) => condition !== undefined && condition !== '');
    return this.database.query<EventRow>(sql`
      SELECT id, xact::text, position::text, xact < pg_snapshot_xmin(pg_current_snapshot()) AS settled,
        type, created_at, actor_type, actor_id, request_id, reason, replaced_by, seat_id,
        subscription_id, order_id, data
      FROM events WHERE ${Prisma.join(conditions, ' AND ')}
      ORDER BY xact ${direction}, position ${direction} LIMIT ${limit}`);
  }
}
