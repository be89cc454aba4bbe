import { Injectable } from '@nestjs/common';
import { Prisma } from '../generated/prisma/client.js';
import { Database, sql } from '../platform/database/database.js';
import type { Caller } from '../platform/http/access.js';
import { writeEvents } from '../platform/outbox/outbox.js';
import type { Candidate, ContainerRef, Recipient } from './seat.js';

import {
  type SeatRow,
  type PoolRow,
  type NewSeat,
  type EmailAssignment,
  SEAT_COLUMNS,
  SEAT_NEIGHBOURS,
  ASSIGNED,
  newSeats,
  shownAndTold,
  ofContainer,
} from './seats.rows.js';

/** The SQL of giving seats to people. */
@Injectable()
export class AssignmentsRepository {
  constructor(private readonly database: Database) {}

  /**
   * Assigns by e-mail in one statement: takes the place, finds or creates the buyer's member,
   * writes seat and event. All conditions are in its WHERE clauses; no row means no, for a reason
   * that the caller finds out (which may be that somebody created the same person meanwhile).
   *
   * The pool's row is locked before anything is judged: whoever comes second waits, and PostgreSQL
   * then judges `taken < capacity` on the row as the first one left it. The member is locked
   * against deletion, which would otherwise miss the seat written here.
   */
  async assignByEmail(
    caller: Caller,
    ref: ContainerRef,
    assignment: EmailAssignment,
    now: Date,
  ): Promise<(SeatRow & { claim_url_template: string | null }) | undefined> {
    const { seatId, email, invitation } = assignment;
    const tenant = sql`${caller.organizationId}::uuid`;
    const at = sql`${now}::timestamptz`;
    const shown = sql`shown`;
    const telling = { type: ASSIGNED, at: now, invites: sql`${assignment.invites}` };
    const [row] = await this.database.query<SeatRow & { claim_url_template: string | null }>(sql`
      WITH p AS (
        SELECT p.*, o.invitation_expires_in, o.claim_url_template
        FROM pools p JOIN organizations o ON o.id = p.organization_id
        WHERE p.organization_id = ${tenant} AND ${ofContainer(ref)}
          AND o.seats_enabled AND o.member_model_enabled
          AND p.active AND p.taken < p.capacity
        FOR NO KEY UPDATE OF p
      ), found AS (
        SELECT m.* FROM members m, p
        WHERE m.organization_id = ${tenant} AND m.customer_id = p.customer_id
          AND lower(m.email) = lower(${email}) AND m.deleted_at IS NULL
        FOR SHARE OF m
      ), created AS (
        INSERT INTO members (organization_id, id, created_at, customer_id, email)
        SELECT ${tenant}, gen_random_uuid(), ${at}, p.customer_id, ${email}
        FROM p WHERE NOT EXISTS (SELECT FROM found)
        ON CONFLICT DO NOTHING
        RETURNING *
      ), m AS (
        SELECT * FROM found UNION ALL SELECT * FROM created
      ), s AS (
        INSERT INTO seats (organization_id, id, created_at, pool_id, status, customer_id, member_id,
          email, metadata, invitation_nonce, invitation_hash, invitation_expires_at, claimed_at)
        SELECT ${tenant}, ${seatId}::uuid, ${at}, p.id, ${invitation ? 'pending' : 'claimed'},
          p.customer_id, m.id, m.email, ${JSON.stringify(assignment.metadata)}::jsonb,
          ${invitation?.nonce ?? null}, ${invitation?.hash ?? null},
          ${
            invitation
              ? sql`${at} + interval '1 second' * coalesce(${invitation.expiresIn}::int, p.invitation_expires_in)`
              : sql`NULL`
          },
          ${invitation ? null : now}::timestamptz
        FROM p, m
        ON CONFLICT DO NOTHING
        RETURNING *
      ), shown AS (
        SELECT ${SEAT_COLUMNS} FROM s, p, m
        JOIN customers c ON c.organization_id = m.organization_id AND c.id = m.customer_id
      ), told AS (${writeEvents(caller, shown, telling)})
      SELECT shown.*, p.claim_url_template FROM shown, p`);
    return row;
  }

