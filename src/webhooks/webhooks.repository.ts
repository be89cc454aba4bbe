import { systemCaller } from '../platform/caller.js';
import { Injectable } from '@nestjs/common';
import { Prisma } from '../generated/prisma/client.js';
import { Database, sql } from '../platform/database/database.js';
import { writeEvents } from '../platform/outbox/outbox.js';
import type { EventType } from '../events/event.js';
import type { SeatRow } from '../seats/seats.sql.js';
import { DISABLED } from './webhook.js';

/** A secret as it is stored. */
export interface SealedSecret {
  id: string;
  sealed: string;
  /** The name of the key that encrypted it; null: not known. */
  key_id: string | null;
}

/** A message that a worker has leased, with everything that is needed to send it. */
export interface DueMessage {
  organization_id: string;
  id: string;
  endpoint_id: string;
  event_id: string;
  event_type: EventType;
  attempt: number;
  url: string;
  /** The valid secrets, newest first. */
  secrets: SealedSecret[];
  /** The data of a test delivery; null for events. */
  sample: Record<string, unknown> | null;
  created_at: Date;
  seat_id: string | null;
  data: SeatRow | Record<string, unknown> | null;
  /** Whether the endpoint still lists this type, and the event still exists. */
  sendable: boolean;
  leased_until: Date;
}

/** How many messages are leased at once, and for how long. */
export interface LeaseLimits {
  limit: number;
  /** Concurrent calls to one endpoint. One that fails again and again gets one at a time. */
  perEndpoint: number;
  leaseMs: number;
}

/** The result of an attempt. */
export interface AttemptResult {
  succeeded: boolean;
  http_code: number | null;
  response: string | null;
  error: string | null;
  duration_ms: number;
  created_at: Date;
  /** When the next attempt is due; null after a success or the last attempt. */
  next_attempt_at: Date | null;
  /** Why the endpoint is to be disabled at once. */
  disable: string | null;
}

/** An attempt that has ended. */
export interface Attempt {
  message: DueMessage;
  result: AttemptResult;
}

/** A summary of the attempts of a batch at one endpoint. */
interface Health {
  organization_id: string;
  endpoint_id: string;
  /** Whether an attempt succeeded. */
  succeeded: boolean;
  /** The number of failures after the last success, and the time of the first of them. */
  failures: number;
  failed_at: Date | null;
}

// An endpoint gets one call at a time after this many failures in a row. A single failure, such as a
// restart of the receiver, must not slow down a backlog.
const SLOW_AFTER = 5;

/** The data of a mail about a disabled endpoint. */
export interface DisabledNotice {
  reply_to: string;
  locale: string;
  organization_name: string;
  url: string;
  reason: string;
  disabled_at: Date;
}

/** The SQL of messages and their delivery attempts. */
@Injectable()
export class WebhooksRepository {
  constructor(private readonly database: Database) {}

  /**
   * Queues each event for each endpoint that listens for its type. Joins the relay's transaction,
   * which removes the events from the outbox.
   * @throws {Error} outside of a transaction.
   */
  async enqueue(eventIds: string[], now: Date): Promise<void> {
    this.database.requireTransaction();
    await this.database.query(sql`
      ${newMessages(sql`e.id = ANY(${eventIds}::uuid[])`, now)}
      ON CONFLICT DO NOTHING`);
  }

  /**
   * Queues an event again, with the same id, for the endpoints that listen for its type. This
   * includes endpoints to which it is being sent at the moment. @returns the number of endpoints.
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
   * Leases due messages. All workers together hold at most `perEndpoint` messages of one endpoint, so
   * that a slow endpoint cannot occupy them, and one message of an endpoint that fails again and
   * again. If there is not enough room, every endpoint gets its first message before any gets its
   * second. A message is due again when its lease expires, because its worker has died. No
   * transaction stays open while messages are sent.
   * @returns the messages in the order of their events.
   */
  lease(now: Date, limits: LeaseLimits): Promise<DueMessage[]> {
    return this.database.transaction(async () => {
      // One worker at a time: two that count at the same time would both take the same room.
      await this.database.lockName('webhook leases');
      return this.takeDue(now, limits);
    });
  }

