import { Injectable } from '@nestjs/common';
import { Prisma } from '../../generated/prisma/client.js';
import type { Caller } from '../../platform/caller.js';
import { Database, sql } from '../../platform/database/database.js';
import { writeEvents } from '../../platform/outbox/outbox.js';
import type { ContainerRef } from '../seat.js';
import { ofContainer, POOL_COLUMNS, type PoolRow, poolIdsHeldAs } from '../seats.sql.js';

const LAPSED_POOLS = 200;

/** A pool with its size and the number of its assigned seats. */
export interface CountedPool {
  subscription_id: string | null;
  order_id: string | null;
  capacity: number;
  taken: number;
}

/** The SQL of pools. */
@Injectable()
export class PoolsRepository {
  constructor(private readonly database: Database) {}

  /** The pool of a container. */
  findPool(organizationId: string, ref: ContainerRef): Promise<PoolRow | undefined> {
    return this.selectPool(organizationId, ref, Prisma.empty);
  }

  /**
   * The pool of a container, locked until the transaction ends.
   * @throws {Error} outside of a transaction.
   */
  async lockPool(organizationId: string, ref: ContainerRef): Promise<PoolRow | undefined> {
    this.database.requireTransaction();
    return this.selectPool(organizationId, ref, sql`FOR NO KEY UPDATE OF pool`);
  }

  private async selectPool(
    organizationId: string,
    ref: ContainerRef,
    lock: Prisma.Sql,
  ): Promise<PoolRow | undefined> {
    const [row] = await this.database.query<PoolRow>(sql`
      SELECT ${POOL_COLUMNS}
      FROM pools pool JOIN organizations organization ON organization.id = pool.organization_id
      WHERE pool.organization_id = ${organizationId}::uuid AND ${ofContainer(ref)}
      ${lock}`);
    return row;
  }

  /** Locks the pools in which a member holds a seat, until the transaction ends. */
  lockPoolsOfMember(organizationId: string, memberId: string): Promise<void> {
    return this.lockPools(
      organizationId,
      sql`SELECT pool_id FROM seats
        WHERE organization_id = ${organizationId}::uuid AND member_id = ${memberId}::uuid
          AND status <> 'revoked'`,
    );
  }

  /** Locks the pools in which a customer holds a seat as a person, until the transaction ends. */
  lockPoolsOfCustomer(organizationId: string, customerId: string): Promise<void> {
    const held = poolIdsHeldAs(sql`${organizationId}::uuid`, sql`${customerId}::uuid`);
    return this.lockPools(organizationId, held);
  }

  /**
   * Serializes transactions that give external ids to members of one buyer. Without it two of them
   * could give the same id, and one would fail.
   */
  lockLinking(customerId: string): Promise<void> {
    return this.database.lockName('linking', customerId);
  }

  findCheckout(organizationId: string, id: string) {
    return this.database.db.checkout.findFirst({
      where: { organization_id: organizationId, id },
    });
  }

  /** The purchase of a checkout: its subscription, else its earliest order. */
  async containerOfCheckout(
    organizationId: string,
    checkoutId: string,
  ): Promise<ContainerRef | undefined> {
    const where = { organization_id: organizationId, checkout_id: checkoutId };
    const oldest = { where, orderBy: { created_at: 'asc' }, select: { id: true } } as const;
    const subscription = await this.database.db.subscription.findFirst(oldest);
    if (subscription) return { subscription_id: subscription.id };
    const order = await this.database.db.order.findFirst(oldest);
    return order ? { order_id: order.id } : undefined;
  }

  /**
   * Pools with lapsed invitations whose organization releases them. The longest lapsed come first,
   * so that newly lapsed invitations cannot delay a pool.
   * @param since leaves out the seats whose release was due before then. There may be any number of
   *   older invitations, because an organization can keep the seats of expired invitations.
   */
  lapsedPools(now: Date, since: Date): Promise<{ organization_id: string; pool_id: string }[]> {
    // One range of the index for each grace period that an organization has.
    return this.database.query<{ organization_id: string; pool_id: string }>(sql`
      SELECT seat.organization_id, seat.pool_id
      FROM (
        SELECT 0 AS grace
        UNION SELECT expired_invitation_grace FROM organizations WHERE expired_invitation_grace > 0
      ) graces
      CROSS JOIN LATERAL (
        SELECT organization_id, pool_id, invitation_expires_at FROM seats
        WHERE status = 'pending'
          AND invitation_expires_at <= ${now}::timestamptz - interval '1 second' * graces.grace
          AND invitation_expires_at > ${since}::timestamptz - interval '1 second' * graces.grace
      ) seat
      JOIN organizations organization ON organization.id = seat.organization_id
        AND organization.expired_invitation_grace = graces.grace
      GROUP BY seat.organization_id, seat.pool_id
      ORDER BY min(seat.invitation_expires_at), seat.pool_id LIMIT ${LAPSED_POOLS}::int`);
  }

