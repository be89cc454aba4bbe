import { Injectable } from '@nestjs/common';
import { createInvitation, issueInvitation } from '../invitations/invitation.js';
import { Clock } from '../platform/clock.js';
import { Settings } from '../platform/config.js';
import { Keys } from '../platform/crypto.js';
import { Database, sql } from '../platform/database/database.js';
import { BadRequest, ResourceNotFound, TooManyRequests } from '../platform/errors.js';
import type { Caller } from '../platform/http/access.js';
import { decodeCursor, encodeCursor, TIME_KEY, UUID_KEY } from '../platform/http/cursor.js';
import type { AssignedSeat } from './seating.service.js';
import { type ContainerKeys, Containers } from './containers.js';
import { free, type SeatStatus } from './seat.js';
import { FeatureNotEnabled, SeatNotPending } from './seats.errors.js';
import { type PoolRow, type SeatRow, type SeatWithOrganization } from './seats.rows.js';
import { PoolsRepository } from './pools.repository.js';
import { RevocationsRepository } from './revocations.repository.js';
import { SeatsRepository } from './seats.repository.js';

/** Which seats of a container to list. */
export interface SeatFilters {
  status?: SeatStatus[];
  email?: string;
  member_id?: string;
  customer_id?: string;
  /** Undefined: the whole list, as old clients expect it, up to 10,000. */
  limit?: number;
  cursor?: string;
}

/** The seats of a container, and how full it is. */
export interface SeatList {
  seats: SeatRow[];
  available_seats: number;
  total_seats: number;
  /** Undefined: the list is whole, and nobody asked. */
  next_cursor: string | null | undefined;
}

/** Which seats to revoke: by their ids, or in a container by e-mail, or all of it. */
export interface Revocation {
  container?: ContainerKeys;
  seat_ids?: string[];
  emails?: string[];
  all?: boolean;
}

export interface RevocationResult {
  seats: SeatRow[];
  revoked_count: number;
  failed: { index: number; error: string; detail: string }[];
  /** Null: the seats were of several containers, or of none. */
  available_seats: number | null;
  total_seats: number | null;
}

const LIST_LIMIT = 10_000;
const CURSOR = [TIME_KEY, UUID_KEY];

/** What can be done with seats that are there. Every verb is one statement or one transaction. */
@Injectable()
export class SeatsService {
  constructor(
    private readonly seats: SeatsRepository,
    private readonly pools: PoolsRepository,
    private readonly revocations: RevocationsRepository,
    private readonly containers: Containers,
    private readonly database: Database,
    private readonly keys: Keys,
    private readonly clock: Clock,
    private readonly settings: Settings,
  ) {}

  /** @throws {ResourceNotFound}; {FeatureNotEnabled}. */
  async find(caller: Caller, id: string): Promise<SeatWithOrganization> {
    const seat = await this.seats.findSeat(caller.organizationId, id);
    if (seat === undefined) throw new ResourceNotFound('There is no such seat.');
    if (!seat.seats_enabled) throw new FeatureNotEnabled();
    return seat;
  }

  /**
   * The totals do not depend on the filters. Filters by person find active seats only: a revoked
   * seat names nobody.
   * @throws {BadRequest} no container named; {ResourceNotFound}; {FeatureNotEnabled}.
   */
  async list(caller: Caller, keys: ContainerKeys, filters: SeatFilters = {}): Promise<SeatList> {
    const { subscription_id, order_id, checkout_id } = keys;
    if ((subscription_id ?? order_id ?? checkout_id) === undefined) throw new BadRequest();
    const after = filters.cursor === undefined ? undefined : decodeCursor(filters.cursor, CURSOR);
    const pool = await this.openPool(caller, keys);
    const limit = filters.limit ?? LIST_LIMIT;
    const page = { after, limit: limit + 1 };
    const rows = await this.seats.listSeats(caller.organizationId, pool.id, filters, page);
    const seats = rows.slice(0, limit);
    const last = rows.length > limit ? seats.at(-1) : undefined;
    const next = last && encodeCursor([new Date(last.created_at).toISOString(), last.seat_id]);
    return {
      seats,
      total_seats: pool.capacity,
      available_seats: free(pool),
      next_cursor: next ?? (filters.limit === undefined ? undefined : null),
    };
  }

  /** Replaces the metadata. The same metadata changes nothing and tells nobody. */
  async changeMetadata(
    caller: Caller,
    id: string,
    metadata: Record<string, unknown> | undefined,
  ): Promise<SeatRow> {
    const seat = await this.find(caller, id);
    if (metadata === undefined) return seat;
    await this.seats.changeMetadata(caller, id, metadata, this.clock.now());
    return this.find(caller, id);
  }

  /** Frees the seat. A second call changes nothing, tells nobody and gives the same answer. */
  async revoke(caller: Caller, id: string): Promise<SeatRow> {
    await this.find(caller, id);
    await this.revocations.revokeSeat(caller, id, 'requested', this.clock.now());
    return this.find(caller, id);
  }

