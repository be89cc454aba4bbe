import { Injectable } from '@nestjs/common';
import { Prisma } from '../../generated/prisma/client.js';
import type { Caller } from '../../platform/caller.js';
import { Database, sql } from '../../platform/database/database.js';
import { writeEvents } from '../../platform/outbox/outbox.js';
import { type ContainerRef, queueOf } from '../seat.js';
import type { Recipient } from '../seats.rules.js';
import {
  ASSIGNED,
  type EmailAssignment,
  MEMBER_JOIN,
  type NewSeat,
  newSeats,
  ofContainer,
  POOL_COLUMNS,
  type PoolRow,
  SEAT_COLUMNS,
  SEAT_JOINS,
  type SeatRow,
  writeEventsAndReturn,
} from '../seats.sql.js';
import type { Candidate } from './assign.rules.js';

/** A pool, the facts about a recipient, and the pending or claimed seat that they have there. */
export interface PoolAndCandidate extends PoolRow, Candidate {
  seat: SeatRow | null;
}

/** The SQL of assigning seats. */
@Injectable()
export class AssignRepository {
  constructor(private readonly database: Database) {}

  /**
   * Assigns by e-mail in one statement: it takes the place, finds or creates the buyer's member,
   * and writes the seat and its event. All conditions are in its WHERE clauses. No row means no new
   * seat; the reason may also be that another transaction created the same person meanwhile.
   *
   * The statement locks the pool's row. A second statement waits, and PostgreSQL then checks
   * `taken < capacity` again on the row that the first one left. A full pool is not locked, nor is
   * the pool of a person who has a seat. The member is locked against deletion, which would
   * otherwise miss the new seat.
   */
  async assignByEmail(
    caller: Caller,
    ref: ContainerRef,
    assignment: EmailAssignment,
    now: Date,
  ): Promise<(SeatRow & { claim_url_template: string | null }) | undefined> {
    const { id, email, invitation } = assignment;
    const tenant = sql`${caller.organizationId}::uuid`;
    const at = sql`${now}::timestamptz`;
    const invites = sql`${invitation !== null && assignment.sendInvitation}`;
    const { eventId } = assignment;
    const event = { type: ASSIGNED, at: now, invites, ...(eventId && { id: eventId }) };
    const statement = sql`
      WITH pool AS (
        SELECT pool.*, organization.invitation_expires_in, organization.claim_url_template
        FROM pools pool JOIN organizations organization ON organization.id = pool.organization_id
        WHERE pool.organization_id = ${tenant} AND ${ofContainer(ref)}
          AND organization.seats_enabled AND organization.member_model_enabled
          AND pool.active AND pool.taken < pool.capacity
          -- The insertion of the seat would fail. A caller who repeats a request must not wait for
          -- the pool, nor make others wait.
          AND NOT EXISTS (SELECT FROM seats
            WHERE seats.organization_id = ${tenant} AND seats.pool_id = pool.id
              AND email_key(seats.email) = email_key(${email}) AND seats.status <> 'revoked')
        FOR NO KEY UPDATE OF pool
      ), existing_member AS (
        SELECT member.* FROM members member, pool
        WHERE member.organization_id = ${tenant} AND member.customer_id = pool.customer_id
          AND email_key(member.email) = email_key(${email}) AND member.deleted_at IS NULL
        FOR SHARE OF member
      ), new_member AS (
        INSERT INTO members (organization_id, id, created_at, customer_id, email)
        SELECT ${tenant}, gen_random_uuid(), ${at}, pool.customer_id, ${email}
        FROM pool WHERE NOT EXISTS (SELECT FROM existing_member)
        ON CONFLICT DO NOTHING
        RETURNING *
      ), member AS (
        SELECT * FROM existing_member UNION ALL SELECT * FROM new_member
      ), seat AS (
        INSERT INTO seats (organization_id, id, created_at, pool_id, status, customer_id, member_id,
          email, metadata, invitation_nonce, invitation_hash, invitation_expires_at, claimed_at)
        SELECT ${tenant}, ${id}::uuid, ${at}, pool.id, ${invitation ? 'pending' : 'claimed'},
          pool.customer_id, member.id, member.email, ${JSON.stringify(assignment.metadata)}::jsonb,
          ${invitation?.nonce ?? null}, ${invitation?.hash ?? null},
          ${
            invitation
              ? sql`${at} + interval '1 second' * coalesce(${assignment.expiresIn}::int, pool.invitation_expires_in)`
              : sql`NULL`
          },
          ${invitation ? null : now}::timestamptz
        FROM pool, member
        ON CONFLICT DO NOTHING
        RETURNING *
      ), seat_rows AS (
        SELECT ${SEAT_COLUMNS} FROM seat, pool, member
      ), seat_events AS (${writeEvents(caller, sql`seat_rows`, event)})
      SELECT seat_rows.*, pool.claim_url_template FROM seat_rows, pool`;
    const [row] = await this.database.query<SeatRow & { claim_url_template: string | null }>(
      statement,
      queueOf(ref),
    );
    return row;
  }