  /** Writes the pool of a new subscription or order. */
  async insertPool(pool: {
    organization_id: string;
    id: string;
    created_at: Date;
    subscription_id?: string;
    order_id?: string;
    product_id: string;
    customer_id: string;
    capacity: number;
    active: boolean;
  }): Promise<void> {
    await this.database.db.pool.create({ data: pool });
  }

  /**
   * The pools of these containers. The ids are one parameter: with a parameter each, lists of
   * different lengths would be different statements, which every connection keeps prepared.
   */
  findPools(
    organizationId: string,
    {
      subscription_ids = [],
      order_ids = [],
    }: { subscription_ids?: string[]; order_ids?: string[] },
  ): Promise<CountedPool[]> {
    return this.database.query<CountedPool>(sql`
      SELECT subscription_id, order_id, capacity, taken FROM pools
      WHERE organization_id = ${organizationId}::uuid
        AND (subscription_id = ANY(${subscription_ids}::uuid[])
          OR order_id = ANY(${order_ids}::uuid[]))`);
  }

  /** The size and the count of a pool. */
  countsOf(organizationId: string, id: string): Promise<{ capacity: number; taken: number }> {
    return this.database.db.pool.findUniqueOrThrow({
      where: { organization_id_id: { organization_id: organizationId, id } },
      select: { capacity: true, taken: true },
    });
  }

  /**
   * Changes the size of a locked pool and writes the event.
   * @param pool as it is apart from its size.
   * @throws {Error} outside of a transaction.
   */
  async changeCapacity(caller: Caller, pool: PoolRow, capacity: number, now: Date): Promise<void> {
    this.database.requireTransaction();
    const type =
      pool.subscription_id === null
        ? sql`'order.seats_changed'`
        : sql`'subscription.seats_changed'`;
    const event = sql`(SELECT id AS pool_id, NULL::uuid AS seat_id, subscription_id, order_id,
      product_id, customer_id, capacity AS seats, ${pool.capacity}::int AS previous_seats,
      taken AS assigned_seats, greatest(0, capacity - taken) AS available_seats
      FROM resized_pool)`;
    await this.database.query(sql`
      WITH resized_pool AS (
        UPDATE pools SET capacity = ${capacity}::int
        WHERE organization_id = ${caller.organizationId}::uuid AND id = ${pool.id}::uuid
        RETURNING *
      )
      ${writeEvents(caller, event, { type, at: now })}`);
  }

  /** Gives a locked pool to another product or buyer. @throws {Error} outside of a transaction. */
  async changeOwner(
    organizationId: string,
    id: string,
    to: { product_id: string; customer_id: string },
  ): Promise<void> {
    this.database.requireTransaction();
    await this.database.query(sql`
      UPDATE pools SET product_id = ${to.product_id}::uuid, customer_id = ${to.customer_id}::uuid
      WHERE organization_id = ${organizationId}::uuid AND id = ${id}::uuid`);
  }

  /** Sets whether the container can give seats. */
  async setActive(organizationId: string, ref: ContainerRef, active: boolean): Promise<void> {
    await this.database.query(sql`
      UPDATE pools pool SET active = ${active}::boolean
      WHERE pool.organization_id = ${organizationId}::uuid AND ${ofContainer(ref)}`);
  }

  /**
   * Writes the event of an assign that was refused because the pool was full: at most one
   * per pool and minute. The lock makes a second caller wait and see the event of the first.
   */
  async noteExhausted(caller: Caller, pool: PoolRow, now: Date): Promise<void> {
    const recent = sql`SELECT FROM events WHERE type = 'seats.exhausted'
      AND pool_id = ${pool.id}::uuid AND created_at > ${now}::timestamptz - interval '1 minute'`;
    const [row] = await this.database.query<{ exists: boolean }>(
      sql`SELECT EXISTS (${recent}) AS exists`,
    );
    if (row?.exists) return;
    const source = sql`(SELECT ${pool.id}::uuid AS pool_id, NULL::uuid AS seat_id,
      ${pool.subscription_id}::uuid AS subscription_id, ${pool.order_id}::uuid AS order_id,
      ${pool.product_id}::uuid AS product_id, ${pool.customer_id}::uuid AS customer_id,
      ${pool.capacity}::int AS total_seats, 0 AS available_seats
      WHERE NOT EXISTS (${recent}))`;
    await this.database.transaction(async () => {
      await this.database.lockName('exhausted', pool.id);
      await this.database.query(
        writeEvents(caller, source, { type: sql`'seats.exhausted'`, at: now }),
      );
    }, `exhausted ${pool.id}`);
  }

  /** @param ids a query for ids of pools. */
  private async lockPools(organizationId: string, ids: Prisma.Sql): Promise<void> {
    this.database.requireTransaction();
    await this.database.query(sql`
      SELECT id FROM pools
      WHERE organization_id = ${organizationId}::uuid AND id = ANY(ARRAY(${ids}))
      ORDER BY id FOR NO KEY UPDATE`);
  }
}