  /**
   * `waiting` steps through the index from one endpoint to the next and reads the earliest message
   * of each. So the cost depends on the number of endpoints with messages, not on the number of
   * messages or on the planner's statistics: a disabled endpoint may have very many due messages.
   * Do not add an index on next_attempt_at alone. The planner would use it to find the messages of
   * one endpoint, and would skip those of the disabled endpoint on every call.
   */
  private takeDue(now: Date, { limit, perEndpoint, leaseMs }: LeaseLimits): Promise<DueMessage[]> {
    const at = sql`${now}::timestamptz`;
    const until = sql`${new Date(now.getTime() + leaseMs)}::timestamptz`;
    const earliest = (endpoints: Prisma.Sql) => sql`
      SELECT organization_id, endpoint_id, next_attempt_at FROM webhook_messages
      WHERE next_attempt_at IS NOT NULL AND ${endpoints}
      ORDER BY endpoint_id, next_attempt_at LIMIT 1`;
    return this.database.query<DueMessage>(sql`
      WITH RECURSIVE waiting AS (
        (${earliest(sql`true`)})
        UNION ALL
        SELECT next.* FROM waiting w
        CROSS JOIN LATERAL (${earliest(sql`endpoint_id > w.endpoint_id`)}) next
      ), endpoints AS (
        SELECT w.id, CASE WHEN w.failures < ${SLOW_AFTER} THEN ${perEndpoint}::int ELSE 1 END
          - (SELECT count(*) FROM webhook_messages h WHERE h.endpoint_id = w.id
              AND h.next_attempt_at > ${at} AND h.next_attempt_at <= ${until}
              AND h.leased_until > ${at}) AS room
        FROM waiting m
        JOIN webhook_endpoints w ON w.organization_id = m.organization_id AND w.id = m.endpoint_id
        WHERE m.next_attempt_at <= ${at} AND w.enabled
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
      ), receivers AS MATERIALIZED (
        -- Once for each endpoint, which may have many of the messages.
        SELECT w.organization_id, w.id, w.url, w.events,
          coalesce((SELECT jsonb_agg(jsonb_build_object('id', s.id, 'sealed', s.sealed,
                'key_id', s.key_id) ORDER BY s.created_at DESC)
            FROM webhook_secrets s
            WHERE s.organization_id = w.organization_id AND s.endpoint_id = w.id
              AND (s.expires_at IS NULL OR s.expires_at > ${at})), '[]') AS secrets
        FROM (SELECT DISTINCT organization_id, endpoint_id FROM taken) t
        JOIN webhook_endpoints w ON w.organization_id = t.organization_id AND w.id = t.endpoint_id
      )
      SELECT t.organization_id, t.id, t.endpoint_id, t.event_id, t.event_type, t.attempt, t.sample,
        t.leased_until, w.url, coalesce(e.created_at, t.created_at) AS created_at, e.seat_id, e.data,
        t.event_type = ANY(w.events) AND num_nonnulls(t.sample, e.data) > 0 AS sendable, w.secrets
      FROM taken t
      JOIN receivers w ON w.organization_id = t.organization_id AND w.id = t.endpoint_id
      LEFT JOIN events e ON e.organization_id = t.organization_id AND e.id = t.event_id
      ORDER BY e.position`);
  }

  /** Stores a re-encrypted secret, unless the stored one has changed in the meantime. */
  async reseal(
    organizationId: string,
    { id, sealed }: SealedSecret,
    renewed: { sealed: string; key_id: string },
  ): Promise<void> {
    await this.database.db.webhookSecret.updateMany({
      where: { organization_id: organizationId, id, sealed },
      data: renewed,
    });
  }

  /** Deletes a message that is no longer to be sent. */
  async drop({ organization_id, id, leased_until }: DueMessage): Promise<void> {
    await this.database.db.webhookMessage.deleteMany({
      where: { organization_id, id, leased_until },
    });
  }

