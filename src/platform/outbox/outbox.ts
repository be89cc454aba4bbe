import type { Prisma } from '../../generated/prisma/client.js';
import { sql } from '../database/database.js';
import type { Caller } from '../caller.js';

/** The fields of an event besides its object. */
export interface EventFields {
  /** The id of the event, if there is only one. By default, a random one. */
  id?: string;
  /** An SQL literal, or an expression over the columns of `row`. */
  type: Prisma.Sql;
  at: Date;
  reason?: string;
  replacedBy?: string;
  /** An SQL expression over the columns of `row`: whether the event sends an invitation mail. */
  invites?: Prisma.Sql;
}

// The relay of the previous release takes the events whose dispatched_at is null. It must leave those
// of this release to the outbox, because nothing marks them as dispatched.
const NOT_SHARED = sql`'epoch'`;

/** A condition over an event of the outbox: no relay of the previous release has dispatched it. */
export const UNDISPATCHED = sql`(dispatched_at IS NULL OR dispatched_at = ${NOT_SHARED})`;

/**
 * The part of a statement that writes an event for every row of `source`. The statement that makes
 * the change must contain it, so that a change and its event are always committed together. A trigger
 * adds the events to the outbox. `source` needs the columns pool_id, seat_id, subscription_id and
 * order_id. All columns except `invites` become the event's `data`, so they must not contain secrets.
 */
export function writeEvents(caller: Caller, source: Prisma.Sql, fields: EventFields): Prisma.Sql {
  const { id, type, at, reason = null, replacedBy = null, invites = sql`false` } = fields;
  return sql`
    INSERT INTO events (id, organization_id, created_at, type, actor_type, actor_id, request_id,
      reason, replaced_by, pool_id, seat_id, subscription_id, order_id, invites, data,
      dispatched_at)
    SELECT ${id === undefined ? sql`gen_random_uuid()` : sql`${id}::uuid`},
      ${caller.organizationId}::uuid, ${at}::timestamptz, ${type},
      ${caller.actor.type}, ${caller.actor.id}, ${caller.requestId}, ${reason}, ${replacedBy}::uuid,
      row.pool_id, row.seat_id, row.subscription_id, row.order_id, ${invites},
      to_jsonb(row) - 'invites', ${NOT_SHARED}
    FROM ${source} AS row`;
}
