import { Injectable } from '@nestjs/common';
import { Database, sql } from '../platform/database/database.js';

/** The SQL of retention. Each method deletes a batch, the oldest rows first, and counts it. */
@Injectable()
export class RetentionRepository {
  constructor(private readonly database: Database) {}

  /** Deletes portal sessions that have expired. */
  async deleteSessions(now: Date, limit: number): Promise<number> {
    const rows = await this.database.query<{ id: string }>(sql`
      DELETE FROM customer_sessions WHERE (organization_id, id) IN (
        SELECT organization_id, id FROM customer_sessions
        WHERE expires_at < ${now}::timestamptz
        ORDER BY expires_at LIMIT ${limit} FOR UPDATE SKIP LOCKED)
      RETURNING id`);
    return rows.length;
  }

  /** Deletes webhook deliveries from before `then`. */
  async deleteDeliveries(then: Date, limit: number): Promise<number> {
    const rows = await this.database.query<{ id: string }>(sql`
      DELETE FROM webhook_deliveries WHERE (organization_id, id) IN (
        SELECT organization_id, id FROM webhook_deliveries
        WHERE created_at < ${then}::timestamptz
        ORDER BY created_at LIMIT ${limit} FOR UPDATE SKIP LOCKED)
      RETURNING id`);
    return rows.length;
  }

  /** Deletes messages to disabled endpoints from before `then`. They would keep their events alive. */
  async deleteMessages(then: Date, limit: number): Promise<number> {
    const rows = await this.database.query<{ id: string }>(sql`
      DELETE FROM webhook_messages WHERE (organization_id, id) IN (
        SELECT m.organization_id, m.id FROM webhook_endpoints w
        JOIN webhook_messages m ON m.endpoint_id = w.id
        WHERE NOT w.enabled AND m.created_at < ${then}::timestamptz
        ORDER BY m.created_at LIMIT ${limit} FOR UPDATE OF m SKIP LOCKED)
      RETURNING id`);
    return rows.length;
  }

  /**
   * Deletes events from before `then` that have left the outbox, and whose effects and deliveries are
   * all done or given up. The statement first reads the oldest event of each organization from an
   * index, so it is cheap when there is nothing to delete. An entry of the stream whose event was
   * deleted by the previous release goes too.
   */
  async deleteEvents(then: Date, limit: number): Promise<number> {
    const before = sql`${then}::timestamptz`;
    const rows = await this.database.query<{ id: string }>(sql`
      WITH old AS (
        SELECT o.id AS organization_id, s.sequence, s.event_id FROM organizations o
        CROSS JOIN LATERAL (
          SELECT event_id FROM event_stream WHERE organization_id = o.id ORDER BY sequence LIMIT 1
        ) AS first
        LEFT JOIN events oldest ON oldest.id = first.event_id
        CROSS JOIN LATERAL (
          SELECT s.sequence, s.event_id FROM event_stream s LEFT JOIN events e ON e.id = s.event_id
          WHERE s.organization_id = o.id AND (e.id IS NULL OR e.created_at < ${before}
            AND NOT EXISTS (SELECT FROM outbox w WHERE w.numbered AND w.position = e.position)
            AND NOT EXISTS (SELECT FROM effects f WHERE f.event_id = e.id AND f.done_at IS NULL)
            AND NOT EXISTS (SELECT FROM webhook_endpoints w
              JOIN webhook_messages m ON m.endpoint_id = w.id
              WHERE w.organization_id = o.id AND m.event_id = e.id))
          ORDER BY s.sequence LIMIT ${limit} FOR UPDATE OF s SKIP LOCKED
        ) AS s
        WHERE oldest.id IS NULL OR oldest.created_at < ${before}
        LIMIT ${limit}
      ), deleted AS (DELETE FROM events USING old WHERE events.id = old.event_id)
      DELETE FROM event_stream s USING old
      WHERE s.organization_id = old.organization_id AND s.sequence = old.sequence
      RETURNING s.event_id AS id`);
    return rows.length;
  }
}
