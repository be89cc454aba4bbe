import { Injectable } from '@nestjs/common';
import { Prisma } from '../generated/prisma/client.js';
import { Database, sql } from '../platform/database/database.js';
import type { Caller } from '../platform/http/access.js';
import { writeEvents } from '../platform/outbox/outbox.js';
import type { RevokeReason } from './seat.js';

import { SEAT_COLUMNS, SEAT_NEIGHBOURS } from './seats.rows.js';

const REVOKE_BATCH = 5_000;

/** The SQL of taking seats away. */
@Injectable()
export class RevocationsRepository {
  constructor(private readonly database: Database) {}

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

  /** Revokes one seat; false when it was revoked before. */
  async revokeSeat(caller: Caller, id: string, reason: RevokeReason, now: Date): Promise<boolean> {
    const itsPool = sql`p.id = (SELECT pool_id FROM seats
      WHERE organization_id = ${caller.organizationId}::uuid AND id = ${id}::uuid)`;
    const count = await this.revoke(caller, itsPool, sql`s.id = ${id}::uuid`, { reason }, now);
    return count === 1;
  }

  /**
   * Revokes every active seat of a pool, in batches: a million of them would outlast the time that
   * one statement has. Not told apart by their age: a process whose clock is ahead may have given
   * one a moment ago. @returns how many.
   */
  async revokeAllOf(
    caller: Caller,
    poolId: string,
    telling: { reason: RevokeReason },
    now: Date,
  ): Promise<number> {
    const active = sql`s.status <> 'revoked'`;
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
      await this.database.planFor(rows.length);
      const chosen = sql`s.id = ANY(${rows.map(({ id }) => id)}::uuid[]) AND ${which}`;
      return this.revoke(caller, sql`p.id = ${poolId}::uuid`, chosen, telling, now);
    });
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
}
