import { Injectable } from '@nestjs/common';
import { Database, sql } from '../platform/database/database.js';
import type { Caller } from '../platform/http/access.js';
import { writeEvents } from '../platform/outbox/outbox.js';
import { type SeatRow, type InvitedSeat, SEAT_COLUMNS, SEAT_NEIGHBOURS } from './seats.rows.js';

/** The SQL of invitations being claimed. */
@Injectable()
export class ClaimsRepository {
  constructor(private readonly database: Database) {}

  /** What an invitation that has not expired leads to; undefined for any other token. */
  async findInvited(hashes: string[], now: Date): Promise<InvitedSeat | undefined> {
    const [row] = await this.database.query<InvitedSeat>(sql`
      SELECT o.id AS organization_id, o.name AS organization_name, o.slug AS organization_slug,
        o.locale, o.brand, o.seats_enabled, p.active, p.subscription_id, p.order_id,
        p.customer_id AS pool_customer_id, s.id AS seat_id, s.email, s.customer_id, s.member_id,
        r.id AS product_id, r.name AS product_name
      FROM seats s
      JOIN pools p ON p.organization_id = s.organization_id AND p.id = s.pool_id
      JOIN products r ON r.organization_id = p.organization_id AND r.id = p.product_id
      JOIN organizations o ON o.id = s.organization_id
      WHERE s.invitation_hash = ANY(${hashes}::text[]) AND s.status = 'pending'
        AND s.invitation_expires_at > ${now}::timestamptz`);
    return row;
  }

  /**
   * Claims a seat if the invitation still stands, and opens a session for who claimed it. Compare
   * and set: of two claims at once, the second finds the hash gone and gets no row.
   */
  async claim(
    caller: Caller,
    hashes: string[],
    session: { id: string; memberId: string | null; tokenHash: string; expiresAt: Date },
    now: Date,
  ): Promise<SeatRow | undefined> {
    const telling = { type: sql`'customer_seat.claimed'`, at: now };
    const [row] = await this.database.query<SeatRow>(sql`
      WITH s AS (
        UPDATE seats s SET status = 'claimed', claimed_at = ${now}::timestamptz,
          modified_at = ${now}::timestamptz, invitation_nonce = NULL, invitation_hash = NULL,
          invitation_expires_at = NULL
        FROM pools p JOIN organizations o ON o.id = p.organization_id
        WHERE p.organization_id = s.organization_id AND p.id = s.pool_id
          AND s.organization_id = ${caller.organizationId}::uuid
          AND s.invitation_hash = ANY(${hashes}::text[]) AND s.status = 'pending'
          AND s.invitation_expires_at > ${now}::timestamptz AND p.active AND o.seats_enabled
        RETURNING s.*
      ), session AS (
        INSERT INTO customer_sessions
          (organization_id, id, created_at, customer_id, member_id, token_hash, expires_at)
        SELECT s.organization_id, ${session.id}::uuid, ${now}::timestamptz, s.customer_id,
          ${session.memberId}::uuid, ${session.tokenHash}, ${session.expiresAt}::timestamptz
        FROM s
      ), shown AS (
        SELECT ${SEAT_COLUMNS} FROM s ${SEAT_NEIGHBOURS}
      ), told AS (${writeEvents(caller, sql`shown`, telling)})
      SELECT * FROM shown`);
    return row;
  }

  /** Which of these seats have been claimed. */
  async claimedAmong(seats: { organization_id: string; seat_id: string }[]): Promise<string[]> {
    const rows = await this.database.query<{ id: string }>(sql`
      SELECT s.id FROM seats s
      JOIN unnest(${seats.map(({ organization_id }) => organization_id)}::uuid[],
        ${seats.map(({ seat_id }) => seat_id)}::uuid[]) AS w(organization_id, id)
        ON w.organization_id = s.organization_id AND w.id = s.id
      WHERE s.claimed_at IS NOT NULL`);
    return rows.map((row) => row.id);
  }
}
