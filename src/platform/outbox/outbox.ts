import type { Prisma } from '../../generated/prisma/client.js';
import { sql } from '../database/database.js';
import type { Caller } from '../http/access.js';

/** What an event says beyond the object it is about. */
export interface Telling {
  /** An SQL expression over the source's row, or a literal. */
  type: Prisma.Sql;
  at: Date;
  reason?: string;
  replacedBy?: string;
  /** An SQL expression: whether an invitation mail is to go out. */
  invites?: Prisma.Sql;
}

/**
 * The part of a statement that writes an event for every row of `source`, in the same breath as
 * the change itself: a change that is committed has its event, an event that can be read has
 * happened. `source` needs the columns pool_id, seat_id, subscription_id and order_id; the whole
 * row becomes the event's `data`, so it must hold no secret.
 */
export function writeEvents(caller: Caller, source: Prisma.Sql, telling: Telling): Prisma.Sql {
  const { type, at, reason = null, replacedBy = null, invites = sql`false` } = telling;
  return sql`
    INSERT INTO events (id, organization_id, created_at, type, actor_type, actor_id, request_id,
      reason, replaced_by, pool_id, seat_id, subscription_id, order_id, invites, data)
    SELECT gen_random_uuid(), ${caller.organizationId}::uuid, ${at}::timestamptz, ${type},
      ${caller.actor.type}, ${caller.actor.id}, ${caller.requestId}, ${reason}, ${replacedBy}::uuid,
      row.pool_id, row.seat_id, row.subscription_id, row.order_id, ${invites}, to_jsonb(row)
    FROM ${source} AS row`;
}