  /** What is known of each recipient, in their order. */
  async findCandidates(
    organizationId: string,
    pool: PoolRow,
    recipients: Recipient[],
  ): Promise<Candidate[]> {
    const wanted = JSON.stringify(recipients.map((recipient, index) => ({ index, ...recipient })));
    const tenant = sql`${organizationId}::uuid`;
    const ownCustomer = sql`NOT ${pool.member_model_enabled}::boolean`;
    return this.database.query<Candidate>(sql`
      WITH w AS (
        SELECT * FROM jsonb_to_recordset(${wanted}::jsonb)
          AS w(index int, by text, id uuid, external_id text, email text)
      ), named AS (
        SELECT w.*, coalesce(i.id, x.id) AS named_id, coalesce(i.email, x.email, w.email) AS named_email
        FROM w
        LEFT JOIN customers i ON w.by = 'customer'
          AND i.organization_id = ${tenant} AND i.id = w.id AND i.deleted_at IS NULL
        LEFT JOIN customers x ON w.by = 'external_customer'
          AND x.organization_id = ${tenant} AND x.external_id = w.external_id
          AND x.deleted_at IS NULL
      ), people AS (
        SELECT n.index, n.named_id, coalesce(i.id, x.id, b.id) AS member_id,
          coalesce(i.email, x.email, b.email, n.named_email) AS email
        FROM named n
        LEFT JOIN members i ON n.by = 'member' AND i.organization_id = ${tenant}
          AND i.customer_id = ${pool.customer_id}::uuid AND i.id = n.id AND i.deleted_at IS NULL
        LEFT JOIN members x ON n.by = 'external_member' AND x.organization_id = ${tenant}
          AND x.customer_id = ${pool.customer_id}::uuid AND x.external_id = n.external_id
          AND x.deleted_at IS NULL
        LEFT JOIN members b ON b.organization_id = ${tenant}
          AND b.customer_id = ${pool.customer_id}::uuid
          AND lower(b.email) = lower(n.named_email) AND b.deleted_at IS NULL
      )
      SELECT lower(people.email) AS email_key,
        coalesce(held.id, owned.id) AS seat_id,
        CASE WHEN m.id IS NOT NULL THEN
          jsonb_build_object('id', m.id, 'email', m.email, 'external_id', m.external_id) END AS member,
        CASE WHEN k.id IS NOT NULL THEN
          jsonb_build_object('id', k.id, 'email', k.email, 'name', k.name)
        WHEN own.id IS NOT NULL THEN
          jsonb_build_object('id', own.id, 'email', own.email, 'name', own.name) END AS customer
      FROM people
      LEFT JOIN members m ON m.organization_id = ${tenant} AND m.id = people.member_id
      LEFT JOIN customers k ON k.organization_id = ${tenant} AND k.id = people.named_id
        AND k.deleted_at IS NULL
      LEFT JOIN customers own ON people.named_id IS NULL AND ${ownCustomer}
        AND own.organization_id = ${tenant} AND lower(own.email) = lower(people.email)
        AND own.deleted_at IS NULL
      LEFT JOIN seats held ON held.organization_id = ${tenant} AND held.pool_id = ${pool.id}::uuid
        AND held.member_id = people.member_id AND held.status <> 'revoked'
      -- A customer who has changed their e-mail since is still the same person. Not so the buyer,
      -- whose id is on everybody's seats from the time when the organization had members.
      LEFT JOIN seats owned ON ${ownCustomer} AND owned.organization_id = ${tenant}
        AND owned.pool_id = ${pool.id}::uuid AND owned.customer_id = coalesce(k.id, own.id)
        AND owned.status <> 'revoked' AND owned.customer_id <> ${pool.customer_id}::uuid
      ORDER BY people.index`);
  }

  /**
   * Keeps these people from being deleted or changed until the end of the transaction; false when
   * one of them is gone, or has another e-mail, since they were looked up.
   */
  async lockPeople(
    table: 'customers' | 'members',
    organizationId: string,
    people: { id: string; email: string | null }[],
  ): Promise<boolean> {
    if (people.length === 0) return true;
    const rows = await this.database.query(sql`
      SELECT t.id FROM ${Prisma.raw(table)} t
      JOIN unnest(${people.map(({ id }) => id)}::uuid[],
        ${people.map(({ email }) => email)}::text[]) AS w(id, email) ON w.id = t.id
      WHERE t.organization_id = ${organizationId}::uuid AND t.email = w.email
        AND t.deleted_at IS NULL
      ORDER BY t.id FOR SHARE OF t`);
    return rows.length === people.length;
  }

  /**
   * Creates customers of their own for these people, each with its owner member. Somebody else may
   * create the same ones meanwhile; then theirs count. In the order of the e-mails, so that two
   * calls with the same people cannot wait for each other.
   */
  async createCustomers(organizationId: string, emails: string[], now: Date): Promise<void> {
    await this.database.query(sql`
      WITH created AS (
        INSERT INTO customers (organization_id, id, created_at, email)
        SELECT ${organizationId}::uuid, gen_random_uuid(), ${now}::timestamptz, e.email
        FROM unnest(${emails}::text[]) AS e(email) ORDER BY lower(e.email)
        ON CONFLICT DO NOTHING
        RETURNING *
      )
      INSERT INTO members (organization_id, id, created_at, customer_id, email, role)
      SELECT organization_id, gen_random_uuid(), created_at, id, email, 'owner' FROM created`);
  }

