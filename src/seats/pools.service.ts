import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Clock } from '../platform/clock.js';
import { Database, sql } from '../platform/database/database.js';
import { NotPermitted } from '../platform/errors.js';
import type { Caller } from '../platform/http/access.js';
import { writeEvents } from '../platform/outbox/outbox.js';
import { mustResize, type Overflow, revokes } from './overflow.js';
import { type ContainerRef, free, type RevokeReason } from './seat.js';
import { SeatsAlreadyAssigned } from './seats.errors.js';
import { ofContainer, type PoolRow } from './seats.rows.js';
import { PoolsRepository } from './pools.repository.js';
import { RevocationsRepository } from './revocations.repository.js';
import { SeatsRepository } from './seats.repository.js';

export interface SeatCounts {
  seats: number;
  assigned_seats: number;
  available_seats: number;
}

/**
 * What purchases do to seats. Every method joins the caller's transaction, so that a purchase and
 * its seats change together.
 */
@Injectable()
export class PoolsService {
  constructor(
    private readonly pools: PoolsRepository,
    private readonly revocations: RevocationsRepository,
    private readonly seats: SeatsRepository,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** Opens the pool of a new subscription or order. */
  async openPool(
    caller: Caller,
    pool: {
      subscription_id?: string;
      order_id?: string;
      product_id: string;
      customer_id: string;
      seats: number;
      active: boolean;
    },
  ): Promise<void> {
    const { seats: capacity, ...columns } = pool;
    await this.database.db.pools.create({
      data: {
        ...columns,
        capacity,
        organization_id: caller.organizationId,
        id: randomUUID(),
        created_at: this.clock.now(),
      },
    });
  }

  /** How full these containers are, by the container's id. */
  async counts(
    organizationId: string,
    containers: { subscription_ids?: string[]; order_ids?: string[] },
  ): Promise<Map<string, SeatCounts>> {
    const { subscription_ids = [], order_ids = [] } = containers;
    const pools = await this.database.db.pools.findMany({
      where: {
        organization_id: organizationId,
        OR: [{ subscription_id: { in: subscription_ids } }, { order_id: { in: order_ids } }],
      },
    });
    return new Map(
      pools.map((pool) => [
        (pool.subscription_id ?? pool.order_id) as string,
        { seats: pool.capacity, assigned_seats: pool.taken, available_seats: free(pool) },
      ]),
    );
  }

  /**
   * Changes how many seats there are, and revokes those that are too many if `overflow` says so.
   * The same number of seats that all fit changes nothing and tells nobody.
   *
   * @throws {SeatsAlreadyAssigned} more are assigned than there would be, and they are not to be
   *   revoked, or too few of them may be.
   */
  async resize(
    caller: Caller,
    ref: ContainerRef,
    seats: number,
    overflow: Overflow = 'reject',
  ): Promise<void> {
    const pool = await this.lock(caller, ref);
    const before = { seats: pool.capacity, assigned_seats: pool.taken };
    if (!mustResize(before, seats, overflow)) return;
    const revoked = await this.makeRoom(caller, pool, seats, overflow);
    if (pool.capacity === seats) return;
    await this.database.query(sql`
      UPDATE pools SET capacity = ${seats}::int
      WHERE organization_id = ${caller.organizationId}::uuid AND id = ${pool.id}::uuid`);
    await this.tellSeatsChanged(caller, { ...pool, taken: pool.taken - revoked }, seats);
  }

  /** Revokes what would be too many in the locked pool. @returns how many. */
  private async makeRoom(
    caller: Caller,
    pool: PoolRow,
    seats: number,
    overflow: Overflow,
  ): Promise<number> {
    const excess = pool.taken - seats;
    if (excess <= 0 || overflow === 'keep') return 0;
    const pendingOnly = overflow === 'revoke_pending';
    const revoked = revokes(overflow)
      ? await this.revocations.revokeNewest(
          caller,
          pool.id,
          excess,
          { pendingOnly },
          this.clock.now(),
        )
      : 0;
    if (revoked < excess) throw new SeatsAlreadyAssigned(tooMany(pool, seats, pendingOnly));
    return revoked;
  }

  /**
   * Lets a pool follow its purchase to another product or another buyer. A pool in which people sit
   * stays with its buyer, since they are the buyer's people.
   *
   * @throws {NotPermitted} another buyer, and seats are assigned.
   */
  async passOn(
    caller: Caller,
    ref: ContainerRef,
    to: { product_id: string; customer_id: string },
  ): Promise<void> {
    const pool = await this.lock(caller, ref);
    if (pool.customer_id !== to.customer_id && pool.taken > 0) {
      throw new NotPermitted(
        `It cannot pass to another customer while ${pool.taken} of its seats are assigned.`,
      );
    }
    await this.database.query(sql`
      UPDATE pools SET product_id = ${to.product_id}::uuid, customer_id = ${to.customer_id}::uuid
      WHERE organization_id = ${caller.organizationId}::uuid AND id = ${pool.id}::uuid`);
  }

  /** Lets the container give seats, or not. */
  async setActive(caller: Caller, ref: ContainerRef, active: boolean): Promise<void> {
    await this.database.query(sql`
      UPDATE pools p SET active = ${active}::boolean
      WHERE p.organization_id = ${caller.organizationId}::uuid AND ${ofContainer(ref)}`);
  }

  /** Revokes every pending and claimed seat of the container, whatever the organization's settings. */
  async revokeAll(
    caller: Caller,
    ref: ContainerRef,
    reason: 'subscription_ended' | 'order_refunded',
  ): Promise<void> {
    // Locked before the revoking statement looks: an assignment in flight is seen by it.
    const pool = await this.lock(caller, ref);
    await this.revocations.revokeAllOf(caller, pool.id, { reason }, this.clock.now());
  }

  /**
   * Locks the pools in which a member holds a seat. To be called before the member is locked: an
   * assignment locks the pool first, and the two could wait for each other.
   */
  async lockOfMember(caller: Caller, memberId: string): Promise<void> {
    await this.pools.lockOfMember(caller.organizationId, memberId);
  }

  /** As {@link lockOfMember}, for those that a customer holds as a person. */
  async lockOfCustomer(caller: Caller, customerId: string): Promise<void> {
    await this.pools.lockOfCustomer(caller.organizationId, customerId);
  }

  /** Lets members of a customer get external ids one after the other, those by assignments included. */
  async lockLinking(customerId: string): Promise<void> {
    await this.pools.lockLinking(customerId);
  }

  /** Revokes what a member holds. The member must be locked (by its own change) already. */
  async revokeOfMember(
    caller: Caller,
    memberId: string,
    reason: 'member_deleted' | 'customer_deleted',
  ): Promise<void> {
    await this.revokeSeatsWhere(caller, sql`s.member_id = ${memberId}::uuid`, reason);
  }

  /** Revokes the seats that a customer holds as a person, and those that members of theirs hold. */
  async revokeOfCustomer(
    caller: Caller,
    customerId: string,
    reason: 'customer_deleted',
  ): Promise<void> {
    const theirs = sql`(s.customer_id = ${customerId}::uuid OR s.member_id IN (
      SELECT id FROM members WHERE organization_id = ${caller.organizationId}::uuid
        AND customer_id = ${customerId}::uuid))`;
    await this.revokeSeatsWhere(caller, theirs, reason);
  }

  /** Writes a member's new e-mail into the seats they hold, and tells of each. */
  async changeEmail(caller: Caller, memberId: string, email: string): Promise<void> {
    await this.seats.changeEmail(caller, memberId, email, this.clock.now());
  }

  private async revokeSeatsWhere(
    caller: Caller,
    which: ReturnType<typeof sql>,
    reason: RevokeReason,
  ): Promise<void> {
    const pools = sql`p.id IN (SELECT s.pool_id FROM seats s
      WHERE s.organization_id = ${caller.organizationId}::uuid AND s.status <> 'revoked' AND ${which})`;
    await this.revocations.revoke(caller, pools, which, { reason }, this.clock.now());
  }

  private async lock(caller: Caller, ref: ContainerRef): Promise<PoolRow> {
    const pool = await this.pools.findPool(caller.organizationId, ref, { lock: true });
    if (pool === undefined) throw new Error('a container without a pool');
    return pool;
  }

  private async tellSeatsChanged(caller: Caller, pool: PoolRow, seats: number): Promise<void> {
    const type =
      pool.subscription_id === null
        ? sql`'order.seats_changed'`
        : sql`'subscription.seats_changed'`;
    const source = sql`(SELECT ${pool.id}::uuid AS pool_id, NULL::uuid AS seat_id,
      ${pool.subscription_id}::uuid AS subscription_id, ${pool.order_id}::uuid AS order_id,
      ${pool.product_id}::uuid AS product_id, ${pool.customer_id}::uuid AS customer_id,
      ${seats}::int AS seats, ${pool.capacity}::int AS previous_seats,
      ${pool.taken}::int AS assigned_seats, ${Math.max(0, seats - pool.taken)}::int AS available_seats)`;
    await this.database.query(writeEvents(caller, source, { type, at: this.clock.now() }));
  }
}

function tooMany(pool: PoolRow, seats: number, pendingOnly: boolean): string {
  const kept = pendingOnly ? ', and too few of them are pending' : '';
  return `${pool.taken} seats are assigned, so there cannot be only ${seats}${kept}.`;
}
