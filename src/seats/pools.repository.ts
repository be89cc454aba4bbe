import { Injectable } from '@nestjs/common';
import { Prisma } from '../generated/prisma/client.js';
import { Database, sql } from '../platform/database/database.js';
import type { Caller } from '../platform/http/access.js';
import { writeEvents } from '../platform/outbox/outbox.js';
import type { ContainerRef } from './seat.js';

import { type PoolRow, ofContainer } from './seats.rows.js';

/** The SQL of pools: which there are, and how full they are. */
@Injectable()
export class PoolsRepository {
  constructor(private readonly database: Database) {}

  /** The pool of a container; `lock` holds it until the end of the transaction. */
  async findPool(
    organizationId: string,
    ref: ContainerRef,
    { lock = false } = {},
  ): Promise<PoolRow | undefined> {
    const [row] = await this.database.query<PoolRow>(sql`
      SELECT p.id, p.subscription_id, p.order_id, p.product_id, p.customer_id, p.capacity, p.taken,
        p.active, o.seats_enabled, o.member_model_enabled, o.invitation_expires_in,
        o.claim_url_template
      FROM pools p JOIN organizations o ON o.id = p.organization_id
      WHERE p.organization_id = ${organizationId}::uuid AND ${ofContainer(ref)}
      ${lock ? sql`FOR NO KEY UPDATE OF p` : Prisma.empty}`);
    return row;
  }

  /** Locks the pools in which a member holds a seat, until the end of the transaction. */
  lockOfMember(organizationId: string, memberId: string): Promise<void> {
    return this.lockSeating(organizationId, sql`s.member_id = ${memberId}::uuid`);
  }

  /** As {@link lockOfMember}, those in which a customer holds a seat as a person. */
  lockOfCustomer(organizationId: string, customerId: string): Promise<void> {
    return this.lockSeating(organizationId, sql`s.customer_id = ${customerId}::uuid`);
  }

  /**
   * Lets those who give external ids to members of one buyer do it one after the other, until the
   * end of the transaction: at once, two of them would get the same id, and one a failure.
   */
  lockLinking(customerId: string): Promise<void> {
    return this.database.lockName('linking', customerId);
  }

  findCheckout(organizationId: string, id: string) {
    return this.database.db.checkouts.findFirst({
      where: { organization_id: organizationId, id },
    });
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
      await this.database.lockName('exhausted', pool.id);
      await this.database.query(
        writeEvents(caller, source, { type: sql`'seats.exhausted'`, at: now }),
      );
    });
  }

  private async lockSeating(organizationId: string, which: Prisma.Sql): Promise<void> {
    await this.database.query(sql`
      SELECT p.id FROM pools p
      WHERE p.organization_id = ${organizationId}::uuid AND p.id IN (
        SELECT s.pool_id FROM seats s
        WHERE s.organization_id = ${organizationId}::uuid AND s.status <> 'revoked' AND ${which})
      ORDER BY p.id FOR NO KEY UPDATE`);
  }
}
