import { Injectable } from '@nestjs/common';
import { Prisma } from '../generated/prisma/client.js';
import { Database, sql } from '../platform/database/database.js';
import { type Page, type PageQuery, sliceOf } from '../platform/http/pages.js';
import type { SubscriptionRow } from '../purchases/subscriptions/subscriptions.repository.js';
import type { SeatCounts } from '../seats/pools.service.js';
import type { ContainerRef } from '../seats/seat.js';
import { ofContainer } from '../seats/seats.rows.js';
import type { Buyer, Session } from './buyer.js';

/** A subscription or an order as its buyer or a person on it sees it. */
export interface ContainerRow {
  kind: 'subscription' | 'order';
  id: string;
  product_name: string;
  status: string;
  /** Whether it gives seats in this status. */
  active: boolean;
  capacity: number;
  taken: number;
  /** When it ends, if it was canceled to the end of its period. */
  ends_at: Date | null;
}

/** A person on a seat. */
export interface SeatedPerson {
  seat_id: string;
  created_at: Date;
  status: 'pending' | 'claimed';
  email: string;
  name: string | null;
  invitation_expires_at: Date | null;
  claimed_at: Date | null;
}

export type HeldSubscription = Omit<SubscriptionRow, 'metadata' | 'organization_id'> &
  SeatCounts & { product_name: string };

const CONTAINER = sql`p.capacity, p.taken, p.active, r.name AS product_name`;

/** The SQL of the portal: what a buyer has bought, and what a person holds. */
@Injectable()
export class PortalRepository {
  constructor(private readonly database: Database) {}

  /** Whether the seat is of a container that the buyer bought. */
  async ownsSeat({ organizationId, customerId }: Buyer, seatId: string): Promise<boolean> {
    const rows = await this.database.query(sql`
      SELECT FROM seats s JOIN pools p ON p.organization_id = s.organization_id AND p.id = s.pool_id
      WHERE s.organization_id = ${organizationId}::uuid AND s.id = ${seatId}::uuid
        AND p.customer_id = ${customerId}::uuid`);
    return rows.length > 0;
  }

  /** Whether the checkout is the buyer's, by its own word or by what it led to. */
  async ownsCheckout({ organizationId, customerId }: Buyer, id: string): Promise<boolean> {
    const purchase = sql`WHERE organization_id = ${organizationId}::uuid
      AND checkout_id = ${id}::uuid AND customer_id = ${customerId}::uuid`;
    const rows = await this.database.query(sql`
      SELECT FROM checkouts WHERE organization_id = ${organizationId}::uuid AND id = ${id}::uuid
        AND (customer_id = ${customerId}::uuid
          OR EXISTS (SELECT FROM subscriptions ${purchase})
          OR EXISTS (SELECT FROM orders ${purchase}))`);
    return rows.length > 0;
  }

  /** Whether the customer is the buyer, or somebody who is among the buyer's members. */
  async knowsCustomer(
    { organizationId, customerId }: Buyer,
    named: { id?: string; external_id?: string },
  ): Promise<boolean> {
    const name =
      named.id === undefined
        ? sql`c.external_id = ${named.external_id}`
        : sql`c.id = ${named.id}::uuid`;
    const rows = await this.database.query(sql`
      SELECT FROM customers c
      WHERE c.organization_id = ${organizationId}::uuid AND ${name} AND c.deleted_at IS NULL
        AND (c.id = ${customerId}::uuid OR EXISTS (
          SELECT FROM members m WHERE m.organization_id = c.organization_id
            AND m.customer_id = ${customerId}::uuid AND lower(m.email) = lower(c.email)
            AND m.deleted_at IS NULL))`);
    return rows.length > 0;
  }

  /** What the buyer bought: what gives seats first, then the newest first. */
  async bought(buyer: Buyer, query: PageQuery): Promise<Page<ContainerRow>> {
    const { skip, take } = sliceOf(query);
    const rows = await this.database.query<ContainerRow & { total: number }>(sql`
      SELECT b.kind, b.id, b.status, b.ends_at, b.capacity, b.taken, b.active, b.product_name,
        (count(*) OVER ())::int AS total
      FROM (${this.containers(sql`b.customer_id = ${buyer.customerId}::uuid`, buyer)}) b
      ORDER BY b.active DESC, b.created_at DESC, b.id LIMIT ${take} OFFSET ${skip}`);
    return { rows, total: rows[0]?.total ?? 0 };
  }

  /** One container of the buyer. */
  async findBought(buyer: Buyer, ref: ContainerRef): Promise<ContainerRow | undefined> {
    const mine = sql`b.customer_id = ${buyer.customerId}::uuid AND ${ofContainer(ref)}`;
    const [row] = await this.database.query<ContainerRow>(this.containers(mine, buyer));
    return row;
  }

  /** The containers in which the person of the session holds a claimed seat, newest first. */
  held(session: Session, limit: number): Promise<ContainerRow[]> {
    const { organizationId } = session;
    const held = sql`p.id IN (${poolsHeldBy(session)})`;
    return this.database.query<ContainerRow>(sql`
      SELECT b.* FROM (${this.containers(held, { organizationId })}) b
      ORDER BY b.created_at DESC, b.id LIMIT ${limit}`);
  }

