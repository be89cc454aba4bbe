import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Prisma } from '../generated/prisma/client.js';
import { Database, sql } from '../platform/database/database.js';
import { writeEvents } from '../platform/outbox/outbox.js';
import type { EventType } from '../events/event.js';
import type { SeatRow } from '../seats/seats.rows.js';
import { DISABLED } from './webhook.js';

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
  /** Whether the endpoint still wants this type, and the event is still there. */
  wanted: boolean;
  leased_until: Date;
}

/** How much is taken in hand at once. */
export interface LeaseLimits {
  limit: number;
  /** Calls at a time to one endpoint; to one that fails it is one. */
  perEndpoint: number;
  leaseMs: number;
}

/** How a try went. */
export interface Try {
  succeeded: boolean;
  http_code: number | null;
  response: string | null;
  error: string | null;
  duration_ms: number;
  /** When the next one is due; null: there is none, it was delivered or given up. */
  next_attempt_at: Date | null;
  /** Why the endpoint is to be disabled at once. */
  disable: string | null;
}

/** What a mail tells about an endpoint that was disabled. */
export interface DisabledNotice {
  reply_to: string;
  locale: string;
  organization_name: string;
  url: string;
  reason: string;
  disabled_at: Date;
}

/** The SQL of messages and their tries. */
@Injectable()
export class WebhooksRepository {
  constructor(private readonly database: Database) {}

  /** Makes a message of each event for each endpoint that wants it. In the relay's transaction. */
  async enqueue(eventIds: string[], now: Date): Promise<void> {
    await this.database.query(sql`
      ${newMessages(sql`e.id = ANY(${eventIds}::uuid[])`, now)}
      ON CONFLICT DO NOTHING`);
  }

  /**
   * Sends an event again to the endpoints that want it, under the same id; also to one that has it
   * in hand just now. @returns to how many.
   */
  async reopen(organizationId: string, eventId: string, now: Date): Promise<number> {
    const event = sql`e.organization_id = ${organizationId}::uuid AND e.id = ${eventId}::uuid`;
    const rows = await this.database.query(sql`
      ${newMessages(event, now)}
      ON CONFLICT (endpoint_id, event_id) DO UPDATE
        SET attempt = 0, next_attempt_at = excluded.next_attempt_at, leased_until = NULL
      RETURNING id`);
    return rows.length;
  }

  /** Whether the organization has this event. */
  async hasEvent(organizationId: string, eventId: string): Promise<boolean> {
    const rows = await this.database.query(sql`
      SELECT id FROM events
      WHERE organization_id = ${organizationId}::uuid AND id = ${eventId}::uuid`);
    return rows.length > 0;
  }

  /**
   * Takes due messages in hand: at most `perEndpoint` of one endpoint at a time, over all workers,
   * so that a slow endpoint cannot fill them up, and one of an endpoint that fails; when there is
   * not room for all, every endpoint gets its first one before any gets its second. What is in hand
   * is due again when its lease runs out: then its worker has died. No transaction stays open while
   * they are sent.
   */
  lease(now: Date, limits: LeaseLimits): Promise<DueMessage[]> {
    return this.database.transaction(async () => {
      // One at a time: two workers that count at once would both see the same room.
      await this.database.lockName('webhook leases');
      return this.takeDue(now, limits);
    });
  }

  private takeDue(now: Date, { limit, perEndpoint, leaseMs }: LeaseLimits): Promise<DueMessage[]> {
    const at = sql`${now}::timestamptz`;
    const until = sql`${new Date(now.getTime() + leaseMs)}::timestamptz`;
    return this.database.query<DueMessage>(sql`
      WITH endpoints AS (
        SELECT w.id, CASE WHEN w.failing_since IS NULL THEN ${perEndpoint}::int ELSE 1 END
          - (SELECT count(*) FROM webhook_messages h WHERE h.endpoint_id = w.id
              AND h.next_attempt_at > ${at} AND h.next_attempt_at <= ${until}
              AND h.leased_until > ${at}) AS room
        FROM webhook_endpoints w
        WHERE w.enabled AND EXISTS (SELECT FROM webhook_messages m
          WHERE m.endpoint_id = w.id AND m.next_attempt_at <= ${at})
      ), due AS (
        SELECT m.organization_id, m.id FROM endpoints w
        CROSS JOIN LATERAL (
          SELECT organization_id, id, next_attempt_at FROM webhook_messages
          WHERE endpoint_id = w.id AND next_attempt_at <= ${at}
          ORDER BY next_attempt_at LIMIT greatest(0, w.room)
          FOR UPDATE SKIP LOCKED
        ) m
        ORDER BY row_number() OVER (PARTITION BY w.id ORDER BY m.next_attempt_at), m.next_attempt_at
        LIMIT ${limit}
      ), taken AS (
        UPDATE webhook_messages m SET leased_until = ${until}, next_attempt_at = ${until}
        FROM due WHERE m.organization_id = due.organization_id AND m.id = due.id
        RETURNING m.*
      )
      SELECT t.organization_id, t.id, t.endpoint_id, t.event_id, t.event_type, t.attempt, t.sample,
        t.leased_until, w.url, coalesce(e.created_at, t.created_at) AS created_at, e.seat_id, e.data,
        t.event_type = ANY(w.events) AND num_nonnulls(t.sample, e.data) > 0 AS wanted,
        ARRAY(SELECT s.sealed FROM webhook_secrets s
          WHERE s.organization_id = t.organization_id AND s.endpoint_id = t.endpoint_id
            AND (s.expires_at IS NULL OR s.expires_at > ${at})
          ORDER BY s.created_at DESC) AS sealed
      FROM taken t
      JOIN webhook_endpoints w ON w.organization_id = t.organization_id AND w.id = t.endpoint_id
      LEFT JOIN events e ON e.organization_id = t.organization_id AND e.id = t.event_id`);
  }

