import type { Prisma } from '../generated/prisma/client.js';
import { sql } from '../platform/database/database.js';

/** The name of the lock under which events get their numbers, as the previous release names it. */
export const NUMBERS_LOCK = ['event numbers'];

/**
 * The first events of the outbox, with the columns that the stream and the relay need. If the
 * event was deleted, only the columns of the outbox are set. Change the rows by their place (ctid),
 * under the lock {@link NUMBERS_LOCK}: the statistics of the outbox are never right, and a join can take seconds.
 * @param condition over the columns of outbox.
 */
export function outboxBatch(condition: Prisma.Sql, limit: number): Prisma.Sql {
  // OFFSET 0 keeps the planner from joining the whole tables.
  return sql`
    SELECT waiting.place, waiting.position, waiting.numbered, event.* FROM (
      SELECT ctid AS place, position, event_id, numbered FROM outbox WHERE ${condition}
      ORDER BY position LIMIT ${limit}
    ) waiting
    LEFT JOIN LATERAL (
      SELECT id, organization_id, type, invites, seat_id, subscription_id, order_id, dispatched_at
      FROM events WHERE id = waiting.event_id OFFSET 0
    ) event ON true`;
}

/**
 * The part of a statement that numbers events in the order of their positions. The caller holds the
 * lock {@link NUMBERS_LOCK}.
 * @param batch rows of {@link outboxBatch}.
 */
export function numberEvents(batch: Prisma.Sql): Prisma.Sql {
  return sql`
    INSERT INTO event_stream
      (sequence, organization_id, event_id, type, seat_id, subscription_id, order_id)
    SELECT nextval('events_numbers'), organization_id, id, type, seat_id, subscription_id, order_id
    FROM (SELECT * FROM ${batch} WHERE NOT numbered AND id IS NOT NULL ORDER BY position) ordered`;
}
