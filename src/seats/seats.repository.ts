import { Injectable } from '@nestjs/common';
import { Prisma } from '../generated/prisma/client.js';
import type { Caller } from '../platform/caller.js';
import { Database, sql } from '../platform/database/database.js';
import { writeEvents } from '../platform/outbox/outbox.js';
import type { ContainerRef } from './seat.js';
import {
  MEMBER_JOIN,
  type Nullable,
  ofContainer,
  type PoolRow,
  SEAT_COLUMNS,
  SEAT_JOINS,
  type SeatRow,
  type SeatWithOrganization,
} from './seats.sql.js';

/** The size of a pool, and whether its organization uses seats. */
export type PoolSize = Pick<PoolRow, 'seats_enabled' | 'capacity' | 'taken'>;

/** The SQL of existing seats. */
@Injectable()
export class SeatsRepository {
  constructor(private readonly database: Database) {}

  async findSeat(organizationId: string, id: string): Promise<SeatWithOrganization | undefined> {
    const [row] = await this.findSeats(organizationId, [id]);
    return row;
  }

  /** The seats with these ids that exist, in no particular order. */
  findSeats(organizationId: string, ids: string[]): Promise<SeatWithOrganization[]> {
    return this.database.query<SeatWithOrganization>(sql`
      SELECT ${SEAT_COLUMNS}, organization.seats_enabled, organization.claim_url_template
      FROM seats seat ${SEAT_JOINS}
      JOIN organizations organization ON organization.id = seat.organization_id
      WHERE seat.organization_id = ${organizationId}::uuid AND seat.id = ANY(${ids}::uuid[])`);
  }

  /**
   * The active seats of these people in a pool, each with the e-mail as it was asked for. They are
   * locked until the transaction ends, so the people cannot get other e-mails meanwhile. The caller
   * has locked the pool.
   * @throws {Error} outside of a transaction.
   */
  async lockSeatsByEmail(
    organizationId: string,
    poolId: string,
    emails: string[],
  ): Promise<{ requested_email: string; seat_id: string }[]> {
    this.database.requireTransaction();
    return this.database.query<{ requested_email: string; seat_id: string }>(sql`
      SELECT requested.email AS requested_email, seat.id AS seat_id
      FROM unnest(${emails}::text[]) AS requested(email) CROSS JOIN LATERAL (
        -- With the LIMIT, PostgreSQL cannot read all seats of the pool for a few e-mails.
        SELECT seat.id FROM seats seat
        WHERE seat.organization_id = ${organizationId}::uuid AND seat.pool_id = ${poolId}::uuid
          AND email_key(seat.email) = email_key(requested.email) AND seat.status <> 'revoked'
        LIMIT 1
      ) found
      JOIN seats seat ON seat.organization_id = ${organizationId}::uuid AND seat.id = found.id
      WHERE email_key(seat.email) = email_key(requested.email) AND seat.status <> 'revoked'
      ORDER BY seat.id FOR UPDATE OF seat`);
  }

  /**
   * The size of a pool and a page of its seats, oldest first, after the keys (created_at, id) of the
   * page before. Undefined when the container has no pool.
   */
  async listSeats(
    organizationId: string,
    ref: ContainerRef,
    filters: { status?: string[]; email?: string; member_id?: string; customer_id?: string },
    { after, limit }: { after: string[] | undefined; limit: number },
  ): Promise<{ pool: PoolSize; seats: SeatRow[] } | undefined> {
    const { status, email, member_id, customer_id } = filters;
    const tenant = sql`${organizationId}::uuid`;
    const conditions = [
      sql`seat.organization_id = ${tenant} AND seat.pool_id = pool.id`,
      status && sql`seat.status = ANY(${status}::text[])`,
      // The status is repeated so that the partial indexes of active seats apply.
      email && sql`email_key(seat.email) = email_key(${email}) AND seat.status <> 'revoked'`,
      member_id && sql`seat.member_id = ${member_id}::uuid AND seat.status <> 'revoked'`,
      customer_id && sql`seat.customer_id = ${customer_id}::uuid AND seat.status <> 'revoked'`,
      after && sql`(seat.created_at, seat.id) > (${after[0]}::timestamptz, ${after[1]}::uuid)`,
    ].filter((condition) => condition !== undefined && condition !== '');
    const rows = await this.database.query<PoolSize & Nullable<SeatRow>>(sql`
      SELECT organization.seats_enabled, pool.capacity, pool.taken, page.*
      FROM pools pool JOIN organizations organization ON organization.id = pool.organization_id
      LEFT JOIN LATERAL (
        -- The members are joined after the limit, so that only those of the page are read.
        SELECT ${SEAT_COLUMNS} FROM (
          SELECT seat.* FROM seats seat WHERE ${Prisma.join(conditions, ' AND ')}
          ORDER BY seat.created_at, seat.id LIMIT ${limit}
        ) seat ${MEMBER_JOIN}
      ) page ON true
      WHERE pool.organization_id = ${tenant} AND ${ofContainer(ref)}
      ORDER BY page.created_at, page.seat_id`);
    const [pool] = rows;
    // A pool without seats on this page is one row whose seat is null.
    return pool && { pool, seats: rows.filter(hasSeat) };
  }

