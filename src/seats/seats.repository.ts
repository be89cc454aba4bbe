import { Injectable } from '@nestjs/common';
import { Prisma } from '../generated/prisma/client.js';
import { Database, sql } from '../platform/database/database.js';
import type { Caller } from '../platform/http/access.js';
import { writeEvents } from '../platform/outbox/outbox.js';
import type { Candidate, ContainerRef, Recipient, RevokeReason, SeatStatus } from './seat.js';

/** A member as a seat shows it. Read from JSON, so its times are texts. */
export interface SeatMember {
  id: string;
  created_at: string;
  modified_at: string | null;
  customer_id: string;
  email: string;
  name: string | null;
  external_id: string | null;
  role: string;
}

/**
 * A seat with what it shows of its neighbours. Events keep the same row as JSON, times as texts;
 * it holds no secret.
 */
export interface SeatRow {
  seat_id: string;
  created_at: Date | string;
  modified_at: Date | string | null;
  pool_id: string;
  subscription_id: string | null;
  order_id: string | null;
  product_id: string;
  status: SeatStatus;
  customer_id: string | null;
  customer_email: string | null;
  member_id: string | null;
  member: SeatMember | null;
  email: string | null;
  metadata: Record<string, unknown>;
  invitation_expires_at: Date | string | null;
  claimed_at: Date | string | null;
  revoked_at: Date | string | null;
}

/** A seat, and what its organization says about it. */
export interface SeatWithOrganization extends SeatRow {
  seats_enabled: boolean;
  claim_url_template: string | null;
}

/** A pool and what its organization says about it. */
export interface PoolRow {
  id: string;
  subscription_id: string | null;
  order_id: string | null;
  product_id: string;
  customer_id: string;
  capacity: number;
  taken: number;
  active: boolean;
  seats_enabled: boolean;
  member_model_enabled: boolean;
  invitation_expires_in: number;
  claim_url_template: string | null;
}

/** A seat to be written. */
export interface NewSeat {
  id: string;
  member_id: string;
  customer_id: string;
  email: string;
  metadata: Record<string, unknown>;
  status: 'pending' | 'claimed';
  nonce: string | null;
  hash: string | null;
  expires_at: Date | null;
  claimed_at: Date | null;
  invites: boolean;
}

/** The invitation and options of one assignment by e-mail, for the one-statement path. */
export interface EmailAssignment {
  seatId: string;
  email: string;
  metadata: Record<string, unknown>;
  /** Null: claimed at once. */
  invitation: { nonce: string; hash: string; expiresIn: number | null } | null;
  invites: boolean;
}

/** What an invitation token leads to, and what stands in its way. */
export interface InvitedSeat {
  organization_id: string;
  organization_name: string;
  organization_slug: string;
  locale: string;
  brand: Record<string, string>;
  seats_enabled: boolean;
  active: boolean;
  seat_id: string;
  email: string;
  product_id: string;
  product_name: string;
  subscription_id: string | null;
  order_id: string | null;
  pool_customer_id: string;
  customer_id: string;
  member_id: string;
}

const REVOKE_BATCH = 5_000;
// From how many rows on a join of everything is cheaper than a look-up each.
const MANY = 500;

// The columns of a SeatRow, over s(eats), p(ools), m(embers), c(ustomers).
export const SEAT_COLUMNS = sql`
  s.id AS seat_id, s.created_at, s.modified_at, s.pool_id, p.subscription_id, p.order_id,
  p.product_id, s.status, s.customer_id, c.email AS customer_email, s.member_id, s.email,
  s.metadata, s.invitation_expires_at, s.claimed_at, s.revoked_at,
  CASE WHEN m.id IS NOT NULL THEN jsonb_build_object('id', m.id, 'created_at', m.created_at,
    'modified_at', m.modified_at, 'customer_id', m.customer_id, 'email', m.email, 'name', m.name,
    'external_id', m.external_id, 'role', m.role) END AS member`;

export const SEAT_NEIGHBOURS = sql`
  JOIN pools p ON p.organization_id = s.organization_id AND p.id = s.pool_id
  LEFT JOIN members m ON m.organization_id = s.organization_id AND m.id = s.member_id
  LEFT JOIN customers c ON c.organization_id = s.organization_id AND c.id = s.customer_id`;

const ASSIGNED = sql`CASE row.status WHEN 'claimed' THEN 'customer_seat.claimed' ELSE 'customer_seat.assigned' END`;

