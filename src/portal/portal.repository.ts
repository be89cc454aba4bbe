import { Injectable } from '@nestjs/common';
import { Prisma } from '../generated/prisma/client.js';
import { Database, sql } from '../platform/database/database.js';
import { type Paginated, type PageQuery, skipAndTake } from '../platform/http/pagination.js';
import type { SubscriptionRow } from '../purchases/subscriptions/subscriptions.repository.js';
import type { SeatCounts } from '../seats/pool/pools.service.js';
import type { ContainerRef } from '../seats/seat.js';
import { MEMBER_JOIN, ofContainer } from '../seats/seats.sql.js';
import type { Session } from '../sessions/session.js';
import type { Buyer } from './buyer.js';

/** A subscription or an order, as the portal shows it to its buyer or to a person with a seat. */
export interface ContainerRow {
  kind: 'subscription' | 'order';
  id: string;
  product_name: string;
  status: string;
  /** Whether its status allows assignments. */
  active: boolean;
  capacity: number;
  taken: number;
  /** When it ends, if it is to be canceled at the end of its period. */
  ends_at: Date | null;
}

/** A person with a pending or claimed seat. */
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

/** The columns of a {@link ContainerRow}, over the alias `container`. */
const CONTAINER_COLUMNS = sql`container.kind, container.id, container.status, container.ends_at,
  container.capacity, container.taken, container.active, container.product_name`;

/** In a container with more assigned seats, a search finds beginnings only, which have indexes. */
const SEARCHED_SEATS = 50_000;
const MATCHES = 300;
const LAST_CHARACTER = '\u{10ffff}';

/** The SQL of the portal: the purchases of a buyer, and the seats of a person. */
@Injectable()
export class PortalRepository {
  constructor(private readonly database: Database) {}

  /** Whether the seat belongs to a container that the buyer bought. */
  async ownsSeat({ organizationId, customerId }: Buyer, seatId: string): Promise<boolean> {
    const rows = await this.database.query(sql`
      SELECT FROM seats seat
      JOIN pools pool ON pool.organization_id = seat.organization_id AND pool.id = seat.pool_id
      WHERE seat.organization_id = ${organizationId}::uuid AND seat.id = ${seatId}::uuid
        AND pool.customer_id = ${customerId}::uuid`);
    return rows.length > 0;
  }

  /** Whether the checkout names the buyer, or a purchase of the buyer came from it. */
  async ownsCheckout({ organizationId, customerId }: Buyer, id: string): Promise<boolean> {
    const bought = sql`WHERE organization_id = ${organizationId}::uuid
      AND checkout_id = ${id}::uuid AND customer_id = ${customerId}::uuid`;
    const rows = await this.database.query(sql`
      SELECT FROM checkouts WHERE organization_id = ${organizationId}::uuid AND id = ${id}::uuid
        AND (customer_id = ${customerId}::uuid
          OR EXISTS (SELECT FROM subscriptions ${bought})
          OR EXISTS (SELECT FROM orders ${bought}))`);
    return rows.length > 0;
  }

  /** Whether the customer is the buyer, or has the e-mail of one of the buyer's members. */
  async knowsCustomer(
    { organizationId, customerId }: Buyer,
    named: { id: string | undefined; external_id: string | undefined },
  ): Promise<boolean> {
    const isNamed =
      named.id === undefined
        ? sql`customer.external_id = ${named.external_id}`
        : sql`customer.id = ${named.id}::uuid`;
    const rows = await this.database.query(sql`
      SELECT FROM customers customer
      WHERE customer.organization_id = ${organizationId}::uuid AND ${isNamed}
        AND customer.deleted_at IS NULL
        AND (customer.id = ${customerId}::uuid OR EXISTS (
          SELECT FROM members member WHERE member.organization_id = customer.organization_id
            AND member.customer_id = ${customerId}::uuid
            AND email_key(member.email) = email_key(customer.email) AND member.deleted_at IS NULL))`);
    return rows.length > 0;
  }

  /** A page of the buyer's containers: those that allow assignments first, then the newest first. */
  async listBought(buyer: Buyer, query: PageQuery): Promise<Paginated<ContainerRow>> {
    const { skip, take } = skipAndTake(query);
    const bought = this.containers(buyer, sql`purchase.customer_id = ${buyer.customerId}::uuid`);
    const rows = await this.database.query<ContainerRow & { total: number }>(sql`
      SELECT ${CONTAINER_COLUMNS}, (count(*) OVER ())::int AS total
      FROM (${bought}) container
      ORDER BY container.active DESC, container.created_at DESC, container.id
      LIMIT ${take} OFFSET ${skip}`);
    return { rows, total: rows[0]?.total ?? 0 };
  }