  /**
   * Records the results of attempts in the order in which they ended, and updates their endpoints.
   * An endpoint that has failed since `giveUpBefore` without a success is disabled, which writes an
   * event. If all attempts succeeded, this is a single statement.
   */
  async recordAttempts(attempts: Attempt[], giveUpBefore: Date, now: Date): Promise<void> {
    const health = healthOf(attempts);
    if (attempts.every(({ result }) => result.succeeded)) {
      await this.saveResults(attempts, health);
      return;
    }
    await this.database.transaction(async () => {
      const failing = health.filter(({ failures }) => failures > 0);
      if (failing.length > 0) await this.clearStaleFailures(failing, giveUpBefore);
      const since = await this.saveResults(attempts, health);
      for (const { organization_id, endpoint_id } of health) {
        const gone = attempts.find(
          ({ message, result }) => message.endpoint_id === endpoint_id && result.disable !== null,
        );
        const failingSince = since.get(endpoint_id);
        const gaveUp = failingSince !== undefined && failingSince <= giveUpBefore;
        const reason = gone?.result.disable ?? (gaveUp ? DISABLED.failing : null);
        if (reason !== null) await this.disable(organization_id, endpoint_id, reason, now);
      }
    });
  }

  /**
   * Restarts the count of failing days if no attempt was made since `then`: an old failure says
   * nothing about days without attempts.
   */
  private async clearStaleFailures(failing: Health[], then: Date): Promise<void> {
    await this.database.query(sql`
      UPDATE webhook_endpoints w SET failing_since = NULL
      FROM unnest(${failing.map((each) => each.organization_id)}::uuid[],
        ${failing.map((each) => each.endpoint_id)}::uuid[]) AS failing (organization_id, id)
      WHERE w.organization_id = failing.organization_id AND w.id = failing.id
        AND w.failing_since <= ${then}::timestamptz
        AND NOT EXISTS (SELECT FROM webhook_deliveries d
          WHERE d.organization_id = w.organization_id AND d.endpoint_id = w.id
            AND d.created_at > ${then}::timestamptz)`);
  }

  /**
   * Stores the attempts. A message that was delivered or given up leaves the queue. If this worker
   * no longer holds the lease of a message, another worker does, or the event is sent again, and the
   * message stays as it is. An endpoint that was deleted meanwhile gets no rows.
   *
   * Also notes how often and since when endpoints have been failing. It writes only changes, because
   * many concurrent attempts share the endpoint's row.
   * @returns since when, by endpoint, for those that are failing.
   */
  private async saveResults(attempts: Attempt[], health: Health[]): Promise<Map<string, Date>> {
    const rows = attempts.map(({ message, result }) => ({
      ...result,
      organization_id: message.organization_id,
      message_id: message.id,
      endpoint_id: message.endpoint_id,
      event_id: message.event_id,
      event_type: message.event_type,
      leased_until: message.leased_until,
      attempt: message.attempt + 1,
    }));
    const changed = await this.database.query<{ id: string; failing_since: Date | null }>(sql`
      WITH ended AS (
        SELECT * FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS row(
          organization_id uuid, message_id uuid, endpoint_id uuid, event_id uuid, event_type text,
          leased_until timestamptz, attempt int, succeeded boolean, http_code int, response text,
          error text, duration_ms int, created_at timestamptz, next_attempt_at timestamptz)
      ), endpoint AS (
        -- Locked, or the endpoint could be deleted before its deliveries are inserted.
        SELECT organization_id, id FROM webhook_endpoints
        WHERE (organization_id, id) IN (SELECT organization_id, endpoint_id FROM ended)
        ORDER BY id FOR KEY SHARE
      ), saved AS (
        INSERT INTO webhook_deliveries (organization_id, id, endpoint_id, event_id, event_type,
          created_at, attempt, succeeded, http_code, response, error, duration_ms, next_attempt_at)
        SELECT e.organization_id, gen_random_uuid(), e.endpoint_id, e.event_id, e.event_type,
          e.created_at, e.attempt, e.succeeded, e.http_code, e.response, e.error, e.duration_ms,
          e.next_attempt_at
        FROM ended e
        JOIN endpoint w ON w.organization_id = e.organization_id AND w.id = e.endpoint_id
      ), done AS (
        DELETE FROM webhook_messages m USING ended e
        WHERE m.organization_id = e.organization_id AND m.id = e.message_id
          AND m.leased_until = e.leased_until AND e.next_attempt_at IS NULL
      ), waiting AS (
        UPDATE webhook_messages m
        SET attempt = e.attempt, leased_until = NULL, next_attempt_at = e.next_attempt_at
        FROM ended e
        WHERE m.organization_id = e.organization_id AND m.id = e.message_id
          AND m.leased_until = e.leased_until AND e.next_attempt_at IS NOT NULL
      ), health AS (
        SELECT * FROM jsonb_to_recordset(${JSON.stringify(health)}::jsonb) AS row(
          organization_id uuid, endpoint_id uuid, succeeded boolean, failures int,
          failed_at timestamptz)
      ), changed AS (
        SELECT w.organization_id, w.id, h.succeeded, h.failures, h.failed_at
        -- Reads "endpoint", which could not lock a row after this statement has updated it.
        FROM health h JOIN endpoint e
          ON e.organization_id = h.organization_id AND e.id = h.endpoint_id
        JOIN webhook_endpoints w ON w.organization_id = e.organization_id AND w.id = e.id
        WHERE h.failures > 0 OR w.failures > 0 OR w.failing_since IS NOT NULL
        ORDER BY w.id FOR NO KEY UPDATE OF w
      )
      UPDATE webhook_endpoints w SET
        failures = CASE WHEN c.succeeded THEN 0 ELSE w.failures END + c.failures,
        failing_since = CASE WHEN c.succeeded THEN c.failed_at
          ELSE coalesce(w.failing_since, c.failed_at) END
      FROM changed c WHERE w.organization_id = c.organization_id AND w.id = c.id
      RETURNING w.id, w.failing_since`);
    return new Map(
      changed.flatMap(({ id, failing_since }) =>
        failing_since === null ? [] : [[id, failing_since]],
      ),
    );
  }