  /**
   * Replaces the metadata of an active seat, with an event unless it is the same.
   * @returns whether it has changed.
   */
  async changeMetadata(
    caller: Caller,
    id: string,
    metadata: Record<string, unknown>,
    now: Date,
  ): Promise<boolean> {
    const json = sql`${JSON.stringify(metadata)}::jsonb`;
    const events = await this.database.query(sql`
      WITH seat AS (
        UPDATE seats SET metadata = ${json}, modified_at = ${now}::timestamptz
        WHERE organization_id = ${caller.organizationId}::uuid AND id = ${id}::uuid
          AND status <> 'revoked' AND metadata <> ${json}
        RETURNING *
      ), seat_rows AS (
        SELECT ${SEAT_COLUMNS} FROM seat ${SEAT_JOINS}
      )
      ${writeEvents(caller, sql`seat_rows`, { type: sql`'customer_seat.updated'`, at: now })}
      RETURNING id`);
    return events.length > 0;
  }

  /**
   * Writes a member's new e-mail to their active seats, with an event for each.
   * @returns the ids of the pending ones. They are locked until the transaction ends.
   */
  async changeEmail(caller: Caller, memberId: string, email: string, now: Date): Promise<string[]> {
    const event = { type: sql`'customer_seat.updated'`, at: now };
    const rows = await this.database.query<{ seat_id: string }>(sql`
      WITH seat AS (
        UPDATE seats SET email = ${email}, modified_at = ${now}::timestamptz
        WHERE organization_id = ${caller.organizationId}::uuid
          AND member_id = ${memberId}::uuid AND status <> 'revoked'
        RETURNING *
      ), seat_rows AS (
        SELECT ${SEAT_COLUMNS} FROM seat ${SEAT_JOINS}
      ), seat_events AS (${writeEvents(caller, sql`seat_rows`, event)})
      SELECT seat_id FROM seat_rows WHERE status = 'pending'`);
    return rows.map(({ seat_id }) => seat_id);
  }

  /**
   * Replaces the invitation of a pending seat, unless it was resent after `resend.notSince`, if that is
   * given. An
   * expired invitation is renewed too: until its release the place is still taken.
   * @param resend undefined for a renewal that is not a resend and so does not start the resend
   * interval.
   */
  async renewInvitation(
    caller: Caller,
    id: string,
    invitation: { nonce: string; hash: string },
    now: Date,
    resend?: { notSince?: Date },
  ): Promise<SeatRow | undefined> {
    const event = {
      type: sql`'customer_seat.invitation_resent'`,
      at: now,
      invites: sql`true`,
    };
    const resentAt = resend ? sql`${now}::timestamptz` : sql`seats.resent_at`;
    const mayResend = resend?.notSince
      ? sql`AND (seats.resent_at IS NULL OR seats.resent_at <= ${resend.notSince}::timestamptz)`
      : Prisma.empty;
    const [row] = await this.database.query<SeatRow>(sql`
      WITH seat AS (
        UPDATE seats SET invitation_nonce = ${invitation.nonce},
          invitation_hash = ${invitation.hash}, resent_at = ${resentAt},
          modified_at = ${now}::timestamptz,
          invitation_expires_at =
            ${now}::timestamptz + interval '1 second' * organization.invitation_expires_in
        FROM organizations organization
        WHERE organization.id = seats.organization_id
          AND seats.organization_id = ${caller.organizationId}::uuid
          AND seats.id = ${id}::uuid AND seats.status = 'pending' ${mayResend}
        RETURNING seats.*
      ), seat_rows AS (
        SELECT ${SEAT_COLUMNS} FROM seat ${SEAT_JOINS}
      ), seat_events AS (${writeEvents(caller, sql`seat_rows`, event)})
      SELECT * FROM seat_rows`);
    return row;
  }

  /** The time of the last resend; null when there was none. */
  async resentAt(organizationId: string, id: string): Promise<Date | null> {
    const seat = await this.database.db.seat.findFirst({
      where: { organization_id: organizationId, id },
      select: { resent_at: true },
    });
    return seat?.resent_at ?? null;
  }
}

function hasSeat<Row extends Nullable<SeatRow>>(row: Row): row is Row & SeatRow {
  return row.seat_id !== null;
}
