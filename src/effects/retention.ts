import { Injectable } from '@nestjs/common';
import { Clock } from '../platform/clock.js';
import { Settings } from '../platform/config.js';
import { Database, sql } from '../platform/database/database.js';

const DAY_MS = 24 * 60 * 60 * 1000;
const BATCH = 1000;

/**
 * Forgets events and deliveries that are older than the settings say, and sessions that have ended,
 * in small steps that hold up nobody.
 */
@Injectable()
export class Retention {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly settings: Settings,
  ) {}

  /** One step of each kind. @returns how many rows went; call again while it is not 0. */
  async runOnce(): Promise<number> {
    const { eventRetentionDays, deliveryRetentionDays } = this.settings;
    const deliveries = await this.older(deliveryRetentionDays, (then) =>
      this.forgetDeliveries(then),
    );
    const messages = await this.older(deliveryRetentionDays, (then) => this.giveUpWaiting(then));
    const events = await this.older(eventRetentionDays, (then) => this.forgetEvents(then));
    const sessions = await this.forgetSessions();
    return deliveries + messages + events + sessions.length;
  }

  /** Portal sessions that have ended. */
  private forgetSessions(): Promise<object[]> {
    return this.database.query(sql`
      DELETE FROM customer_sessions WHERE (organization_id, id) IN (
        SELECT organization_id, id FROM customer_sessions
        WHERE expires_at < ${this.clock.now()}::timestamptz
        LIMIT ${BATCH} FOR UPDATE SKIP LOCKED)
      RETURNING id`);
  }

  /** @param days 0: for ever. */
  private async older(days: number, forget: (then: Date) => Promise<object[]>): Promise<number> {
    if (days === 0) return 0;
    return (await forget(new Date(this.clock.now().getTime() - days * DAY_MS))).length;
  }

  private forgetDeliveries(then: Date): Promise<object[]> {
    return this.database.query(sql`
      DELETE FROM webhook_deliveries WHERE (organization_id, id) IN (
        SELECT organization_id, id FROM webhook_deliveries
        WHERE created_at < ${then}::timestamptz
        ORDER BY created_at LIMIT ${BATCH} FOR UPDATE SKIP LOCKED)
      RETURNING id`);
  }

  /** What has waited that long for a disabled endpoint would wait, and keep its event, for ever. */
  private giveUpWaiting(then: Date): Promise<object[]> {
    return this.database.query(sql`
      DELETE FROM webhook_messages WHERE (organization_id, id) IN (
        SELECT m.organization_id, m.id FROM webhook_endpoints w
        JOIN webhook_messages m ON m.endpoint_id = w.id
        WHERE NOT w.enabled AND m.created_at < ${then}::timestamptz
        LIMIT ${BATCH} FOR UPDATE OF m SKIP LOCKED)
      RETURNING id`);
  }

  /**
   * Events that nothing is to follow from any more: dispatched, with all effects done and all
   * deliveries made or given up. Asks each organization for its oldest event first, which an index
   * answers, so that a look in vain is cheap. An event without a number stays until it has one,
   * which every worker sees to.
   */
  private forgetEvents(then: Date): Promise<object[]> {
    const before = sql`${then}::timestamptz`;
    return this.database.query(sql`
      DELETE FROM events WHERE id IN (
        SELECT e.id FROM organizations o
        CROSS JOIN LATERAL (
          SELECT created_at FROM events WHERE organization_id = o.id AND sequence IS NOT NULL
          ORDER BY sequence LIMIT 1
        ) AS oldest
        CROSS JOIN LATERAL (
          SELECT id FROM events e
          WHERE e.organization_id = o.id AND e.sequence IS NOT NULL AND e.created_at < ${before}
            AND e.dispatched_at IS NOT NULL
            AND NOT EXISTS (SELECT FROM effects f WHERE f.event_id = e.id AND f.done_at IS NULL)
            AND NOT EXISTS (SELECT FROM webhook_endpoints w
              JOIN webhook_messages m ON m.endpoint_id = w.id
              WHERE w.organization_id = o.id AND m.event_id = e.id)
          ORDER BY e.sequence LIMIT ${BATCH} FOR UPDATE SKIP LOCKED
        ) AS e
        WHERE oldest.created_at < ${before}
        LIMIT ${BATCH})
      RETURNING id`);
  }
}
