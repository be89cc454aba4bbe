import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Prisma } from '../generated/prisma/client.js';
import { Database, sql } from '../platform/database/database.js';
import { writeEvents } from '../platform/outbox/outbox.js';
import type { EventType } from '../events/event.js';
import type { SeatRow } from '../seats/seats.repository.js';

/** A message that a worker has in hand, with all it takes to send it. */
export interface DueMessage {
  organization_id: string;
  id: string;
  endpoint_id: string;
  event_id: string;
  event_type: EventType;
  attempt: number;
  url: string;
  /** The secrets in force, encrypted, the newest first. */
  sealed: string[];
  /** Of a test delivery: its data. */
  sample: Record<string, unknown> | null;
  created_at: Date;
  seat_id: string | null;
  data: SeatRow | Record<string, unknown> | null;
}

/** How a try went. */
export interface Try {
  succeeded: boolean;
  http_code: number | null;
  response: string | null;
  error: string | null;
  duration_ms: number;
  next_attempt_at: Date | null;
  /** Why the endpoint is to be disabled at once. */
  disable: string | null;
}

/** The SQL of messages and their tries. */
@Injectable()
export class WebhooksRepository {
  constructor(private readonly database: Database) {}

  /** Makes a message of each event for each endpoint that wants it. In the relay's transaction. */
  async enqueue(eventIds: string[], now: Date): Promise<void> {
    await this.database.query(sql`
      INSERT INTO webhook_messages
        (organization_id, id, endpoint_id, event_id, event_type, created_at, next_attempt_at)
      SELECT e.organization_id, gen_random_uuid(), w.id, e.id, e.type, ${now}::timestamptz,
        ${now}::timestamptz
      FROM events e JOIN webhook_endpoints w ON w.organization_id = e.organization_id
        AND w.enabled AND e.type = ANY(w.events)
      WHERE e.id = ANY(${eventIds}::uuid[])
      ORDER BY e.position
      ON CONFLICT DO NOTHING`);
  }

  /** Sends an event again to the endpoints that want it, under the same id. @returns how many. */
  async reopen(organizationId: string, eventId: string, now: Date): Promise<number> {
    const rows = await this.database.query(sql`
      INSERT INTO webhook_messages
        (organization_id, id, endpoint_id, event_id, event_type, created_at, next_attempt_at)
      SELECT e.organization_id, gen_random_uuid(), w.id, e.id, e.type, ${now}::timestamptz,
        ${now}::timestamptz
      FROM events e JOIN webhook_endpoints w ON w.organization_id = e.organization_id
        AND w.enabled AND e.type = ANY(w.events)
      WHERE e.organization_id = ${organizationId}::uuid AND e.id = ${eventId}::uuid
      ON CONFLICT (endpoint_id, event_id) DO UPDATE
        SET attempt = 0, next_attempt_at = excluded.next_attempt_at
      RETURNING id`);
    return rows.length;
  }

  /**
   * Takes due messages in hand: at most `perEndpoint` of one endpoint at a time, over all workers,
   * so that a slow endpoint cannot fill them up. A lease that runs out (its worker has died) makes
   * the message due again. No transaction stays open while they are sent.
   */
  async lease(
    now: Date,
    { limit, perEndpoint, leaseMs }: { limit: number; perEndpoint: number; leaseMs: number },
  ): Promise<DueMessage[]> {
    const at = sql`${now}::timestamptz`;
    const until = new Date(now.getTime() + leaseMs);
    return this.database.query<DueMessage>(sql`
      WITH endpoints AS (
        SELECT w.organization_id, w.id, w.url,
          ${perEndpoint}::int - (SELECT count(*) FROM webhook_messages h
            WHERE h.endpoint_id = w.id AND h.next_attempt_at IS NOT NULL AND h.leased_until > ${at}) AS room
        FROM webhook_endpoints w
        WHERE w.enabled AND EXISTS (SELECT FROM webhook_messages m
          WHERE m.endpoint_id = w.id AND m.next_attempt_at <= ${at})
      ), due AS (
        SELECT m.organization_id, m.id FROM endpoints w
        CROSS JOIN LATERAL (
          SELECT organization_id, id FROM webhook_messages
          WHERE endpoint_id = w.id AND next_attempt_at <= ${at}
            AND (leased_until IS NULL OR leased_until <= ${at})
          ORDER BY next_attempt_at LIMIT greatest(0, w.room)
          FOR UPDATE SKIP LOCKED
        ) m
        LIMIT ${limit}
      ), taken AS (
        UPDATE webhook_messages m SET leased_until = ${until}::timestamptz
        FROM due WHERE m.organization_id = due.organization_id AND m.id = due.id
        RETURNING m.*
      )
      SELECT t.organization_id, t.id, t.endpoint_id, t.event_id, t.event_type, t.attempt, t.sample,
        w.url, coalesce(e.created_at, t.created_at) AS created_at, e.seat_id, e.data,
        ARRAY(SELECT s.sealed FROM webhook_secrets s
          WHERE s.organization_id = t.organization_id AND s.endpoint_id = t.endpoint_id
            AND (s.expires_at IS NULL OR s.expires_at > ${at})
          ORDER BY s.created_at DESC) AS sealed
      FROM taken t
      JOIN webhook_endpoints w ON w.organization_id = t.organization_id AND w.id = t.endpoint_id
      LEFT JOIN events e ON e.organization_id = t.organization_id AND e.id = t.event_id`);
  }