/** Seats to be written, as rows `n`. */
function newSeats(seats: NewSeat[]): Prisma.Sql {
  return sql`SELECT * FROM jsonb_to_recordset(${JSON.stringify(seats)}::jsonb) AS n(
    id uuid, member_id uuid, customer_id uuid, email text, metadata jsonb, status text,
    nonce text, hash text, expires_at timestamptz, claimed_at timestamptz, invites boolean)`;
}

/** The end of a statement that wrote the seats `s` of the rows `n`: their events, and what they look like. */
function shownAndTold(caller: Caller, now: Date): Prisma.Sql {
  const source = sql`(SELECT shown.*, n.invites FROM shown JOIN n ON n.id = shown.seat_id)`;
  return sql`shown AS (
      -- The tenant is named again, or a plan for many rows would read the members of all tenants.
      SELECT ${SEAT_COLUMNS} FROM s ${SEAT_NEIGHBOURS}
      WHERE s.organization_id = ${caller.organizationId}::uuid
    ), told AS (
      ${writeEvents(caller, source, { type: ASSIGNED, at: now, invites: sql`row.invites` })}
    )
    SELECT * FROM shown`;
}

/** Picks the pool `p` of a container. */
export function ofContainer(ref: ContainerRef): Prisma.Sql {
  return 'subscription_id' in ref
    ? sql`p.subscription_id = ${ref.subscription_id}::uuid`
    : sql`p.order_id = ${ref.order_id}::uuid`;
}

/** The SQL of seats and their pools. */
@Injectable()
export class SeatsRepository {
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

  /** The pool of a container; `lock` holds it until the end of the transaction. */
  async findPool(
    organizationId: string,
    ref: ContainerRef,
    { lock = false } = {},
  ): Promise<PoolRow | undefined> {
    const [row] = await this.database.query<PoolRow>(sql`
      SELECT p.*, o.seats_enabled, o.member_model_enabled, o.invitation_expires_in,
        o.claim_url_template
      FROM pools p JOIN organizations o ON o.id = p.organization_id
      WHERE p.organization_id = ${organizationId}::uuid AND ${ofContainer(ref)}
      ${lock ? sql`FOR NO KEY UPDATE OF p` : Prisma.empty}`);
    return row;
  }

  /** The container that a succeeded checkout led to: its subscription, else its earliest order. */
  async containerOfCheckout(
    organizationId: string,
    checkoutId: string,
  ): Promise<ContainerRef | undefined> {
    const where = { organization_id: organizationId, checkout_id: checkoutId };
    const oldest = { where, orderBy: { created_at: 'asc' }, select: { id: true } } as const;
    const subscription = await this.database.db.subscriptions.findFirst(oldest);
    if (subscription) return { subscription_id: subscription.id };
    const order = await this.database.db.orders.findFirst(oldest);
    return order ? { order_id: order.id } : undefined;
  }

  findCheckout(organizationId: string, id: string) {
    return this.database.db.checkouts.findFirst({
      where: { organization_id: organizationId, id },
    });
  }

  /**
   * Until the end of the transaction, statements over this many rows are planned as hash joins, each
   * time anew. The planner knows nothing of rows that were written just now, perhaps by this very
   * transaction; it takes them for few, and then reads each of 10,000 for each of 10,000.
   */
  async planFor(count: number): Promise<void> {
    if (count <= MANY) return;
    await this.database.query(sql`
      SELECT set_config('enable_nestloop', 'off', true),
        set_config('plan_cache_mode', 'force_custom_plan', true)`);
  }

  /** What is known of each recipient, in their order. Existing members are locked against deletion. */
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
   * Keeps these members from being deleted or changed until the end of the transaction; false when
   * one of them is gone, or has another e-mail, since they were looked up.
   */
  async lockMembers(
    organizationId: string,
    people: { member_id: string; email: string }[],
  ): Promise<boolean> {
    const rows = await this.database.query(sql`
      SELECT m.id FROM members m
      JOIN unnest(${people.map(({ member_id }) => member_id)}::uuid[],
        ${people.map(({ email }) => email)}::text[]) AS w(id, email) ON w.id = m.id
      WHERE m.organization_id = ${organizationId}::uuid AND m.email = w.email
        AND m.deleted_at IS NULL
      ORDER BY m.id FOR SHARE OF m`);
    return rows.length === people.length;
  }

