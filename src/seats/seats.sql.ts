import { type Prisma } from '../generated/prisma/client.js';
import { sql } from '../platform/database/database.js';
import type { Caller } from '../platform/caller.js';
import { writeEvents } from '../platform/outbox/outbox.js';
import type { ContainerRef, SeatStatus } from './seat.js';
import type { Assignment } from './seats.rules.js';

/** A member as a seat shows it. It is read from JSON, so its times are strings. */
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
 * A seat with its pool and member. Events keep the same row as JSON, with times as strings, so
 * it must hold no secret.
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
  /** Only processes of the previous release read it, from the data of events. */
  customer_email: string | null;
  member_id: string | null;
  member: SeatMember | null;
  email: string | null;
  metadata: Record<string, unknown>;
  invitation_expires_at: Date | string | null;
  claimed_at: Date | string | null;
  revoked_at: Date | string | null;
}

/** A row of an outer join: every column may be null. */
export type Nullable<Row> = { [Key in keyof Row]: Row[Key] | null };

/** A seat, and the settings of its organization. */
export interface SeatWithOrganization extends SeatRow {
  seats_enabled: boolean;
  claim_url_template: string | null;
}

/** A pool, and the settings of its organization. */
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

/** A single assignment by e-mail, for the single-statement path. */
export interface EmailAssignment extends Omit<Assignment, 'recipient'> {
  /** The id of the new seat. */
  id: string;
  /** The id of its event. By default, a random one. */
  eventId?: string;
  email: string;
  /** Null: claimed at once. */
  invitation: { nonce: string; hash: string } | null;
}

/** The seat of an invitation token, with everything that decides whether it can be claimed. */
export interface InvitedSeat {
  invitation_hash: string;
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

/** The columns of a {@link SeatRow}, over the aliases `seat`, `pool` and `member`. */
export const SEAT_COLUMNS = sql`
  seat.id AS seat_id, seat.created_at, seat.modified_at, seat.pool_id, pool.subscription_id,
  pool.order_id, pool.product_id, seat.status, seat.customer_id, seat.email AS customer_email,
  seat.member_id, seat.email, seat.metadata, seat.invitation_expires_at, seat.claimed_at,
  seat.revoked_at,
  CASE WHEN member.id IS NOT NULL THEN jsonb_build_object('id', member.id,
    'created_at', member.created_at, 'modified_at', member.modified_at,
    'customer_id', member.customer_id, 'email', member.email, 'name', member.name,
    'external_id', member.external_id, 'role', member.role) END AS member`;

/** Joins the member of a `seat`. */
export const MEMBER_JOIN = sql`LEFT JOIN members member
    ON member.organization_id = seat.organization_id AND member.id = seat.member_id`;

/** Joins the pool and the member of a `seat`. */
export const SEAT_JOINS = sql`
  JOIN pools pool ON pool.organization_id = seat.organization_id AND pool.id = seat.pool_id
  ${MEMBER_JOIN}`;

/** The columns of a {@link PoolRow}, over the aliases `pool` and `organization`. */
export const POOL_COLUMNS = sql`
  pool.id, pool.subscription_id, pool.order_id, pool.product_id, pool.customer_id, pool.capacity,
  pool.taken, pool.active, organization.seats_enabled, organization.member_model_enabled,
  organization.invitation_expires_in, organization.claim_url_template`;

/** The event type of a seat that was just assigned; one that is claimed at once is `claimed`. */
export const ASSIGNED = sql`CASE row.status WHEN 'claimed' THEN 'customer_seat.claimed' ELSE 'customer_seat.assigned' END`;

/** Seats to be written, as rows `new_seat`. */
export function newSeats(seats: NewSeat[]): Prisma.Sql {
  return sql`SELECT * FROM jsonb_to_recordset(${JSON.stringify(seats)}::jsonb) AS new_seat(
    id uuid, member_id uuid, customer_id uuid, email text, metadata jsonb, status text,
    nonce text, hash text, expires_at timestamptz, claimed_at timestamptz)`;
}

/**
 * The end of a statement whose CTE `seat` wrote these seats: writes their events and returns them as
 * {@link SeatRow}.
 */
export function writeEventsAndReturn(caller: Caller, seats: NewSeat[], now: Date): Prisma.Sql {
  // A list rather than a join with the new seats: PostgreSQL does not know how many they are, and
  // could compare each of 10,000 with each of 10,000.
  const silent = seats.filter(({ invites }) => !invites).map(({ id }) => id);
  const invites = sql`row.seat_id <> ALL(${silent}::uuid[])`;
  return sql`seat_rows AS (
      -- The tenant is named again, or a plan for many rows would read the members of all tenants.
      SELECT ${SEAT_COLUMNS} FROM seat ${SEAT_JOINS}
      WHERE seat.organization_id = ${caller.organizationId}::uuid
      -- The ids of a call ascend in the order of its items, and so must the events.
      ORDER BY seat.id
    ), seat_events AS (
      ${writeEvents(caller, sql`seat_rows`, { type: ASSIGNED, at: now, invites })}
    )
    SELECT * FROM seat_rows`;
}

/** Picks the `pool` of a container. */
export function ofContainer(ref: ContainerRef): Prisma.Sql {
  return 'subscription_id' in ref
    ? sql`pool.subscription_id = ${ref.subscription_id}::uuid`
    : sql`pool.order_id = ${ref.order_id}::uuid`;
}

/**
 * The ids of the pools in which an active seat names this customer. Reads one entry of the index for
 * each pool: a buyer may be named by each of a million seats.
 */
export function poolIdsHeldAs(tenant: Prisma.Sql, customer: Prisma.Sql): Prisma.Sql {
  const next = (isAfter: Prisma.Sql) => sql`SELECT pool_id FROM seats
    WHERE organization_id = ${tenant} AND customer_id = ${customer} AND status <> 'revoked'
      AND ${isAfter}
    ORDER BY pool_id LIMIT 1`;
  return sql`
    WITH RECURSIVE held AS (
      (${next(sql`true`)})
      UNION ALL
      SELECT following.pool_id FROM held
      CROSS JOIN LATERAL (${next(sql`pool_id > held.pool_id`)}) following
    )
    SELECT pool_id FROM held`;
}