  /**
   * The pool of a container, the facts about one recipient, and the seat that the recipient has
   * there. All are read at the same moment, and nothing is locked.
   */
  async findPoolAndCandidate(
    { organizationId }: Caller,
    ref: ContainerRef,
    recipient: Recipient,
  ): Promise<PoolAndCandidate | undefined> {
    const tenant = sql`${organizationId}::uuid`;
    const pool = {
      id: sql`pool.id`,
      customerId: sql`pool.customer_id`,
      usesMembers: sql`organization.member_model_enabled`,
    };
    const [row] = await this.database.query<PoolAndCandidate>(sql`
      SELECT ${POOL_COLUMNS}, candidate.email_key, candidate.seat_id, candidate.member,
        candidate.customer, (SELECT to_jsonb(seat_row) FROM (
          SELECT ${SEAT_COLUMNS} FROM seats seat ${MEMBER_JOIN}
          WHERE seat.organization_id = ${tenant} AND seat.id = candidate.seat_id
        ) seat_row) AS seat
      FROM pools pool JOIN organizations organization ON organization.id = pool.organization_id
      CROSS JOIN LATERAL (${candidates(tenant, pool, [recipient])}) candidate
      WHERE pool.organization_id = ${tenant} AND ${ofContainer(ref)}`);
    return row;
  }

  /** The facts about each recipient, in their order. */
  async findCandidates(
    organizationId: string,
    pool: PoolRow,
    recipients: Recipient[],
  ): Promise<Candidate[]> {
    const ofPool = {
      id: sql`${pool.id}::uuid`,
      customerId: sql`${pool.customer_id}::uuid`,
      usesMembers: sql`${pool.member_model_enabled}::boolean`,
    };
    return this.database.query<Candidate>(sql`
      SELECT email_key, seat_id, member, customer
      FROM (${candidates(sql`${organizationId}::uuid`, ofPool, recipients)}) candidate
      ORDER BY candidate.index`);
  }

  /**
   * Keeps these people from being deleted or changed until the transaction ends.
   * @returns false if one of them was deleted or changed e-mail after the look-up.
   * @throws {Error} outside of a transaction.
   */
  async lockPeople(
    table: 'customers' | 'members',
    organizationId: string,
    people: { id: string; email: string | null }[],
  ): Promise<boolean> {
    this.database.requireTransaction();
    if (people.length === 0) return true;
    const rows = await this.database.query<{ id: string }>(sql`
      SELECT person.id FROM ${Prisma.raw(table)} person
      JOIN unnest(${people.map(({ id }) => id)}::uuid[],
        ${people.map(({ email }) => email)}::text[]) AS expected(id, email)
        ON expected.id = person.id
      WHERE person.organization_id = ${organizationId}::uuid AND person.email = expected.email
        AND person.deleted_at IS NULL
      ORDER BY person.id FOR SHARE OF person`);
    return rows.length === people.length;
  }

  /**
   * Creates a customer with its owner member for each of these e-mails. A customer that another
   * transaction creates meanwhile counts instead. They are created in the order of their e-mails, so
   * that two calls with the same people cannot deadlock.
   */
  async createCustomers(organizationId: string, emails: string[], now: Date): Promise<void> {
    await this.database.query(sql`
      WITH new_customers AS (
        INSERT INTO customers (organization_id, id, created_at, email)
        SELECT ${organizationId}::uuid, gen_random_uuid(), ${now}::timestamptz, wanted.email
        FROM unnest(${emails}::text[]) AS wanted(email) ORDER BY email_key(wanted.email)
        ON CONFLICT DO NOTHING
        RETURNING *
      )
      INSERT INTO members (organization_id, id, created_at, customer_id, email, role)
      SELECT organization_id, gen_random_uuid(), created_at, id, email, 'owner'
      FROM new_customers`);
  }