  /**
   * Lets those who give external ids to members of one buyer do it one after the other, until the
   * end of the transaction: at once, two of them would get the same id, and one a failure.
   */
  async lockLinking(customerId: string): Promise<void> {
    await this.database.query(sql`
      SELECT 1 FROM (SELECT pg_advisory_xact_lock(hashtextextended(${customerId}, 2))) AS lock`);
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

  /**
   * Revokes the active seats among those that `which` picks (a condition over `s`), and tells of
   * each with the person that it had. Locks go pool first, then seats, as everywhere; the pools are
   * picked by `pools` (a condition over `p`). Seats that were committed while this statement waited
   * for a pool are not seen by it: to revoke all of a pool, lock the pool in a statement before.
   */
  async revoke(
    caller: Caller,
    pools: Prisma.Sql,
    which: Prisma.Sql,
    telling: { reason: RevokeReason; replacedBy?: string },
    now: Date,
  ): Promise<number> {
    const source = sql`shown`;
    const type = sql`'customer_seat.revoked'`;
    const rows = await this.database.query<{ seat_id: string }>(sql`
      WITH locked AS (
        SELECT p.* FROM pools p
        WHERE p.organization_id = ${caller.organizationId}::uuid AND ${pools}
        ORDER BY p.id FOR NO KEY UPDATE
      ), old AS (
        SELECT s.* FROM seats s JOIN locked p ON p.id = s.pool_id
        WHERE s.organization_id = ${caller.organizationId}::uuid AND s.status <> 'revoked' AND ${which}
        ORDER BY s.id FOR UPDATE OF s
      ), gone AS (
        UPDATE seats SET status = 'revoked', revoked_at = ${now}::timestamptz,
          modified_at = ${now}::timestamptz, customer_id = NULL, member_id = NULL, email = NULL,
          invitation_nonce = NULL, invitation_hash = NULL, invitation_expires_at = NULL
        FROM old WHERE seats.organization_id = old.organization_id AND seats.id = old.id
        RETURNING seats.id
      ), s AS (
        SELECT old.organization_id, old.id, old.created_at, ${now}::timestamptz AS modified_at,
          old.pool_id, 'revoked' AS status, old.customer_id, old.member_id, old.email, old.metadata,
          NULL::timestamptz AS invitation_expires_at, old.claimed_at,
          ${now}::timestamptz AS revoked_at
        FROM old JOIN gone ON gone.id = old.id
      ), shown AS (
        SELECT ${SEAT_COLUMNS} FROM s ${SEAT_NEIGHBOURS}
        WHERE s.organization_id = ${caller.organizationId}::uuid
      ), told AS (${writeEvents(caller, source, { type, at: now, ...telling })})
      SELECT seat_id FROM shown`);
    return rows.length;
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
   * Revokes every active seat that a pool has had until now, in batches: a million of them would
   * outlast the time that one statement has. @returns how many.
   */
  async revokeAllOf(
    caller: Caller,
    poolId: string,
    telling: { reason: RevokeReason },
    now: Date,
  ): Promise<number> {
    const active = sql`s.status <> 'revoked' AND s.created_at <= ${now}::timestamptz`;
    let total = 0;
    for (let count = REVOKE_BATCH; count === REVOKE_BATCH; total += count) {
      count = await this.revokeBatch(caller, poolId, active, telling, now);
    }
    return total;
  }

  /**
   * Revokes the newest active seats of a pool, at most `count`, in batches. The pool is locked by
   * the caller. A claim locks its seat alone, so the seats are locked before they are chosen: one
   * that is being claimed counts as claimed.
   * @returns how many; fewer than `count` when there are no more.
   */
  async revokeNewest(
    caller: Caller,
    poolId: string,
    count: number,
    { pendingOnly }: { pendingOnly: boolean },
    now: Date,
  ): Promise<number> {
    const chosen = pendingOnly ? sql`status = 'pending'` : sql`status <> 'revoked'`;
    let total = 0;
    for (let more = true; more && total < count;) {
      const limit = Math.min(REVOKE_BATCH, count - total);
      const rows = await this.database.query<{ id: string }>(sql`
        SELECT id FROM seats
        WHERE organization_id = ${caller.organizationId}::uuid AND pool_id = ${poolId}::uuid
          AND ${chosen}
        ORDER BY created_at DESC, id DESC LIMIT ${limit}::int FOR UPDATE`);
      const which = sql`s.id = ANY(${rows.map((row) => row.id)}::uuid[])`;
      const telling = { reason: 'overflow' as const };
      total += await this.revoke(caller, sql`p.id = ${poolId}::uuid`, which, telling, now);
      more = rows.length === limit;
    }
    return total;
  }

  /**
   * Revokes a batch of the seats of a pool that `which` picks (a condition over `s`). The pool is
   * locked before they are looked for, so nobody revokes any of them meanwhile. @returns how many.
   */
  private revokeBatch(
    caller: Caller,
    poolId: string,
    which: Prisma.Sql,
    telling: { reason: RevokeReason },
    now: Date,
  ): Promise<number> {
    const tenant = sql`${caller.organizationId}::uuid`;
    return this.database.transaction(async () => {
      await this.database.query(sql`SELECT 1 FROM pools
        WHERE organization_id = ${tenant} AND id = ${poolId}::uuid FOR NO KEY UPDATE`);
      const rows = await this.database.query<{ id: string }>(sql`
        SELECT s.id FROM seats s
        WHERE s.organization_id = ${tenant} AND s.pool_id = ${poolId}::uuid AND ${which}
        LIMIT ${REVOKE_BATCH}::int`);
      await this.planFor(rows.length);
      const chosen = sql`s.id = ANY(${rows.map(({ id }) => id)}::uuid[]) AND ${which}`;
      return this.revoke(caller, sql`p.id = ${poolId}::uuid`, chosen, telling, now);
    });
  }

  /** Revokes one seat; false when it was revoked before. */
  async revokeSeat(caller: Caller, id: string, reason: RevokeReason, now: Date): Promise<boolean> {
    const itsPool = sql`p.id = (SELECT pool_id FROM seats
      WHERE organization_id = ${caller.organizationId}::uuid AND id = ${id}::uuid)`;
    const count = await this.revoke(caller, itsPool, sql`s.id = ${id}::uuid`, { reason }, now);
    return count === 1;
  }

  /** Which of these seats have been claimed. */
  async claimedAmong(ids: string[]): Promise<string[]> {
    const rows = await this.database.query<{ id: string }>(sql`
      SELECT id FROM seats WHERE id = ANY(${ids}::uuid[]) AND claimed_at IS NOT NULL`);
    return rows.map((row) => row.id);
  }

  /** Pools with invitations that have lapsed, and whose organization lets lapsed ones go. */
  lapsedPools(now: Date): Promise<{ organization_id: string; pool_id: string }[]> {
    return this.database.query(sql`
      SELECT DISTINCT s.organization_id, s.pool_id
      FROM seats s JOIN organizations o ON o.id = s.organization_id
      WHERE s.status = 'pending' AND s.invitation_expires_at <= ${now}::timestamptz
        AND s.invitation_expires_at <=
          ${now}::timestamptz - interval '1 second' * o.expired_invitation_grace
      LIMIT 200`);
  }

  /**
   * Releases lapsed invitations of a pool, a batch of them; one that was just renewed stays.
   * @returns how many; call again while it is not 0.
   */
  releaseLapsed(caller: Caller, poolId: string, now: Date): Promise<number> {
    const lapsed = sql`s.status = 'pending' AND s.invitation_expires_at <= ${now}::timestamptz
      - interval '1 second' * (SELECT expired_invitation_grace FROM organizations
        WHERE id = ${caller.organizationId}::uuid)`;
    const telling = { reason: 'invitation_expired' as const };
    return this.revokeBatch(caller, poolId, lapsed, telling, now);
  }

  /**
   * Notes that an assign was refused because the pool was full: at most one event a minute per
   * pool. The lock makes the second of two look again after the first has written.
   */
  async noteExhausted(caller: Caller, pool: PoolRow, now: Date): Promise<void> {
    const recent = sql`SELECT FROM events WHERE type = 'seats.exhausted'
      AND pool_id = ${pool.id}::uuid AND created_at > ${now}::timestamptz - interval '1 minute'`;
    const noted = await this.database.query(recent);
    if (noted.length > 0) return;
    const source = sql`(SELECT ${pool.id}::uuid AS pool_id, NULL::uuid AS seat_id,
      ${pool.subscription_id}::uuid AS subscription_id, ${pool.order_id}::uuid AS order_id,
      ${pool.product_id}::uuid AS product_id, ${pool.customer_id}::uuid AS customer_id,
      ${pool.capacity}::int AS total_seats, 0 AS available_seats
      WHERE NOT EXISTS (${recent}))`;
    await this.database.transaction(async () => {
      await this.database.query(
        sql`SELECT 1 FROM (SELECT pg_advisory_xact_lock(hashtextextended(${pool.id}, 1))) AS lock`,
      );
      await this.database.query(
        writeEvents(caller, source, { type: sql`'seats.exhausted'`, at: now }),
      );
    });
  }
}