  /** Takes back a message that its endpoint does not want any more. */
  async drop({ organization_id, id, leased_until }: DueMessage): Promise<void> {
    await this.database.db.webhook_messages.deleteMany({
      where: { organization_id, id, leased_until },
    });
  }

  /**
   * Writes down how a try went, and what follows for its endpoint: one that has failed since
   * `giveUpBefore` without a success is disabled, and that is told.
   */
  settle(message: DueMessage, tried: Try, giveUpBefore: Date, now: Date): Promise<void> {
    return this.database.transaction(async () => {
      if (!tried.succeeded) await this.forgetOldFailure(message, giveUpBefore);
      await this.recordTry(message, tried, now);
      const failingSince = await this.noteHealth(message, tried.succeeded, now);
      const hopeless =
        failingSince !== null && failingSince <= giveUpBefore ? DISABLED.failing : null;
      const reason = tried.disable ?? hopeless;
      if (reason !== null) await this.disable(message, reason, now);
    });
  }

  /** A failure long ago, with no try since, says nothing about the days between: count anew. */
  private async forgetOldFailure(message: DueMessage, then: Date): Promise<void> {
    const { organization_id, endpoint_id } = message;
    await this.database.query(sql`
      UPDATE webhook_endpoints w SET failing_since = NULL
      WHERE w.organization_id = ${organization_id}::uuid AND w.id = ${endpoint_id}::uuid
        AND w.failing_since <= ${then}::timestamptz
        AND NOT EXISTS (SELECT FROM webhook_deliveries d
          WHERE d.organization_id = w.organization_id AND d.endpoint_id = w.id
            AND d.created_at > ${then}::timestamptz)`);
  }

  /** Keeps the try. What is delivered or given up leaves the queue. */
  private async recordTry(message: DueMessage, tried: Try, now: Date): Promise<void> {
    const { organization_id, id, endpoint_id, event_id, event_type, leased_until } = message;
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
    // If the lease is not ours any more, another worker has it, or it is to be sent again.
    const where = { organization_id, id, leased_until };
    if (tried.next_attempt_at === null) {
      await db.webhook_messages.deleteMany({ where });
    } else {
      await db.webhook_messages.updateMany({
        where,
        data: { attempt, leased_until: null, next_attempt_at: tried.next_attempt_at },
      });
    }
  }

  /** Writes only what changes: the endpoint's row is one, its tries are many. */
  private async noteHealth(
    { organization_id, endpoint_id: id }: DueMessage,
    succeeded: boolean,
    now: Date,
  ): Promise<Date | null> {
    const { db } = this.database;
    await db.webhook_endpoints.updateMany({
      where: { organization_id, id, failing_since: succeeded ? { not: null } : null },
      data: { failing_since: succeeded ? null : now },
    });
    if (succeeded) return null;
    const endpoint = await db.webhook_endpoints.findFirst({
      where: { organization_id, id },
      select: { failing_since: true },
    });
    return endpoint?.failing_since ?? null;
  }

  /** Switches an endpoint off and tells of it, once. */
  private async disable(message: DueMessage, reason: string, now: Date): Promise<void> {
    const { organization_id: organizationId, endpoint_id: endpointId } = message;
    const actor = { type: 'system' as const, id: null };
    const system = { organizationId, actor, requestId: null };
    await this.database.query(sql`
      WITH off AS (
        UPDATE webhook_endpoints SET enabled = false, disabled_reason = ${reason},
          modified_at = ${now}::timestamptz
        WHERE organization_id = ${organizationId}::uuid AND id = ${endpointId}::uuid AND enabled
        RETURNING id, url, description, events, enabled, disabled_reason, NULL::uuid AS pool_id,
          NULL::uuid AS seat_id, NULL::uuid AS subscription_id, NULL::uuid AS order_id
      )
      ${writeEvents(system, sql`off`, { type: sql`'webhook_endpoint.disabled'`, at: now })}`);
  }

  /** What to tell of the endpoint that this event disabled; undefined: there is nobody to tell. */
  async findNotice(eventId: string): Promise<DisabledNotice | undefined> {
    const [row] = await this.database.query<DisabledNotice>(sql`
      SELECT o.reply_to, o.locale, o.name AS organization_name, e.data ->> 'url' AS url,
        e.data ->> 'disabled_reason' AS reason, e.created_at AS disabled_at
      FROM events e JOIN organizations o ON o.id = e.organization_id
      WHERE e.id = ${eventId}::uuid AND o.reply_to IS NOT NULL`);
    return row;
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

/** A statement that makes a message of each of these events for each endpoint that wants it. */
function newMessages(events: Prisma.Sql, now: Date): Prisma.Sql {
  const at = sql`${now}::timestamptz`;
  return sql`
    INSERT INTO webhook_messages
      (organization_id, id, endpoint_id, event_id, event_type, created_at, next_attempt_at)
    SELECT e.organization_id, gen_random_uuid(), w.id, e.id, e.type, ${at}, ${at}
    FROM events e JOIN webhook_endpoints w ON w.organization_id = e.organization_id
      AND w.enabled AND e.type = ANY(w.events)
    WHERE ${events}
    ORDER BY e.position`;
}