  /** Disables an endpoint and writes one event about it. */
  private async disable(
    organizationId: string,
    endpointId: string,
    reason: string,
    now: Date,
  ): Promise<void> {
    const system = systemCaller(organizationId);
    await this.database.query(sql`
      WITH disabled AS (
        UPDATE webhook_endpoints SET enabled = false, disabled_reason = ${reason},
          modified_at = ${now}::timestamptz
        WHERE organization_id = ${organizationId}::uuid AND id = ${endpointId}::uuid AND enabled
        RETURNING id, url, description, events, enabled, disabled_reason, NULL::uuid AS pool_id,
          NULL::uuid AS seat_id, NULL::uuid AS subscription_id, NULL::uuid AS order_id
      )
      ${writeEvents(system, sql`disabled`, { type: sql`'webhook_endpoint.disabled'`, at: now })}`);
  }

  /** The mail data of a `webhook_endpoint.disabled` event; undefined without a reply address. */
  async findNotice(eventId: string): Promise<DisabledNotice | undefined> {
    const [row] = await this.database.query<DisabledNotice>(sql`
      SELECT o.reply_to, o.locale, o.name AS organization_name, e.data ->> 'url' AS url,
        e.data ->> 'disabled_reason' AS reason, e.created_at AS disabled_at
      FROM events e JOIN organizations o ON o.id = e.organization_id
      WHERE e.id = ${eventId}::uuid AND o.reply_to IS NOT NULL`);
    return row;
  }

  listDeliveries(where: Prisma.WebhookDeliveryWhereInput, slice: { skip: number; take: number }) {
    return this.database.db.webhookDelivery.findMany({
      where,
      orderBy: [{ created_at: 'desc' }, { id: 'asc' }],
      ...slice,
    });
  }

  countDeliveries(where: Prisma.WebhookDeliveryWhereInput): Promise<number> {
    return this.database.db.webhookDelivery.count({ where });
  }
}

/** Sums up attempts by endpoint. */
function healthOf(attempts: Attempt[]): Health[] {
  const byEndpoint = new Map<string, Health>();
  for (const { message, result } of attempts) {
    const { organization_id, endpoint_id } = message;
    const before = byEndpoint.get(endpoint_id);
    const { succeeded = false, failures = 0, failed_at = null } = before ?? {};
    byEndpoint.set(endpoint_id, {
      organization_id,
      endpoint_id,
      succeeded: succeeded || result.succeeded,
      failures: result.succeeded ? 0 : failures + 1,
      failed_at: result.succeeded ? null : (failed_at ?? result.created_at),
    });
  }
  return [...byEndpoint.values()];
}

/** A statement that queues each of these events for each endpoint that listens for its type. */
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