  /** Creates members of the buyer, and gives existing ones the external ids of their requests. */
  async createMembers(
    organizationId: string,
    customerId: string,
    people: { email: string; name: string | null; external_id: string | null }[],
    now: Date,
  ): Promise<void> {
    const tenant = sql`${organizationId}::uuid`;
    const buyer = sql`${customerId}::uuid`;
    await this.database.query(sql`
      WITH people AS (
        SELECT * FROM jsonb_to_recordset(${JSON.stringify(people)}::jsonb)
          AS people(email text, name text, external_id text)
      ), unlinked AS (
        -- One look-up for each person, never a join: PostgreSQL does not know how many they are, and
        -- could read every member of the buyer.
        SELECT found.id, people.email, people.external_id FROM people CROSS JOIN LATERAL (
          SELECT member.id FROM members member
          WHERE member.organization_id = ${tenant} AND member.customer_id = ${buyer}
            AND email_key(member.email) = email_key(people.email) AND member.deleted_at IS NULL
          LIMIT 1
        ) found
        WHERE people.external_id IS NOT NULL
      ), linked_members AS (
        UPDATE members member
        SET external_id = unlinked.external_id, modified_at = ${now}::timestamptz
        FROM unlinked
        WHERE member.organization_id = ${tenant} AND member.id = unlinked.id
          AND email_key(member.email) = email_key(unlinked.email) AND member.deleted_at IS NULL
          AND member.external_id IS NULL
      )
      INSERT INTO members (organization_id, id, created_at, customer_id, email, name, external_id)
      SELECT ${tenant}, gen_random_uuid(), ${now}::timestamptz, ${buyer}, email, name, external_id
      FROM people ORDER BY email_key(email)
      ON CONFLICT DO NOTHING`);
  }

  /** Writes seats and their events. The caller has locked the pool; a trigger counts its seats. */
  insertSeats(caller: Caller, poolId: string, seats: NewSeat[], now: Date): Promise<SeatRow[]> {
    return this.database.query<SeatRow>(sql`
      WITH new_seats AS (${newSeats(seats)}), seat AS (
        INSERT INTO seats (organization_id, id, created_at, pool_id, status, customer_id, member_id,
          email, metadata, invitation_nonce, invitation_hash, invitation_expires_at, claimed_at)
        SELECT ${caller.organizationId}::uuid, id, ${now}::timestamptz, ${poolId}::uuid, status,
          customer_id, member_id, email, metadata, nonce, hash, expires_at, claimed_at
        FROM new_seats
        RETURNING *
      ), ${writeEventsAndReturn(caller, seats, now)}`);
  }

  /**
   * Passes the place of a seat on. Its row gets the new person and a new id, and the old id is
   * inserted again as a revoked seat. The pool's count does not change, so a pool that is full or
   * was made too small cannot lose the place in between.
   * @throws {Error} outside of a transaction.
   */
  async replaceSeat(caller: Caller, id: string, seat: NewSeat, now: Date): Promise<SeatRow[]> {
    this.database.requireTransaction();
    const { organizationId } = caller;
    const tenant = sql`${organizationId}::uuid`;
    const event = {
      type: sql`'customer_seat.revoked'`,
      at: now,
      reason: 'replaced',
      replacedBy: seat.id,
    };
    await this.database.query(sql`
      WITH seat AS (
        SELECT organization_id, id, created_at, ${now}::timestamptz AS modified_at, pool_id,
          'revoked' AS status, customer_id, member_id, email, metadata,
          NULL::timestamptz AS invitation_expires_at, claimed_at, ${now}::timestamptz AS revoked_at
        FROM seats WHERE organization_id = ${tenant} AND id = ${id}::uuid
        -- A claim locks only the seat: it comes before this event, or it fails.
        FOR UPDATE
      ), seat_rows AS (SELECT ${SEAT_COLUMNS} FROM seat ${SEAT_JOINS})
      ${writeEvents(caller, sql`seat_rows`, event)}`);
    const where = { organization_id_id: { organization_id: organizationId, id } };
    const old = await this.database.db.seat.findUniqueOrThrow({ where });
    const rows = await this.database.query<SeatRow>(sql`
      WITH new_seats AS (${newSeats([seat])}), seat AS (
        UPDATE seats SET id = new_seats.id, created_at = ${now}::timestamptz, modified_at = NULL,
          status = new_seats.status, customer_id = new_seats.customer_id,
          member_id = new_seats.member_id, email = new_seats.email, metadata = new_seats.metadata,
          invitation_nonce = new_seats.nonce, invitation_hash = new_seats.hash,
          invitation_expires_at = new_seats.expires_at, resent_at = NULL,
          claimed_at = new_seats.claimed_at
        FROM new_seats WHERE seats.organization_id = ${tenant} AND seats.id = ${id}::uuid
        RETURNING seats.*
      ), ${writeEventsAndReturn(caller, [seat], now)}`);
    await this.database.query(sql`
      INSERT INTO seats (organization_id, id, created_at, modified_at, pool_id, status, metadata,
        claimed_at, revoked_at)
      VALUES (${tenant}, ${id}::uuid, ${old.created_at}::timestamptz, ${now}::timestamptz,
        ${old.pool_id}::uuid, 'revoked', ${JSON.stringify(old.metadata)}::jsonb,
        ${old.claimed_at}::timestamptz, ${now}::timestamptz)`);
    return rows;
  }
}

