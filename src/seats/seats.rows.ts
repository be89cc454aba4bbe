import { type Prisma } from '../generated/prisma/client.js';
import { sql } from '../platform/database/database.js';
import type { Caller } from '../platform/http/access.js';
import { writeEvents } from '../platform/outbox/outbox.js';
import type { ContainerRef, SeatStatus } from './seat.js';

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

export const ASSIGNED = sql`CASE row.status WHEN 'claimed' THEN 'customer_seat.claimed' ELSE 'customer_seat.assigned' END`;

/** Seats to be written, as rows `n`. */
export function newSeats(seats: NewSeat[]): Prisma.Sql {
  return sql`SELECT * FROM jsonb_to_recordset(${JSON.stringify(seats)}::jsonb) AS n(
    id uuid, member_id uuid, customer_id uuid, email text, metadata jsonb, status text,
    nonce text, hash text, expires_at timestamptz, claimed_at timestamptz, invites boolean)`;
}

/** The end of a statement that wrote the seats `s` of the rows `n`: their events, and what they look like. */
export function shownAndTold(caller: Caller, now: Date): Prisma.Sql {
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