  /** Frees many seats. Who is not there fails alone. */
  async revokeMany(caller: Caller, revocation: Revocation): Promise<RevocationResult> {
    if (revocation.seat_ids !== undefined) return this.revokeByIds(caller, revocation.seat_ids);
    const pool = await this.openPool(caller, revocation.container as ContainerKeys);
    if (revocation.emails !== undefined) {
      return this.revokeByEmails(caller, pool, revocation.emails);
    }
    const now = this.clock.now();
    const count = await this.revocations.revokeAllOf(caller, pool.id, { reason: 'requested' }, now);
    const totals = await this.totalsOf(caller, [pool.id]);
    return { seats: [], revoked_count: count, failed: [], ...totals };
  }

  /**
   * Renews the invitation: a new token, a new expiry, a new mail; the old link is dead.
   * @throws {SeatNotPending}; {TooManyRequests} less than RESEND_INTERVAL after the last resend.
   */
  async resend(caller: Caller, id: string): Promise<AssignedSeat> {
    const seat = await this.find(caller, id);
    if (seat.status !== 'pending') throw notPending(seat);
    const now = this.clock.now();
    const interval = this.settings.resendInterval * 1000;
    const notSince = new Date(now.getTime() - interval);
    const invitation = createInvitation(this.keys, id);
    const row = await this.seats.renewInvitation(caller, id, invitation, notSince, now);
    if (row !== undefined) {
      const { publicUrl } = this.settings;
      const expiresAt = row.invitation_expires_at as Date;
      const issued = issueInvitation(publicUrl, seat.claim_url_template, invitation, expiresAt);
      return { row, invitation: issued };
    }
    const resentAt = await this.seats.resentAt(caller.organizationId, id);
    if (resentAt !== null && resentAt > notSince) {
      throw new TooManyRequests((resentAt.getTime() + interval - now.getTime()) / 1000);
    }
    throw notPending(await this.find(caller, id));
  }

  private async openPool(caller: Caller, keys: ContainerKeys): Promise<PoolRow> {
    const ref = await this.containers.find(caller, keys);
    return this.containers.open(await this.pools.findPool(caller.organizationId, ref));
  }

  private revokeByIds(caller: Caller, ids: string[]): Promise<RevocationResult> {
    return this.database.transaction(async () => {
      await this.database.planFor(ids.length);
      const found = await this.seats.findSeats(caller.organizationId, ids);
      if (found.some((seat) => !seat.seats_enabled)) throw new FeatureNotEnabled();
      const pools = [...new Set(found.map((seat) => seat.pool_id))];
      const seatOf = new Map(found.map(({ seat_id: id }) => [id, id]));
      return this.revokeThese(caller, pools, ids, seatOf);
    });
  }

  private revokeByEmails(
    caller: Caller,
    pool: PoolRow,
    emails: string[],
  ): Promise<RevocationResult> {
    return this.database.transaction(async () => {
      await this.database.planFor(emails.length);
      const found = await this.seats.findSeatsByEmail(caller.organizationId, pool.id, emails);
      const seatOf = new Map(found.map((seat) => [seat.asked, seat.seat_id]));
      return this.revokeThese(caller, [pool.id], emails, seatOf);
    });
  }

  /** Revokes the seats that `seatOf` gives for what was asked for; the others fail, each alone. */
  private async revokeThese(
    caller: Caller,
    pools: string[],
    asked: string[],
    seatOf: Map<string, string>,
  ): Promise<RevocationResult> {
    const ids = [...new Set(seatOf.values())];
    const revoked = await this.revocations.revoke(
      caller,
      sql`p.id = ANY(${pools}::uuid[])`,
      sql`s.id = ANY(${ids}::uuid[])`,
      { reason: 'requested' },
      this.clock.now(),
    );
    const rows = await this.seats.findSeats(caller.organizationId, ids);
    const rowOf = new Map(rows.map((row) => [row.seat_id, row]));
    const results = asked.map((item) => rowOf.get(seatOf.get(item) ?? ''));
    return {
      seats: results.filter((row) => row !== undefined),
      revoked_count: revoked,
      failed: results.flatMap((row, index) =>
        row === undefined
          ? [{ index, error: 'ResourceNotFound', detail: 'There is no such seat.' }]
          : [],
      ),
      ...(await this.totalsOf(caller, pools)),
    };
  }

  private async totalsOf(caller: Caller, pools: string[]) {
    const [id] = pools;
    if (id === undefined || pools.length > 1) return { available_seats: null, total_seats: null };
    const { organizationId: organization_id } = caller;
    const pool = await this.database.db.pools.findUniqueOrThrow({
      where: { organization_id_id: { organization_id, id } },
    });
    return { available_seats: free(pool), total_seats: pool.capacity };
  }
}

function notPending(seat: SeatRow) {
  return new SeatNotPending(
    `Only the invitation of a pending seat can be sent again; this seat is ${seat.status}.`,
  );
}