/**
 * The facts about each recipient, as rows of {@link Candidate} with the `index` of the recipient.
 *
 * Every look-up is a lateral subquery with a LIMIT. PostgreSQL can only run it once for each
 * recipient, with an index. It does not know how many recipients there are, and a join could read all
 * members of the buyer for one of them, while the pool is locked.
 */
function candidates(
  tenant: Prisma.Sql,
  pool: { id: Prisma.Sql; customerId: Prisma.Sql; usesMembers: Prisma.Sql },
  recipients: Recipient[],
): Prisma.Sql {
  const wanted = JSON.stringify(recipients.map((recipient, index) => ({ index, ...recipient })));
  const liveCustomers = sql`SELECT customer.id, customer.email, customer.name
    FROM customers customer
    WHERE customer.organization_id = ${tenant} AND customer.deleted_at IS NULL`;
  const membersOfBuyer = sql`FROM members person
    WHERE person.organization_id = ${tenant} AND person.customer_id = ${pool.customerId}
      AND person.deleted_at IS NULL`;
  const activeSeats = sql`FROM seats
    WHERE seats.organization_id = ${tenant} AND seats.pool_id = ${pool.id}
      AND seats.status <> 'revoked'`;
  return sql`
    SELECT recipient.index, email_key(person_email.email) AS email_key, seat.id AS seat_id,
      CASE WHEN member.id IS NOT NULL THEN jsonb_build_object(
        'id', member.id, 'email', member.email, 'external_id', member.external_id) END AS member,
      CASE WHEN named.id IS NOT NULL THEN
        jsonb_build_object('id', named.id, 'email', named.email, 'name', named.name)
      WHEN same_email.id IS NOT NULL THEN
        jsonb_build_object('id', same_email.id, 'email', same_email.email,
          'name', same_email.name) END AS customer
    FROM jsonb_to_recordset(${wanted}::jsonb)
      AS recipient(index int, by text, id uuid, external_id text, email text)
    LEFT JOIN LATERAL (
      ${liveCustomers} AND recipient.by = 'customer' AND customer.id = recipient.id
      UNION ALL
      ${liveCustomers} AND recipient.by = 'external_customer'
        AND customer.external_id = recipient.external_id
      LIMIT 1
    ) named ON true
    LEFT JOIN LATERAL (
      SELECT 1 AS preference, person.id, person.email, person.external_id ${membersOfBuyer}
        AND recipient.by = 'member' AND person.id = recipient.id
      UNION ALL
      SELECT 2, person.id, person.email, person.external_id ${membersOfBuyer}
        AND recipient.by = 'external_member' AND person.external_id = recipient.external_id
      UNION ALL
      SELECT 3, person.id, person.email, person.external_id ${membersOfBuyer}
        AND email_key(person.email) = email_key(coalesce(named.email, recipient.email))
      ORDER BY preference LIMIT 1
    ) member ON true
    CROSS JOIN LATERAL (
      SELECT coalesce(member.email, named.email, recipient.email) AS email
    ) person_email
    LEFT JOIN LATERAL (
      ${liveCustomers} AND NOT ${pool.usesMembers} AND named.id IS NULL
        AND email_key(customer.email) = email_key(person_email.email)
      LIMIT 1
    ) same_email ON true
    LEFT JOIN LATERAL (
      -- The order makes PostgreSQL take the index by member, even if its statistics are from a time when
      -- no seat was active and every index seems equally good. An equality would make it redundant.
      (SELECT 1 AS preference, seats.id ${activeSeats}
        AND seats.member_id BETWEEN member.id AND member.id
      ORDER BY seats.member_id LIMIT 1)
      UNION ALL
      -- A customer who has changed their e-mail since is still the same person. The buyer is left
      -- out: every seat from the time when the organization used members carries the buyer's id. For
      -- the same reason PostgreSQL would expect an equality to match every seat; BETWEEN avoids that.
      SELECT 2, seats.id ${activeSeats} AND NOT ${pool.usesMembers}
        AND seats.customer_id
          BETWEEN coalesce(named.id, same_email.id) AND coalesce(named.id, same_email.id)
        AND coalesce(named.id, same_email.id) <> ${pool.customerId}
      ORDER BY preference LIMIT 1
    ) seat ON true`;
}
