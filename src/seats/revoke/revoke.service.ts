import { Injectable } from '@nestjs/common';
import type { Caller } from '../../platform/caller.js';
import { Clock } from '../../platform/clock.js';
import { Database } from '../../platform/database/database.js';
import { nameInSentence } from '../../platform/sentences.js';
import { ContainersService } from '../pool/containers.service.js';
import { free } from '../pool/pool.rules.js';
import { PoolsRepository } from '../pool/pools.repository.js';
import { containerOf, type ContainerRef, queueOf } from '../seat.js';
import { FeatureNotEnabled } from '../seats.errors.js';
import { SeatsRepository } from '../seats.repository.js';
import type { RevocationRequest } from '../seats.rules.js';
import type { PoolRow, SeatRow } from '../seats.sql.js';
import { RevokeRepository } from './revoke.repository.js';

export interface RevocationResult {
  /** The seats of the request; empty when all seats of a container were revoked. */
  seats: SeatRow[];
  /** Seats that were active before. */
  revoked_count: number;
  failed: { index: number; error: string; detail: string }[];
  /** Null when the seats belong to several containers, or to none. */
  available_seats: number | null;
  total_seats: number | null;
}

/** Revokes seats. A revoked seat stays revoked, and its place is free again. */
@Injectable()
export class RevokeService {
  constructor(
    private readonly revocations: RevokeRepository,
    private readonly seats: SeatsRepository,
    private readonly pools: PoolsRepository,
    private readonly containers: ContainersService,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** Idempotent: a second call emits no event. @param container of the seat. */
  async revoke(caller: Caller, id: string, container: ContainerRef): Promise<void> {
    await this.revocations.revokeSeat(caller, id, container, 'requested', this.clock.now());
  }

  /** Revokes many seats. An item that is not found does not affect the others. */
  async revokeMany(caller: Caller, request: RevocationRequest): Promise<RevocationResult> {
    if (request.seat_ids !== undefined) return this.revokeByIds(caller, request.seat_ids);
    const ref = await this.containers.resolve(caller, request);
    const pool = await this.containers.getPool(caller, ref);
    if (request.emails !== undefined) return this.revokeByEmails(caller, pool, request.emails);
    const now = this.clock.now();
    const count = await this.revocations.revokeAllOf(caller, pool, 'requested', now);
    const totals = await this.totalsOf(caller, [pool.id]);
    return { seats: [], revoked_count: count, failed: [], ...totals };
  }

  private revokeByIds(caller: Caller, ids: string[]): Promise<RevocationResult> {
    return this.database.transaction(async () => {
      await this.database.planFor(ids.length);
      const found = await this.seats.findSeats(caller.organizationId, ids);
      if (found.some((seat) => !seat.seats_enabled)) throw new FeatureNotEnabled();
      this.database.enterQueues(found.map((seat) => queueOf(containerOf(seat))));
      const pools = [...new Set(found.map((seat) => seat.pool_id))];
      const seatOf = new Map(found.map(({ seat_id: id }) => [id, id]));
      return this.revokeRequested(caller, pools, ids, seatOf);
    });
  }

  private revokeByEmails(
    caller: Caller,
    pool: PoolRow,
    emails: string[],
  ): Promise<RevocationResult> {
    return this.database.transaction(
      async () => {
        await this.database.planFor(emails.length);
        await this.containers.lockPool(caller, containerOf(pool));
        const found = await this.seats.lockSeatsByEmail(caller.organizationId, pool.id, emails);
        const seatOf = new Map(found.map((seat) => [seat.requested_email, seat.seat_id]));
        return this.revokeRequested(caller, [pool.id], emails, seatOf);
      },
      queueOf(containerOf(pool)),
    );
  }

  /**
   * Revokes the seat of each requested item.
   * @param requested ids or e-mails, in the order of the request.
   * @param seatOf seat id by requested item; an item that is missing there fails.
   */
  private async revokeRequested(
    caller: Caller,
    poolIds: string[],
    requested: string[],
    seatOf: Map<string, string>,
  ): Promise<RevocationResult> {
    const ids = [...new Set(seatOf.values())];
    const now = this.clock.now();
    const count = await this.revocations.revokeSeats(caller, poolIds, ids, 'requested', now);
    const rows = await this.seats.findSeats(caller.organizationId, ids);
    const rowOf = new Map(rows.map((row) => [row.seat_id, row]));
    const results = requested.map((item) => rowOf.get(seatOf.get(item) ?? ''));
    return {
      seats: results.filter((row) => row !== undefined),
      revoked_count: count,
      failed: results.flatMap((row, index) =>
        row === undefined ? [noSeat(index, requested[index] as string)] : [],
      ),
      ...(await this.totalsOf(caller, poolIds)),
    };
  }

  private async totalsOf(caller: Caller, poolIds: string[]) {
    const [id] = poolIds;
    if (id === undefined || poolIds.length > 1) return { available_seats: null, total_seats: null };
    const pool = await this.pools.countsOf(caller.organizationId, id);
    return { available_seats: free(pool), total_seats: pool.capacity };
  }
}

function noSeat(index: number, idOrEmail: string): RevocationResult['failed'][number] {
  const detail = `There is no seat with the id or e-mail ${nameInSentence(idOrEmail)}.`;
  return { index, error: 'ResourceNotFound', detail };
}