  /** Creates members of the buyer, or gives those that exist the external id they were named by. */
  async createMembers(
    organizationId: string,
    customerId: string,
    people: { email: string; name: string | null; external_id: string | null }[],
    now: Date,
  ): Promise<void> {
    await this.database.query(sql`
      WITH people AS (
        SELECT * FROM jsonb_to_recordset(${JSON.stringify(people)}::jsonb)
          AS w(email text, name text, external_id text)
      ), linked AS (
        UPDATE members m SET external_id = people.external_id, modified_at = ${now}::timestamptz
        FROM people
        WHERE m.organization_id = ${organizationId}::uuid AND m.customer_id = ${customerId}::uuid
          AND lower(m.email) = lower(people.email) AND m.deleted_at IS NULL
          AND m.external_id IS NULL AND people.external_id IS NOT NULL
      )
      INSERT INTO members (organization_id, id, created_at, customer_id, email, name, external_id)
      SELECT ${organizationId}::uuid, gen_random_uuid(), ${now}::timestamptz,
        ${customerId}::uuid, email, name, external_id
      FROM people ORDER BY lower(email)
      ON CONFLICT DO NOTHING`);
  }

  /** Writes seats and their events. The pool is locked by the caller; the trigger counts. */
  insertSeats(caller: Caller, poolId: string, seats: NewSeat[], now: Date): Promise<SeatRow[]> {
    return this.database.query<SeatRow>(sql`
      WITH n AS (${newSeats(seats)}), s AS (
        INSERT INTO seats (organization_id, id, created_at, pool_id, status, customer_id, member_id,
          email, metadata, invitation_nonce, invitation_hash, invitation_expires_at, claimed_at)
        SELECT ${caller.organizationId}::uuid, id, ${now}::timestamptz, ${poolId}::uuid, status,
          customer_id, member_id, email, metadata, nonce, hash, expires_at, claimed_at
        FROM n
        RETURNING *
      ), ${shownAndTold(caller, now)}`);
  }

  /**
   * Passes a seat's place on: its row becomes the new person's, under a new id, and the old id stays
   * behind as a revoked seat. An update, so that the count of the pool does not move at all: a full
   * pool, or one that was made too small, has no moment at which the place could be lost.
   */
  async replaceSeat(caller: Caller, id: string, seat: NewSeat, now: Date): Promise<SeatRow[]> {
    const { organizationId } = caller;
    const tenant = sql`${organizationId}::uuid`;
    const telling = {
      type: sql`'customer_seat.revoked'`,
      at: now,
      reason: 'replaced',
      replacedBy: seat.id,
    };
    await this.database.query(sql`
      WITH s AS (
        SELECT organization_id, id, created_at, ${now}::timestamptz AS modified_at, pool_id,
          'revoked' AS status, customer_id, member_id, email, metadata,
          NULL::timestamptz AS invitation_expires_at, claimed_at, ${now}::timestamptz AS revoked_at
        FROM seats WHERE organization_id = ${tenant} AND id = ${id}::uuid
        -- A claim locks the seat alone: it comes before the event that is written here, or not at all.
        FOR UPDATE
      ), shown AS (SELECT ${SEAT_COLUMNS} FROM s ${SEAT_NEIGHBOURS})
      ${writeEvents(caller, sql`shown`, telling)}`);
    const where = { organization_id_id: { organization_id: organizationId, id } };
    const old = await this.database.db.seats.findUniqueOrThrow({ where });
    const rows = await this.database.query<SeatRow>(sql`
      WITH n AS (${newSeats([seat])}), s AS (
        UPDATE seats s SET id = n.id, created_at = ${now}::timestamptz, modified_at = NULL,
          status = n.status, customer_id = n.customer_id, member_id = n.member_id, email = n.email,
          metadata = n.metadata, invitation_nonce = n.nonce, invitation_hash = n.hash,
          invitation_expires_at = n.expires_at, resent_at = NULL, claimed_at = n.claimed_at
        FROM n WHERE s.organization_id = ${tenant} AND s.id = ${id}::uuid
        RETURNING s.*
      ), ${shownAndTold(caller, now)}`);
    await this.database.query(sql`
      INSERT INTO seats (organization_id, id, created_at, modified_at, pool_id, status, metadata,
        claimed_at, revoked_at)
      VALUES (${tenant}, ${id}::uuid, ${old.created_at}::timestamptz, ${now}::timestamptz,
        ${old.pool_id}::uuid, 'revoked', ${JSON.stringify(old.metadata)}::jsonb,
        ${old.claimed_at}::timestamptz, ${now}::timestamptz)`);
    return rows;
  }
}
