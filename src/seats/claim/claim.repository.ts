import { Injectable } from '@nestjs/common';
import type { Caller } from '../../platform/caller.js';
import { Database, sql } from '../../platform/database/database.js';
import { writeEvents } from '../../platform/outbox/outbox.js';
import { type InvitedSeat, SEAT_COLUMNS, SEAT_JOINS, type SeatRow } from '../seats.sql.js';

/** The SQL of claiming seats. */
@Injectable()
export class ClaimRepository {
  constructor(private readonly database: Database) {}

  /** The seats of invitations that have not expired. Hashes that match no such seat are ignored. */
  findInvited(hashes: string[], now: Date): Promise<InvitedSeat[]> {
    return this.database.query<InvitedSeat>(sql`
      SELECT seat.invitation_hash, organization.id AS organization_id, organization.name AS organization_name,
        organization.slug AS organization_slug, organization.locale, organization.brand,
        organization.seats_enabled, pool.active, pool.subscription_id, pool.order_id,
        pool.customer_id AS pool_customer_id, seat.id AS seat_id, seat.email, seat.customer_id,
        seat.member_id, product.id AS product_id, product.name AS product_name
      FROM seats seat
      JOIN pools pool ON pool.organization_id = seat.organization_id AND pool.id = seat.pool_id
      JOIN products product
        ON product.organization_id = pool.organization_id AND product.id = pool.product_id
      JOIN organizations organization ON organization.id = seat.organization_id
      WHERE seat.invitation_hash = ANY(${hashes}::text[]) AND seat.status = 'pending'
        AND seat.invitation_expires_at > ${now}::timestamptz`);
  }

  /**
   * Claims a seat if its invitation is still valid, and opens a session for the person. This is a
   * compare-and-set: the second of two claims finds no hash and gets no row.
   */
  async claim(
    caller: Caller,
    hash: string,
    session: { id: string; memberId: string | null; tokenHash: string; expiresAt: Date },
    now: Date,
  ): Promise<SeatRow | undefined> {
    const event = { type: sql`'customer_seat.claimed'`, at: now };
    const statement = sql`
      WITH seat AS (
        UPDATE seats SET status = 'claimed', claimed_at = ${now}::timestamptz,
          modified_at = ${now}::timestamptz, invitation_nonce = NULL, invitation_hash = NULL,
          invitation_expires_at = NULL
        FROM pools pool JOIN organizations organization ON organization.id = pool.organization_id
        WHERE pool.organization_id = seats.organization_id AND pool.id = seats.pool_id
          AND seats.organization_id = ${caller.organizationId}::uuid
          AND seats.invitation_hash = ${hash} AND seats.status = 'pending'
          AND seats.invitation_expires_at > ${now}::timestamptz
          AND pool.active AND organization.seats_enabled
        RETURNING seats.*
      ), session AS (
        INSERT INTO customer_sessions
          (organization_id, id, created_at, customer_id, member_id, token_hash, expires_at)
        SELECT seat.organization_id, ${session.id}::uuid, ${now}::timestamptz, seat.customer_id,
          ${session.memberId}::uuid, ${session.tokenHash}, ${session.expiresAt}::timestamptz
        FROM seat
      ), seat_rows AS (
        SELECT ${SEAT_COLUMNS} FROM seat ${SEAT_JOINS}
      ), seat_events AS (${writeEvents(caller, sql`seat_rows`, event)})
      SELECT * FROM seat_rows`;
    // A claim waits for a transaction that has locked its seat, so it counts for the organization.
    const [row] = await this.database.runFor(
      () => caller.organizationId,
      () => this.database.query<SeatRow>(statement),
    );
    return row;
  }

  /** The ids of those seats that have been claimed. */
  async claimedAmong(seats: { organization_id: string; seat_id: string }[]): Promise<string[]> {
    const rows = await this.database.query<{ id: string }>(sql`
      SELECT seat.id FROM seats seat
      JOIN unnest(${seats.map(({ organization_id }) => organization_id)}::uuid[],
        ${seats.map(({ seat_id }) => seat_id)}::uuid[]) AS watched(organization_id, id)
        ON watched.organization_id = seat.organization_id AND watched.id = seat.id
      WHERE seat.claimed_at IS NOT NULL`);
    return rows.map((row) => row.id);
  }
}