  /** The container, if the buyer bought it. */
  async findBought(buyer: Buyer, ref: ContainerRef): Promise<ContainerRow | undefined> {
    const isBought = sql`purchase.customer_id = ${buyer.customerId}::uuid AND ${ofContainer(ref)}`;
    const [row] = await this.database.query<ContainerRow>(sql`
      SELECT ${CONTAINER_COLUMNS} FROM (${this.containers(buyer, isBought)}) container`);
    return row;
  }

  /** The containers in which the person of the session has a claimed seat, newest first. */
  listHeld(session: Session, limit: number): Promise<ContainerRow[]> {
    const held = this.containers(session, sql`pool.id IN (${poolIdsHeldBy(session)})`);
    return this.database.query<ContainerRow>(sql`
      SELECT ${CONTAINER_COLUMNS} FROM (${held}) container
      ORDER BY container.created_at DESC, container.id LIMIT ${limit}`);
  }

  /** A page of the subscriptions in which the person of the session has a claimed seat, newest first. */
  async listHeldSubscriptions(
    session: Session,
    query: PageQuery,
  ): Promise<Paginated<HeldSubscription>> {
    const { skip, take } = skipAndTake(query);
    const tenant = sql`${session.organizationId}::uuid`;
    const held = sql`FROM subscriptions subscription
      JOIN pools pool
        ON pool.organization_id = ${tenant} AND pool.subscription_id = subscription.id
      JOIN products product
        ON product.organization_id = ${tenant} AND product.id = subscription.product_id
      WHERE subscription.organization_id = ${tenant} AND pool.id IN (${poolIdsHeldBy(session)})`;
    const rows = await this.database.query<HeldSubscription>(sql`
      SELECT subscription.id, subscription.created_at, subscription.modified_at,
        subscription.external_id, subscription.product_id, subscription.customer_id,
        subscription.checkout_id, subscription.status, subscription.current_period_end,
        subscription.cancel_at_period_end, subscription.canceled_at, subscription.ended_at,
        pool.capacity AS seats, pool.taken AS assigned_seats,
        greatest(pool.capacity - pool.taken, 0) AS available_seats, product.name AS product_name
      ${held} ORDER BY subscription.created_at DESC, subscription.id
      LIMIT ${take} OFFSET ${skip}`);
    const [count] = await this.database.query<{ total: number }>(
      sql`SELECT count(*)::int AS total ${held}`,
    );
    return { rows, total: count?.total ?? 0 };
  }

  /**
   * The people with a pending or claimed seat of a container, newest first.
   *
   * @param search a part of the name or the e-mail; '' lists everybody. In a container with more
   *   than {@link SEARCHED_SEATS} assigned seats, the beginning of the name or the e-mail.
   * @param taken how many seats of the container are assigned.
   * @param after the keys (created_at, id) of the last seat of the page before.
   */
  listPeople(
    buyer: Buyer,
    { ref, taken }: { ref: ContainerRef; taken: number },
    search: string,
    { after, limit }: { after: string[] | undefined; limit: number },
  ): Promise<SeatedPerson[]> {
    const tenant = sql`${buyer.organizationId}::uuid`;
    const pool = sql`(SELECT pool.id FROM pools pool
      WHERE pool.organization_id = ${tenant} AND ${ofContainer(ref)})`;
    const isLarge = taken > SEARCHED_SEATS;
    const contains = sql`AND (strpos(lower(seat.email), lower(${search})) > 0
      OR strpos(lower(member.name), lower(${search})) > 0)`;
    const matches = isLarge ? beginsWith(buyer, pool, search) : contains;
    const isAfter = after
      ? sql`AND (seat.created_at, seat.id) < (${after[0]}::timestamptz, ${after[1]}::uuid)`
      : Prisma.empty;
    return this.database.query<SeatedPerson>(sql`
      SELECT seat.id AS seat_id, seat.created_at, seat.status, seat.email, member.name,
        seat.invitation_expires_at, seat.claimed_at
      FROM (
        SELECT seat.* FROM seats seat ${search === '' || isLarge ? Prisma.empty : MEMBER_JOIN}
        WHERE seat.organization_id = ${tenant} AND seat.status <> 'revoked'
          AND seat.pool_id = ${pool} ${search === '' ? Prisma.empty : matches} ${isAfter}
        ORDER BY seat.created_at DESC, seat.id DESC LIMIT ${limit}
      ) seat ${MEMBER_JOIN}
      ORDER BY seat.created_at DESC, seat.id DESC`);
  }

