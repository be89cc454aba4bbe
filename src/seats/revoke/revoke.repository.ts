import { Injectable } from '@nestjs/common';
import { Prisma } from '../../generated/prisma/client.js';
import type { Caller } from '../../platform/caller.js';
import { Database, sql } from '../../platform/database/database.js';
import { writeEvents } from '../../platform/outbox/outbox.js';
import { containerOf, type ContainerRef, queueOf, type RevokeReason } from '../seat.js';
import { type PoolRow, SEAT_COLUMNS, SEAT_JOINS } from '../seats.sql.js';

const REVOKE_BATCH = 5_000;

/** The SQL of revoking seats. */
@Injectable()
export class RevokeRepository {
  constructor(private readonly database: Database) {}

  /**
   * Revokes one seat; false when it was revoked before.
   * @param ref its container.
   */
  async revokeSeat(
    caller: Caller,
    id: string,
    ref: ContainerRef,
    reason: RevokeReason,
    now: Date,
  ): Promise<boolean> {
    const itsPool = sql`pool.id = (SELECT pool_id FROM seats
      WHERE organization_id = ${caller.organizationId}::uuid AND id = ${id}::uuid)`;
    const seat = sql`seat.id = ${id}::uuid`;
    return (await this.revoke(caller, itsPool, seat, reason, now, queueOf(ref))) === 1;
  }

  /** Revokes these seats, all of them in these pools. @returns how many were active. */
  async revokeSeats(
    caller: Caller,
    poolIds: string[],
    ids: string[],
    reason: RevokeReason,
    now: Date,
  ): Promise<number> {
    const pools = sql`pool.id = ANY(${poolIds}::uuid[])`;
    return this.revoke(caller, pools, sql`seat.id = ANY(${ids}::uuid[])`, reason, now);
  }

  /** Revokes the seats of a member. */
  async revokeOfMember(
    caller: Caller,
    memberId: string,
    reason: RevokeReason,
    now: Date,
  ): Promise<void> {
    await this.revokeWhere(caller, sql`seat.member_id = ${memberId}::uuid`, reason, now);
  }

  /** Revokes the seats that a customer holds as a person, and the seats of the customer's members. */
  async revokeOfCustomer(
    caller: Caller,
    customerId: string,
    reason: RevokeReason,
    now: Date,
  ): Promise<void> {
    const tenant = sql`${caller.organizationId}::uuid`;
    // Not OR: it would read all seats of the organization.
    const seats = sql`seat.id IN (
      SELECT own.id FROM seats own WHERE own.organization_id = ${tenant}
        AND own.customer_id = ${customerId}::uuid AND own.status <> 'revoked'
      UNION ALL
      SELECT theirs.id FROM members member JOIN seats theirs
        ON theirs.organization_id = ${tenant} AND theirs.member_id = member.id
        AND theirs.status <> 'revoked'
      WHERE member.organization_id = ${tenant} AND member.customer_id = ${customerId}::uuid
        AND member.deleted_at IS NULL)`;
    await this.revokeWhere(caller, seats, reason, now);
  }

  /**
   * Revokes every active seat of a container's pool, in batches: a million of them would exceed the
   * time limit of one statement. The time of their creation is not compared with `now`: a process
   * whose clock is ahead may have assigned one a moment ago.
   * @returns how many.
   */
  async revokeAllOf(
    caller: Caller,
    pool: PoolRow,
    reason: RevokeReason,
    now: Date,
  ): Promise<number> {
    const active = sql`seat.status <> 'revoked'`;
    const queue = queueOf(containerOf(pool));
    let total = 0;
    for (let count = REVOKE_BATCH; count === REVOKE_BATCH; total += count) {
      count = await this.revokeBatch(caller, pool.id, active, reason, now, queue);
    }
    return total;
  }

  /**
   * Revokes the newest active seats of a pool, at most `count`, in batches. The caller has locked
   * the pool. A claim locks only its seat, so the seats are locked before they are chosen: a seat
   * that is being claimed counts as claimed.
   * @returns how many; fewer than `count` when there are no more.
   * @throws {Error} outside of a transaction.
   */
  async revokeNewest(
    caller: Caller,
    poolId: string,
    count: number,
    { pendingOnly }: { pendingOnly: boolean },
    now: Date,
  ): Promise<number> {
    this.database.requireTransaction();
    const eligible = pendingOnly ? sql`status = 'pending'` : sql`status <> 'revoked'`;
    let total = 0;
    for (let more = true; more && total < count;) {
      const limit = Math.min(REVOKE_BATCH, count - total);
      const rows = await this.database.query<{ id: string }>(sql`
        SELECT id FROM seats
        WHERE organization_id = ${caller.organizationId}::uuid AND pool_id = ${poolId}::uuid
          AND ${eligible}
        ORDER BY created_at DESC, id DESC LIMIT ${limit}::int FOR UPDATE`);
      const ids = rows.map(({ id }) => id);
      total += await this.revokeSeats(caller, [poolId], ids, 'overflow', now);
      more = rows.length === limit;
    }
    return total;
  }

