import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { createInvitation } from '../../invitations/invitation.js';
import type { Caller } from '../../platform/caller.js';
import { Clock } from '../../platform/clock.js';
import { Keys } from '../../platform/crypto.js';
import { Database } from '../../platform/database/database.js';
import { emailKey } from '../../platform/email.js';
import { NotPermitted } from '../../platform/errors.js';
import { RevokeRepository } from '../revoke/revoke.repository.js';
import { type ContainerRef, queueOf } from '../seat.js';
import { SeatsAlreadyAssigned } from '../seats.errors.js';
import { SeatsRepository } from '../seats.repository.js';
import type { PoolRow } from '../seats.sql.js';
import { free, mustResize, type Overflow, revokes } from './pool.rules.js';
import { PoolsRepository } from './pools.repository.js';

export interface SeatCounts {
  seats: number;
  assigned_seats: number;
  available_seats: number;
}

/**
 * The entry point for purchases: every change that subscriptions, orders, customers and members
 * make to seats. A purchase and its seats change together, so every method but `counts` joins the
 * caller's transaction and throws an Error if there is none.
 */
@Injectable()
export class PoolsService {
  constructor(
    private readonly pools: PoolsRepository,
    private readonly revocations: RevokeRepository,
    private readonly seats: SeatsRepository,
    private readonly keys: Keys,
    private readonly clock: Clock,
    private readonly database: Database,
  ) {}

  /** Creates the pool of a new subscription or order. */
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
    this.database.requireTransaction();
    const { seats: capacity, ...columns } = pool;
    await this.pools.insertPool({
      ...columns,
      capacity,
      organization_id: caller.organizationId,
      id: randomUUID(),
      created_at: this.clock.now(),
    });
  }

  /** The size and the count of these containers, by the container's id. */
  async counts(
    organizationId: string,
    containers: { subscription_ids?: string[]; order_ids?: string[] },
  ): Promise<Map<string, SeatCounts>> {
    const pools = await this.pools.findPools(organizationId, containers);
    return new Map(
      pools.map((pool) => [
        (pool.subscription_id ?? pool.order_id) as string,
        { seats: pool.capacity, assigned_seats: pool.taken, available_seats: free(pool) },
      ]),
    );
  }

  /**
   * Changes the size of a pool, and revokes its excess seats if `overflow` says so. Idempotent: the
   * same size emits no event.
   *
   * @throws {SeatsAlreadyAssigned} more seats are assigned than the pool would have, and too few of
   *   them may be revoked.
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
    await this.revokeExcess(caller, pool, seats, overflow);
    if (pool.capacity === seats) return;
    await this.pools.changeCapacity(caller, pool, seats, this.clock.now());
  }

  private async revokeExcess(
    caller: Caller,
    pool: PoolRow,
    seats: number,
    overflow: Overflow,
  ): Promise<void> {
    const excess = pool.taken - seats;
    if (excess <= 0 || overflow === 'keep') return;
    const options = { pendingOnly: overflow === 'revoke_pending' };
    const now = this.clock.now();
    const revoked = revokes(overflow)
      ? await this.revocations.revokeNewest(caller, pool.id, excess, options, now)
      : 0;
    if (revoked < excess) {
      throw new SeatsAlreadyAssigned(excessMessage(pool, seats, options.pendingOnly));
    }
  }

  /**
   * Moves a pool to another product or buyer. A pool with assigned seats stays with its buyer,
   * because the people on the seats are the buyer's members.
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
        `The purchase cannot be moved to another customer while ${pool.taken} of its seats are assigned. Revoke them first.`,
      );
    }
    await this.pools.changeOwner(caller.organizationId, pool.id, to);
  }

  /** Sets whether the container can give seats. */
  async setActive(caller: Caller, ref: ContainerRef, active: boolean): Promise<void> {
    this.database.enterQueues([queueOf(ref)]);
    await this.pools.setActive(caller.organizationId, ref, active);
  }

  /**
   * Revokes every pending and claimed seat of the container, whatever the organization's settings.
   */
  async revokeAll(
    caller: Caller,
    ref: ContainerRef,
    reason: 'subscription_ended' | 'order_refunded',
  ): Promise<void> {
    // The pool is locked before the revoking statement looks, so an assignment in flight is seen.
    const pool = await this.lock(caller, ref);
    await this.revocations.revokeAllOf(caller, pool, reason, this.clock.now());
  }

  /**
   * Locks the pools in which a member holds a seat. Call it before the member is locked: an
   * assignment locks the pool first, and the two transactions could deadlock.
   */
  async lockOfMember(caller: Caller, memberId: string): Promise<void> {
    await this.pools.lockPoolsOfMember(caller.organizationId, memberId);
  }

  /** Locks the pools in which a customer holds a seat as a person, as {@link lockOfMember} does. */
  async lockOfCustomer(caller: Caller, customerId: string): Promise<void> {
    await this.pools.lockPoolsOfCustomer(caller.organizationId, customerId);
  }

  /** Serializes transactions that give external ids to members of one customer. */
  async lockLinking(customerId: string): Promise<void> {
    await this.pools.lockLinking(customerId);
  }

  /** Revokes the seats of a member. The caller must already hold the lock on the member's row. */
  async revokeOfMember(
    caller: Caller,
    memberId: string,
    reason: 'member_deleted' | 'customer_deleted',
  ): Promise<void> {
    this.database.requireTransaction();
    await this.revocations.revokeOfMember(caller, memberId, reason, this.clock.now());
  }

  /**
   * Revokes the seats that a customer holds as a person, and the seats of the customer's members.
   */
  async revokeOfCustomer(
    caller: Caller,
    customerId: string,
    reason: 'customer_deleted',
  ): Promise<void> {
    this.database.requireTransaction();
    await this.revocations.revokeOfCustomer(caller, customerId, reason, this.clock.now());
  }

  /**
   * Writes a member's new e-mail to their active seats, with an event for each. Unless only the
   * case of the e-mail changed, pending invitations are renewed: the old links stop working,
   * because somebody else may have received them, and new ones are mailed.
   */
  async changeEmail(caller: Caller, memberId: string, from: string, to: string): Promise<void> {
    this.database.requireTransaction();
    const now = this.clock.now();
    const pending = await this.seats.changeEmail(caller, memberId, to, now);
    if (emailKey(from) === emailKey(to)) return;
    for (const id of pending) {
      await this.seats.renewInvitation(caller, id, createInvitation(this.keys, id), now);
    }
  }

  private async lock(caller: Caller, ref: ContainerRef): Promise<PoolRow> {
    this.database.enterQueues([queueOf(ref)]);
    const pool = await this.pools.lockPool(caller.organizationId, ref);
    if (pool === undefined) throw new Error('A container has no pool.');
    return pool;
  }
}

function excessMessage(pool: PoolRow, seats: number, pendingOnly: boolean): string {
  const kept = pendingOnly ? ', and too few of them are pending' : '';
  const way = pendingOnly ? 'Revoke seats first.' : 'Revoke seats first, or send on_overflow.';
  return `The number of seats cannot be reduced to ${seats}: ${pool.taken} are assigned${kept}. ${way}`;
}