  /**
   * The tenant's subscriptions and orders for which `condition` is true. It can use the aliases
   * `purchase` and `pool`.
   */
  private containers({ organizationId }: { organizationId: string }, condition: Prisma.Sql) {
    const tenant = sql`${organizationId}::uuid`;
    const shared = sql`purchase.id, purchase.status, purchase.created_at, pool.capacity,
      pool.taken, pool.active, product.name AS product_name`;
    const product = sql`JOIN products product
      ON product.organization_id = ${tenant} AND product.id = pool.product_id`;
    return sql`
      SELECT 'subscription' AS kind, ${shared}, CASE
        WHEN purchase.cancel_at_period_end AND pool.active THEN purchase.current_period_end
        END AS ends_at
      FROM subscriptions purchase
      JOIN pools pool ON pool.organization_id = ${tenant} AND pool.subscription_id = purchase.id
      ${product}
      WHERE purchase.organization_id = ${tenant} AND ${condition}
      UNION ALL
      SELECT 'order', ${shared}, NULL
      FROM orders purchase
      JOIN pools pool ON pool.organization_id = ${tenant} AND pool.order_id = purchase.id
      ${product}
      WHERE purchase.organization_id = ${tenant} AND ${condition}`;
  }
}

/**
 * A condition over `seat`: the e-mail or the name of its person begins with the text. The limits
 * bound the cost of a search for a single letter.
 */
function beginsWith(buyer: Buyer, pool: Prisma.Sql, text: string): Prisma.Sql {
  const tenant = sql`${buyer.organizationId}::uuid`;
  // LIKE would not use the indexes, because PostgreSQL plans the statement before it knows the text.
  const between = (column: Prisma.Sql, key: Prisma.Sql) =>
    sql`${column} ~>=~ ${key} AND ${column} ~<~ (${key} || ${LAST_CHARACTER})`;
  return sql`AND seat.id = ANY(ARRAY(
    (SELECT found.id FROM seats found
      WHERE found.organization_id = ${tenant} AND found.pool_id = ${pool}
        AND found.status <> 'revoked' AND ${between(sql`email_key(found.email)`, sql`email_key(${text})`)}
      ORDER BY email_key(found.email) USING ~<~ LIMIT ${MATCHES})
    UNION ALL
    (SELECT found.id FROM (
        SELECT person.id FROM members person
        WHERE person.organization_id = ${tenant} AND person.customer_id = ${buyer.customerId}::uuid
          AND person.deleted_at IS NULL AND ${between(sql`lower(person.name)`, sql`lower(${text})`)}
        ORDER BY lower(person.name) USING ~<~ LIMIT ${MATCHES}
      ) person JOIN seats found
        ON found.organization_id = ${tenant} AND found.member_id = person.id
        AND found.pool_id = ${pool} AND found.status <> 'revoked')))`;
}

/**
 * The ids of the pools in which the person of a session has a claimed seat. A session of a member
 * stands for that member. A session of a customer stands for the member with the customer's own
 * e-mail, and, without the member model, for seats that others bought. The customer_id of
 * a seat is not enough: it may be the buyer's.
 */
function poolIdsHeldBy({ organizationId, customerId, memberId }: Session): Prisma.Sql {
  const tenant = sql`${organizationId}::uuid`;
  const customer = sql`${customerId}::uuid`;
  const bought = sql`WHERE organization_id = ${tenant} AND customer_id = ${customer}`;
  const isClaimed = sql`seat.organization_id = ${tenant} AND seat.status = 'claimed'`;
  if (memberId !== null) {
    return sql`SELECT seat.pool_id FROM seats seat
      WHERE ${isClaimed} AND seat.member_id = ${memberId}::uuid`;
  }
  return sql`
    SELECT seat.pool_id FROM seats seat
    JOIN members member ON member.organization_id = ${tenant} AND member.id = seat.member_id
    JOIN customers customer
      ON customer.organization_id = ${tenant} AND customer.id = member.customer_id
    WHERE ${isClaimed} AND member.customer_id = ${customer} AND member.deleted_at IS NULL
      AND email_key(member.email) = email_key(customer.email)
    UNION ALL
    SELECT seat.pool_id FROM seats seat
    JOIN pools pool ON pool.organization_id = ${tenant} AND pool.id = seat.pool_id
    WHERE ${isClaimed} AND seat.customer_id = ${customer} AND pool.customer_id <> ${customer}
      -- Without this condition the statement reads every seat of a large buyer, to no avail.
      AND (EXISTS (SELECT FROM organizations WHERE id = ${tenant} AND NOT member_model_enabled)
        OR NOT EXISTS (SELECT FROM subscriptions ${bought} UNION ALL SELECT FROM orders ${bought}))`;
}