  /**
   * Releases a batch of lapsed invitations of a pool. One that was just renewed stays.
   * @returns how many; call again while it is not 0.
   */
  releaseLapsed(caller: Caller, poolId: string, now: Date): Promise<number> {
    const lapsed = sql`seat.status = 'pending' AND seat.invitation_expires_at <= ${now}::timestamptz
      - interval '1 second' * (SELECT expired_invitation_grace FROM organizations
        WHERE id = ${caller.organizationId}::uuid)`;
    return this.revokeBatch(caller, poolId, lapsed, 'invitation_expired', now);
  }

  /** Revokes the active seats, in any pool, for which `seats` (a condition over `seat`) is true. */
  private async revokeWhere(
    caller: Caller,
    seats: Prisma.Sql,
    reason: RevokeReason,
    now: Date,
  ): Promise<void> {
    const pools = sql`pool.id IN (SELECT seat.pool_id FROM seats seat
      WHERE seat.organization_id = ${caller.organizationId}::uuid AND seat.status <> 'revoked'
        AND ${seats})`;
    await this.revoke(caller, pools, seats, reason, now);
  }

  /**
   * Revokes a batch of the seats of a pool for which `seats` (a condition over `seat`) is true. The
   * pool is locked before the seats are looked for, so no other transaction revokes them meanwhile.
   * @returns how many.
   */
  private revokeBatch(
    caller: Caller,
    poolId: string,
    seats: Prisma.Sql,
    reason: RevokeReason,
    now: Date,
    queue?: string,
  ): Promise<number> {
    const tenant = sql`${caller.organizationId}::uuid`;
    return this.database.transaction(async () => {
      await this.database.query<{ id: string }>(sql`SELECT id FROM pools
        WHERE organization_id = ${tenant} AND id = ${poolId}::uuid FOR NO KEY UPDATE`);
      const rows = await this.database.query<{ id: string }>(sql`
        SELECT seat.id FROM seats seat
        WHERE seat.organization_id = ${tenant} AND seat.pool_id = ${poolId}::uuid AND ${seats}
        ORDER BY seat.created_at, seat.id LIMIT ${REVOKE_BATCH}::int`);
      await this.database.planFor(rows.length);
      const batch = sql`seat.id = ANY(${rows.map(({ id }) => id)}::uuid[]) AND ${seats}`;
      return this.revoke(caller, sql`pool.id = ${poolId}::uuid`, batch, reason, now);
    }, queue);
  }

  /**
   * Revokes the active seats for which `seats` (a condition over `seat`) is true, in the pools for
   * which `pools` (a condition over `pool`) is true. The event of each keeps the person that the
   * seat had. Pools are locked before seats, as everywhere. The statement does not see seats that
   * were committed while it waited for a pool: to revoke all seats of a pool, lock the pool in a
   * statement before.
   * @returns how many were active.
   */
  private async revoke(
    caller: Caller,
    pools: Prisma.Sql,
    seats: Prisma.Sql,
    reason: RevokeReason,
    now: Date,
    queue?: string,
  ): Promise<number> {
    const tenant = sql`${caller.organizationId}::uuid`;
    const event = { type: sql`'customer_seat.revoked'`, at: now, reason };
    const statement = sql`
      WITH locked_pool AS (
        SELECT pool.* FROM pools pool
        WHERE pool.organization_id = ${tenant} AND ${pools}
        ORDER BY pool.id FOR NO KEY UPDATE
      ), old_seat AS (
        SELECT seat.* FROM seats seat JOIN locked_pool ON locked_pool.id = seat.pool_id
        WHERE seat.organization_id = ${tenant} AND seat.status <> 'revoked' AND ${seats}
        ORDER BY seat.id FOR UPDATE OF seat
      ), seat AS (
        UPDATE seats SET status = 'revoked', revoked_at = ${now}::timestamptz,
          modified_at = ${now}::timestamptz, customer_id = NULL, member_id = NULL, email = NULL,
          invitation_nonce = NULL, invitation_hash = NULL, invitation_expires_at = NULL
        FROM old_seat
        WHERE seats.organization_id = old_seat.organization_id AND seats.id = old_seat.id
        RETURNING seats.organization_id, seats.id, seats.created_at, seats.modified_at,
          seats.pool_id, seats.status, old_seat.customer_id, old_seat.member_id, old_seat.email,
          seats.metadata, seats.invitation_expires_at, seats.claimed_at, seats.revoked_at
      ), seat_rows AS (
        SELECT ${SEAT_COLUMNS} FROM seat ${SEAT_JOINS}
        WHERE seat.organization_id = ${tenant}
      ), seat_events AS (${writeEvents(caller, sql`seat_rows`, event)})
      SELECT seat_id FROM seat_rows`;
    return (await this.database.query<{ seat_id: string }>(statement, queue)).length;
  }
}
