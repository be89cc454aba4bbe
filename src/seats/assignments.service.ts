import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { createInvitation } from '../invitations/invitation.js';
import { Clock } from '../platform/clock.js';
import { Keys } from '../platform/crypto.js';
import { Database } from '../platform/database/database.js';
import { ApiError } from '../platform/errors.js';
import type { Caller } from '../platform/http/access.js';
import { Containers, type ContainerKeys } from './containers.js';
import { type ContainerRef, free } from './seat.js';
import { BulkAssignmentFailed, SeatAlreadyRevoked, SeatNotAvailable } from './seats.errors.js';
import { type NewSeat, type PoolRow } from './seats.rows.js';
import { PoolsRepository } from './pools.repository.js';
import { AssignmentsRepository } from './assignments.repository.js';
import type { Assignment } from './seating.js';
import { SeatsService } from './seats.service.js';
import {
  type AssignedSeat,
  notAvailable,
  type Outcome,
  SeatingService,
} from './seating.service.js';

/** An item of a bulk call that failed: its place in the request, and why. */
export interface BulkFailure {
  index: number;
  error: string;
  detail: string;
}

export interface BulkResult {
  seats: AssignedSeat[];
  failed: BulkFailure[];
  available_seats: number;
  total_seats: number;
}

/** Gives seats to people: one, many, or one in the place of another. */
@Injectable()
export class AssignmentsService {
  constructor(
    private readonly assigning: AssignmentsRepository,
    private readonly seating: SeatingService,
    private readonly pools: PoolsRepository,
    private readonly containers: Containers,
    private readonly service: SeatsService,
    private readonly database: Database,
    private readonly keys: Keys,
    private readonly clock: Clock,
  ) {}

  /**
   * Gives a free seat of a container to a person.
   * @throws ResourceNotFound, FeatureNotEnabled, SeatNotAvailable, CustomerNotFound or
   * MemberNotFound, SeatAlreadyAssigned: in this order.
   */
  async assign(
    caller: Caller,
    container: ContainerKeys,
    assignment: Assignment,
  ): Promise<AssignedSeat> {
    const ref = await this.containers.find(caller, container);
    const assigned = await this.assignInOneStatement(caller, ref, assignment);
    if (assigned !== undefined) return assigned;
    const { outcomes } = await this.assignInOrder(caller, ref, [assignment]);
    const [outcome] = outcomes;
    if (outcome instanceof ApiError) throw outcome;
    return outcome as AssignedSeat;
  }

  /**
   * Assigns to many people, as if one after the other. Partial: who fails is in `failed`.
   * @throws {BulkAssignmentFailed} atomic, and somebody failed; then nothing is changed.
   */
  async assignMany(
    caller: Caller,
    container: ContainerKeys,
    assignments: Assignment[],
    { atomic }: { atomic: boolean },
  ): Promise<BulkResult> {
    const ref = await this.containers.find(caller, container);
    const { outcomes, pool } = await this.assignInOrder(caller, ref, assignments, { atomic });
    return {
      seats: outcomes.filter((outcome) => !(outcome instanceof ApiError)) as AssignedSeat[],
      failed: failuresOf(outcomes),
      available_seats: free(pool),
      total_seats: pool.capacity,
    };
  }

  /**
   * Puts another person on a seat's place. The place is never free in between: its row passes to
   * the new person under a new id, and the old id stays behind as a revoked seat.
   */
  async replace(caller: Caller, id: string, assignment: Assignment): Promise<AssignedSeat> {
    const seen = await this.service.find(caller, id);
    return this.database.transaction(async () => {
      const ref = this.containers.refOf(seen);
      const pool = this.containers.open(await this.containers.lock(caller, ref));
      const seat = await this.service.find(caller, id);
      if (seat.status === 'revoked') throw new SeatAlreadyRevoked();
      if (!pool.active) throw notAvailable(pool);
      // The place is there: it is the one of the seat that goes.
      const [outcome] = await this.seating.seat(caller, pool, [assignment], {
        places: 1,
        atomic: false,
        write: ([chosen], now) => this.assigning.replaceSeat(caller, id, chosen as NewSeat, now),
      });
      if (outcome instanceof ApiError) throw outcome;
      return outcome as AssignedSeat;
    });
  }

  /** The common case, a person by e-mail, in one round trip; undefined when that did not work out. */
  private async assignInOneStatement(
    caller: Caller,
    ref: ContainerRef,
    assignment: Assignment,
  ): Promise<AssignedSeat | undefined> {
    const { recipient, metadata, immediateClaim, sendInvitation, expiresIn } = assignment;
    if (recipient.by !== 'email') return undefined;
    const seatId = randomUUID();
    const invitation = immediateClaim ? null : createInvitation(this.keys, seatId);
    const row = await this.assigning.assignByEmail(
      caller,
      ref,
      {
        seatId,
        email: recipient.email as string,
        metadata,
        invitation: invitation && { ...invitation, expiresIn },
        invites: invitation !== null && sendInvitation,
      },
      this.clock.now(),
    );
    if (row === undefined) return undefined;
    return { row, invitation: this.seating.issue(row, invitation, row.claim_url_template) };
  }

  /**
   * Assigns to any number of people as if one after the other, and says of each what came of it.
   */
  private async assignInOrder(
    caller: Caller,
    ref: ContainerRef,
    assignments: Assignment[],
    { atomic = false } = {},
  ): Promise<{ outcomes: Outcome[]; pool: PoolRow }> {
    const result = await this.lockAndAssign(caller, ref, assignments, atomic);
    const { outcomes, pool } = result;
    if (pool.active && outcomes.some((outcome) => outcome instanceof SeatNotAvailable)) {
      await this.database.afterwards(() =>
        this.pools.noteExhausted(caller, pool, this.clock.now()),
      );
    }
    const failed = failuresOf(outcomes);
    if (atomic && failed.length > 0) throw bulkFailed(failed, assignments.length);
    return result;
  }

  private async lockAndAssign(
    caller: Caller,
    ref: ContainerRef,
    assignments: Assignment[],
    atomic: boolean,
  ): Promise<{ outcomes: Outcome[]; pool: PoolRow }> {
    // Without the lock first: a full pool, or one that is closed, must not queue up its callers.
    const seen = this.containers.open(await this.pools.findPool(caller.organizationId, ref));
    const returning = assignments.some((assignment) => assignment.returnSeated);
    const refuseAll = (pool: PoolRow) => ({
      outcomes: assignments.map(() => notAvailable(pool)),
      pool,
    });
    if (!seen.active || (free(seen) === 0 && !returning)) return refuseAll(seen);
    return this.database.transaction(async () => {
      await this.database.planFor(assignments.length);
      const pool = this.containers.open(await this.containers.lock(caller, ref));
      if (!pool.active) return refuseAll(pool);
      let { taken } = pool;
      const outcomes = await this.seating.seat(caller, pool, assignments, {
        places: free(pool),
        atomic,
        write: async (seats, now) => {
          taken += seats.length;
          return this.assigning.insertSeats(caller, pool.id, seats, now);
        },
      });
      return { outcomes, pool: { ...pool, taken } };
    });
  }
}

function failuresOf(outcomes: Outcome[]): BulkFailure[] {
  return outcomes.flatMap((outcome, index) =>
    outcome instanceof ApiError ? [{ index, error: outcome.error, detail: outcome.detail }] : [],
  );
}

function bulkFailed(failed: BulkFailure[], total: number): ApiError {
  const detail = `${failed.length} of ${total} assignments failed, so nothing was changed.`;
  return new BulkAssignmentFailed(detail, { failed });
}