  /**
   * Writes down how a try went, and what follows for its endpoint: one that has failed since
   * `giveUpBefore` without a success is disabled, and that is told.
   */
  settle(message: DueMessage, tried: Try, giveUpBefore: Date, now: Date): Promise<void> {
    const { organization_id, endpoint_id } = message;
    return this.database.transaction(async () => {
      await this.recordTry(message, tried, now);
      const [endpoint] = await this.database.query<{ failing_since: Date | null }>(sql`
        UPDATE webhook_endpoints SET failing_since = CASE WHEN ${tried.succeeded} THEN NULL
          ELSE coalesce(failing_since, ${now}::timestamptz) END
        WHERE organization_id = ${organization_id}::uuid AND id = ${endpoint_id}::uuid
        RETURNING failing_since`);
      const since = endpoint?.failing_since ?? now;
      const hopeless = since <= giveUpBefore ? 'It has failed for 5 days without a success.' : null;
      const reason = tried.disable ?? hopeless;
      if (reason !== null) await this.disable(organization_id, endpoint_id, reason, now);
    });
  }

  private async recordTry(message: DueMessage, tried: Try, now: Date): Promise<void> {
    const { organization_id, id, endpoint_id, event_id, event_type } = message;
    const { disable: _disable, ...outcome } = tried;
    const attempt = message.attempt + 1;
    const { db } = this.database;
    await db.webhook_deliveries.create({
      data: {
        ...outcome,
        organization_id,
        id: randomUUID(),
        endpoint_id,
        event_id,
        event_type,
        created_at: now,
        attempt,
      },
    });
    await db.webhook_messages.updateMany({
      where: { organization_id, id },
      data: { attempt, leased_until: null, next_attempt_at: tried.next_attempt_at },
    });
  }

  /** Switches an endpoint off and tells of it, once. */
  private async disable(
    organizationId: string,
    endpointId: string,
    reason: string,
    now: Date,
  ): Promise<void> {
    const actor = { type: 'system' as const, id: null };
    const system = { organizationId, actor, requestId: null };
    await this.database.query(sql`
      WITH off AS (
        UPDATE webhook_endpoints SET enabled = false, disabled_reason = ${reason},
          modified_at = ${now}::timestamptz
        WHERE organization_id = ${organizationId}::uuid AND id = ${endpointId}::uuid AND enabled
        RETURNING id AS endpoint_id, url, disabled_reason, NULL::uuid AS pool_id,
          NULL::uuid AS seat_id, NULL::uuid AS subscription_id, NULL::uuid AS order_id
      )
      ${writeEvents(system, sql`off`, { type: sql`'webhook_endpoint.disabled'`, at: now })}`);
  }

  listDeliveries(
    where: Prisma.webhook_deliveriesWhereInput,
    slice: { skip: number; take: number },
  ) {
    return this.database.db.webhook_deliveries.findMany({
      where,
      orderBy: [{ created_at: 'desc' }, { id: 'asc' }],
      ...slice,
    });
  }

  countDeliveries(where: Prisma.webhook_deliveriesWhereInput): Promise<number> {
    return this.database.db.webhook_deliveries.count({ where });
  }
}