  /** The subscriptions in which the person of the session holds a claimed seat, newest first. */
  async heldSubscriptions(session: Session, query: PageQuery): Promise<Page<HeldSubscription>> {
    const { skip, take } = sliceOf(query);
    const tenant = sql`${session.organizationId}::uuid`;
    const from = sql`FROM subscriptions b
      JOIN pools p ON p.organization_id = ${tenant} AND p.subscription_id = b.id
      JOIN products r ON r.organization_id = ${tenant} AND r.id = b.product_id
      WHERE b.organization_id = ${tenant} AND p.id IN (${poolsHeldBy(session)})`;
    const rows = await this.database.query<HeldSubscription>(sql`
      SELECT b.id, b.created_at, b.modified_at, b.external_id, b.product_id, b.customer_id,
        b.checkout_id, b.status, b.current_period_end, b.cancel_at_period_end, b.canceled_at,
        b.ended_at, p.capacity AS seats, p.taken AS assigned_seats,
        greatest(p.capacity - p.taken, 0) AS available_seats, r.name AS product_name
      ${from} ORDER BY b.created_at DESC, b.id LIMIT ${take} OFFSET ${skip}`);
    const [counted] = await this.database.query<{ total: number }>(
      sql`SELECT count(*)::int AS total ${from}`,
    );
    return { rows, total: counted?.total ?? 0 };
  }

  /**
   * Who holds a seat of a container, newest first, after the keys (created_at, id) of the page
   * before; with `search`, those in whose name or e-mail it occurs.
   */
  people(
    { organizationId }: Buyer,
    ref: ContainerRef,
    search: string,
    { after, limit }: { after: string[] | undefined; limit: number },
  ): Promise<SeatedPerson[]> {
    const tenant = sql`${organizationId}::uuid`;
    const found = sql`AND (strpos(lower(s.email), lower(${search})) > 0
      OR strpos(lower(m.name), lower(${search})) > 0)`;
    const rest = after
      ? sql`AND (s.created_at, s.id) < (${after[0]}::timestamptz, ${after[1]}::uuid)`
      : Prisma.empty;
    return this.database.query<SeatedPerson>(sql`
      SELECT s.id AS seat_id, s.created_at, s.status, s.email, m.name, s.invitation_expires_at,
        s.claimed_at
      FROM seats s
      LEFT JOIN members m ON m.organization_id = ${tenant} AND m.id = s.member_id
      WHERE s.organization_id = ${tenant} AND s.status <> 'revoked'
        AND s.pool_id = (SELECT p.id FROM pools p
          WHERE p.organization_id = ${tenant} AND ${ofContainer(ref)})
        ${search === '' ? Prisma.empty : found} ${rest}
      ORDER BY s.created_at DESC, s.id DESC LIMIT ${limit}`);
  }

  /** Subscriptions and orders `b` with their pools `p`, as far as `which` picks them. */
  private containers(which: Prisma.Sql, { organizationId }: { organizationId: string }) {
    const tenant = sql`${organizationId}::uuid`;
    return sql`
      SELECT 'subscription' AS kind, b.id, b.status, b.created_at,
        CASE WHEN b.cancel_at_period_end AND p.active THEN b.current_period_end END AS ends_at,
        ${CONTAINER}
      FROM subscriptions b
      JOIN pools p ON p.organization_id = ${tenant} AND p.subscription_id = b.id
      JOIN products r ON r.organization_id = ${tenant} AND r.id = p.product_id
      WHERE b.organization_id = ${tenant} AND ${which}
      UNION ALL
      SELECT 'order', b.id, b.status, b.created_at, NULL, ${CONTAINER}
      FROM orders b
      JOIN pools p ON p.organization_id = ${tenant} AND p.order_id = b.id
      JOIN products r ON r.organization_id = ${tenant} AND r.id = p.product_id
      WHERE b.organization_id = ${tenant} AND ${which}`;
  }
}

/**
 * The pools in which the person of a session holds a claimed seat. A member is one person. A
 * customer is the member with the customer's own e-mail, and, where people are customers of their
 * own, whoever sits in another buyer's container; the customer of a seat alone would not do, since
 * it may be the buyer, who is named on everybody's seat.
 */
function poolsHeldBy({ organizationId, customerId, memberId }: Session): Prisma.Sql {
  const tenant = sql`${organizationId}::uuid`;
  const customer = sql`${customerId}::uuid`;
  const bought = sql`WHERE organization_id = ${tenant} AND customer_id = ${customer}`;
  const claimed = sql`s.organization_id = ${tenant} AND s.status = 'claimed'`;
  if (memberId !== null) {
    return sql`SELECT s.pool_id FROM seats s WHERE ${claimed} AND s.member_id = ${memberId}::uuid`;
  }
  return sql`
    SELECT s.pool_id FROM seats s
    JOIN members m ON m.organization_id = ${tenant} AND m.id = s.member_id
    JOIN customers c ON c.organization_id = ${tenant} AND c.id = m.customer_id
    WHERE ${claimed} AND m.customer_id = ${customer} AND m.deleted_at IS NULL
      AND lower(m.email) = lower(c.email)
    UNION ALL
    SELECT s.pool_id FROM seats s
    JOIN pools own ON own.organization_id = ${tenant} AND own.id = s.pool_id
    WHERE ${claimed} AND s.customer_id = ${customer} AND own.customer_id <> ${customer}
      -- Or else this reads a million seats to find that all of them are the buyer's.
      AND (EXISTS (SELECT FROM organizations WHERE id = ${tenant} AND NOT member_model_enabled)
        OR NOT EXISTS (SELECT FROM subscriptions ${bought} UNION ALL SELECT FROM orders ${bought}))`;
}
