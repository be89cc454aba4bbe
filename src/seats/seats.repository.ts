import { Injectable } from '@nestjs/common';
import { Prisma } from '../generated/prisma/client.js';
import { Database, sql } from '../platform/database/database.js';
import type { Caller } from '../platform/http/access.js';
import { writeEvents } from '../platform/outbox/outbox.js';

import {
  type SeatRow,
  type SeatWithOrganization,
  SEAT_COLUMNS,
  SEAT_NEIGHBOURS,
} from './seats.rows.js';

/** The SQL of seats that are there. */
@Injectable()
export class SeatsRepository {
  constructor(private readonly database: Database) {}

  async findSeat(organizationId: string, id: string): Promise<SeatWithOrganization | undefined> {
    const [row] = await this.findSeats(organizationId, [id]);
    return row;
  }

  /** Those of the seats that there are, in no order. */
  findSeats(organizationId: string, ids: string[]): Promise<SeatWithOrganization[]> {
    return this.database.query<SeatWithOrganization>(sql`
      SELECT ${SEAT_COLUMNS}, o.seats_enabled, o.claim_url_template
      FROM seats s ${SEAT_NEIGHBOURS} JOIN organizations o ON o.id = s.organization_id
      WHERE s.organization_id = ${organizationId}::uuid AND s.id = ANY(${ids}::uuid[])`);
  }

  /** The active seats that these people hold in a pool, each with the e-mail as it was asked for. */
  findSeatsByEmail(
    organizationId: string,
    poolId: string,
    emails: string[],
  ): Promise<{ asked: string; seat_id: string }[]> {
    return this.database.query(sql`
      SELECT e.asked, s.id AS seat_id
      FROM unnest(${emails}::text[]) AS e(asked) JOIN seats s
        ON s.organization_id = ${organizationId}::uuid AND s.pool_id = ${poolId}::uuid
        AND lower(s.email) = lower(e.asked) AND s.status <> 'revoked'`);
  }

  /** Seats of a pool, oldest first, after the keys (created_at, id) of the page before. */
  listSeats(
    organizationId: string,
    poolId: string,
    filters: { status?: string[]; email?: string; member_id?: string; customer_id?: string },
    { after, limit }: { after: string[] | undefined; limit: number },
  ): Promise<SeatRow[]> {
    const { status, email, member_id, customer_id } = filters;
    const conditions = [
      sql`s.organization_id = ${organizationId}::uuid AND s.pool_id = ${poolId}::uuid`,
      status && sql`s.status = ANY(${status}::text[])`,
      // Named again, so that the indexes of active seats serve.
      email && sql`lower(s.email) = lower(${email}) AND s.status <> 'revoked'`,
      member_id && sql`s.member_id = ${member_id}::uuid AND s.status <> 'revoked'`,
      customer_id && sql`s.customer_id = ${customer_id}::uuid AND s.status <> 'revoked'`,
      after && sql`(s.created_at, s.id) > (${after[0]}::timestamptz, ${after[1]}::uuid)`,
    ].filter((condition) => condition !== undefined && condition !== '');
    return this.database.query<SeatRow>(sql`
      SELECT ${SEAT_COLUMNS} FROM seats s ${SEAT_NEIGHBOURS}
      WHERE ${Prisma.join(conditions, ' AND ')}
      ORDER BY s.created_at, s.id LIMIT ${limit}`);
  }

  /** Replaces the metadata of a seat and tells of it, unless it is the same. */
  async changeMetadata(
    caller: Caller,
    id: string,
    metadata: Record<string, unknown>,
    now: Date,
  ): Promise<void> {
    const json = sql`${JSON.stringify(metadata)}::jsonb`;
    await this.database.query(sql`
      WITH s AS (
        UPDATE seats s SET metadata = ${json}, modified_at = ${now}::timestamptz
        WHERE s.organization_id = ${caller.organizationId}::uuid AND s.id = ${id}::uuid
          AND s.metadata <> ${json}
        RETURNING s.*
      ), shown AS (
        SELECT ${SEAT_COLUMNS} FROM s ${SEAT_NEIGHBOURS}
      )
      ${writeEvents(caller, sql`shown`, { type: sql`'customer_seat.updated'`, at: now })}`);
  }

  /** Writes a member's new e-mail into their active seats, and tells of each. */
  async changeEmail(caller: Caller, memberId: string, email: string, now: Date): Promise<void> {
    await this.database.query(sql`
      WITH s AS (
        UPDATE seats s SET email = ${email}, modified_at = ${now}::timestamptz
        WHERE s.organization_id = ${caller.organizationId}::uuid
          AND s.member_id = ${memberId}::uuid AND s.status <> 'revoked'
        RETURNING s.*
      ), shown AS (
        SELECT ${SEAT_COLUMNS} FROM s ${SEAT_NEIGHBOURS}
      )
      ${writeEvents(caller, sql`shown`, { type: sql`'customer_seat.updated'`, at: now })}`);
  }

  /**
   * Replaces the invitation of a pending seat, unless it was sent again since `notSince`. Expired
   * ones come alive: until release the place is still theirs.
   */
  async renewInvitation(
    caller: Caller,
    id: string,
    invitation: { nonce: string; hash: string },
    notSince: Date,
    now: Date,
  ): Promise<SeatRow | undefined> {
    const telling = {
      type: sql`'customer_seat.invitation_resent'`,
      at: now,
      invites: sql`true`,
    };
    const [row] = await this.database.query<SeatRow>(sql`
      WITH s AS (
        UPDATE seats s SET invitation_nonce = ${invitation.nonce},
          invitation_hash = ${invitation.hash}, resent_at = ${now}::timestamptz,
          modified_at = ${now}::timestamptz,
          invitation_expires_at =
            ${now}::timestamptz + interval '1 second' * o.invitation_expires_in
        FROM organizations o
        WHERE o.id = s.organization_id AND s.organization_id = ${caller.organizationId}::uuid
          AND s.id = ${id}::uuid AND s.status = 'pending'
          AND (s.resent_at IS NULL OR s.resent_at <= ${notSince}::timestamptz)
        RETURNING s.*
      ), shown AS (
        SELECT ${SEAT_COLUMNS} FROM s ${SEAT_NEIGHBOURS}
      ), told AS (${writeEvents(caller, sql`shown`, telling)})
      SELECT * FROM shown`);
    return row;
  }

  /** When the invitation was last sent again. */
  async resentAt(organizationId: string, id: string): Promise<Date | null> {
    const seat = await this.database.db.seats.findFirst({
      where: { organization_id: organizationId, id },
      select: { resent_at: true },
    });
    return seat?.resent_at ?? null;
  }
}
