import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import {
  createInvitation,
  type Invitation,
  type IssuedInvitation,
  issueInvitation,
} from '../../invitations/invitation.js';
import type { Caller } from '../../platform/caller.js';
import { Clock } from '../../platform/clock.js';
import { Keys } from '../../platform/crypto.js';
import { Database } from '../../platform/database/database.js';
import { ApiError, CustomerNotFound, MemberNotFound, noSuch } from '../../platform/errors.js';
import { keyInSentence } from '../../platform/sentences.js';
import { Settings } from '../../platform/settings.js';
import { mapInSlices } from '../../platform/slices.js';
import { ContainersService, usablePool } from '../pool/containers.service.js';
import { free } from '../pool/pool.rules.js';
import { PoolsRepository } from '../pool/pools.repository.js';
import { type ContainerRef, queueOf } from '../seat.js';
import {
  BulkAssignmentFailed,
  InvalidSeatAssignmentRequest,
  MemberEmailMismatch,
  SeatAlreadyAssigned,
  SeatAlreadyRevoked,
  SeatNotAvailable,
} from '../seats.errors.js';
import { SeatsRepository } from '../seats.repository.js';
import type { Assignment, ContainerKeys, Recipient } from '../seats.rules.js';
import type { NewSeat, PoolRow, SeatRow } from '../seats.sql.js';
import { AssignRepository } from './assign.repository.js';
import { type Decision, getsNewSeat, judge, needsPeople, type Refusal } from './assign.rules.js';
import { RecipientsService } from './recipients.service.js';

/** A seat, and the invitation that was just made for it. Its token is shown only this once. */
export interface AssignedSeat {
  row: SeatRow;
  /** Null when no invitation was made. */
  invitation: IssuedInvitation | null;
}

/** An item of a bulk call that failed. */
export interface BulkFailure {
  /** The place of the item in the request, from 0. */
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

/** The ids of a seat that the demo chooses, so that the examples of the API description work there. */
export interface ChosenIds {
  seat: string;
  /** The id of the event of the assignment. */
  event?: string;
  /** The nonce of the invitation. With a key that everybody knows, it makes the token known too. */
  nonce?: string;
}

/** The outcome for one recipient. Null when an atomic call failed and wrote no seat. */
type Outcome = AssignedSeat | ApiError | null;

/** The outcomes of a call, and its pool afterwards. */
interface Assigned {
  outcomes: Outcome[];
  pool: PoolRow;
}

/** A seat to be written, and its invitation unless it is claimed at once. */
interface PreparedSeat {
  assignment: Assignment;
  seat: NewSeat;
  invitation: Invitation | null;
}

/**
 * Assigns seats: resolve the recipients, decide about each, write the seats. A single assignment by
 * e-mail first tries one statement that does all three. That statement is an optimization of the
 * same rule: it returns nothing unless the rule gives a new seat. A single assignment that writes
 * nothing is answered without the lock on the pool.
 */
@Injectable()
export class AssignService {
  constructor(
    private readonly assignments: AssignRepository,
    private readonly recipients: RecipientsService,
    private readonly containers: ContainersService,
    private readonly pools: PoolsRepository,
    private readonly seats: SeatsRepository,
    private readonly database: Database,
    private readonly keys: Keys,
    private readonly clock: Clock,
    private readonly settings: Settings,
  ) {}

  /**
   * Gives a free seat of a container to a person.
   * @throws ResourceNotFound, FeatureNotEnabled, SeatNotAvailable, CustomerNotFound or
   *   MemberNotFound, SeatAlreadyAssigned, in this order.
   */
  async assign(
    caller: Caller,
    container: ContainerKeys,
    assignment: Assignment,
  ): Promise<AssignedSeat> {
    const ref = await this.containers.resolve(caller, container);
    const assigned = await this.assignInOneStatement(caller, ref, assignment);
    if (assigned !== undefined) return assigned;
    const known = await this.answerWithoutLock(caller, ref, assignment);
    const { outcomes } = await this.noteIfExhausted(
      caller,
      known ?? (await this.lockAndAssign(caller, ref, [assignment], false)),
    );
    return onlyOf(outcomes);
  }

  /**
   * Gives a free seat to a person with an e-mail, under chosen ids. Only the demo calls this.
   * @throws {Error} when the container gives the person no seat, or the organization has no members.
   */
  async assignAs(
    caller: Caller,
    container: ContainerKeys,
    assignment: Assignment,
    ids: ChosenIds,
  ): Promise<AssignedSeat> {
    const ref = await this.containers.resolve(caller, container);
    const assigned = await this.assignInOneStatement(caller, ref, assignment, ids);
    if (assigned === undefined) throw new Error('The container gives this person no seat.');
    return assigned;
  }

  /**
   * Assigns to many people as if one after the other.
   * @throws {BulkAssignmentFailed} with `atomic`, when one item failed; then nothing is changed.
   */
  async assignMany(
    caller: Caller,
    container: ContainerKeys,
    assignments: Assignment[],
    { atomic }: { atomic: boolean },
  ): Promise<BulkResult> {
    const ref = await this.containers.resolve(caller, container);
    const { outcomes, pool } = await this.noteIfExhausted(
      caller,
      await this.assignInTransaction(caller, ref, assignments, atomic),
    );
    const failed = failuresOf(outcomes);
    if (atomic && failed.length > 0) throw bulkFailed(failed, assignments.length);
    return {
      seats: outcomes.flatMap((outcome) =>
        outcome === null || outcome instanceof ApiError ? [] : [outcome],
      ),
      failed,
      available_seats: free(pool),
      total_seats: pool.capacity,
    };
  }

  /**
   * Reassigns a seat to another person. The place is never free in between: the row passes
   * to the new person under a new id, and the old id stays behind as a revoked seat.
   * @param container of the seat.
   */
  async replace(
    caller: Caller,
    id: string,
    container: ContainerRef,
    assignment: Assignment,
  ): Promise<AssignedSeat> {
    return this.database.transaction(async () => {
      const pool = await this.containers.lockPool(caller, container);
      const seat = await this.seats.findSeat(caller.organizationId, id);
      if (seat === undefined) throw noSuch('seat', id);
      if (seat.status === 'revoked') throw new SeatAlreadyRevoked();
      if (!pool.active) throw notAvailable(pool);
      // The new person gets the place of the old seat.
      const decisions = await this.recipients.decide(caller, pool, [assignment], {
        places: 1,
        atomic: false,
      });
      const now = this.clock.now();
      const prepared = await this.prepare(pool, decisions, now);
      const [first] = prepared;
      const rows =
        first === undefined ? [] : await this.assignments.replaceSeat(caller, id, first.seat, now);
      return onlyOf(await this.outcomesOf(caller, pool, decisions, prepared, rows));
    }, queueOf(container));
  }

  /** The invitation of a seat as its caller may see it. */
  private issue(
    row: SeatRow,
    invitation: Invitation | null,
    claimUrlTemplate: string | null,
  ): IssuedInvitation | null {
    if (invitation === null) return null;
    const expiresAt = row.invitation_expires_at as Date;
    return issueInvitation(this.settings.publicUrl, claimUrlTemplate, invitation, expiresAt);
  }

  /** Undefined when the statement gave no seat. The caller then finds out the reason. */
  private async assignInOneStatement(
    caller: Caller,
    ref: ContainerRef,
    assignment: Assignment,
    { seat: id, event: eventId, nonce }: ChosenIds = { seat: randomUUID() },
  ): Promise<AssignedSeat | undefined> {
    const { recipient, ...options } = assignment;
    if (recipient.by !== 'email') return undefined;
    const invitation = options.immediateClaim ? null : createInvitation(this.keys, id, nonce);
    const now = this.clock.now();
    const chosen = { id, ...(eventId && { eventId }) };
    const seat = { ...chosen, email: recipient.email, invitation, ...options };
    const row = await this.assignments.assignByEmail(caller, ref, seat, now);
    if (row === undefined) return undefined;
    return { row, invitation: this.issue(row, invitation, row.claim_url_template) };
  }

  /**
   * The outcome for an assignment that writes nothing: the person has a seat, or is refused. One
   * statement reads the pool, the person and the seat at the same moment. The answer is the one of
   * an assignment that locked the pool at that moment, so the lock would change nothing.
   * @returns undefined when a seat or a person must be written. Only the lock can decide about it.
   */
  private async answerWithoutLock(
    caller: Caller,
    ref: ContainerRef,
    assignment: Assignment,
  ): Promise<Assigned | undefined> {
    const { recipient } = assignment;
    const found = await this.assignments.findPoolAndCandidate(caller, ref, recipient);
    const pool = usablePool(found, ref);
    if (!pool.active) return refuseAll(pool, [assignment]);
    const usesMembers = pool.member_model_enabled;
    const [decision] = judge(free(pool), usesMembers, [{ assignment, candidate: pool }]);
    const { verdict } = decision as Decision;
    if (verdict.outcome === 'refused')
      return { outcomes: [errorOf(verdict.refusal, pool, assignment.recipient)], pool };
    if (pool.seat === null || needsPeople(decision as Decision, usesMembers)) return undefined;
    return { outcomes: [{ row: pool.seat, invitation: null }], pool };
  }

  private async assignInTransaction(
    caller: Caller,
    ref: ContainerRef,
    assignments: Assignment[],
    atomic: boolean,
  ): Promise<Assigned> {
    // The pool is read without its lock first: callers of a full or closed pool must not queue.
    const seen = await this.containers.getPool(caller, ref);
    const mayReturnSeat = assignments.some(({ returnAssigned }) => returnAssigned);
    return seen.active && (free(seen) > 0 || mayReturnSeat)
      ? this.lockAndAssign(caller, ref, assignments, atomic)
      : refuseAll(seen, assignments);
  }

  /** Writes the event of a refusal because the pool is full. */
  private async noteIfExhausted(caller: Caller, result: Assigned): Promise<Assigned> {
    const isExhausted = result.outcomes.some((outcome) => outcome instanceof SeatNotAvailable);
    if (result.pool.active && isExhausted) {
      await this.database.afterwards(() =>
        this.pools.noteExhausted(caller, result.pool, this.clock.now()),
      );
    }
    return result;
  }

  private async lockAndAssign(
    caller: Caller,
    ref: ContainerRef,
    assignments: Assignment[],
    atomic: boolean,
  ): Promise<Assigned> {
    return this.database.transaction(async () => {
      await this.database.planFor(assignments.length);
      const pool = await this.containers.lockPool(caller, ref);
      if (!pool.active) return refuseAll(pool, assignments);
      const places = free(pool);
      const decisions = await this.recipients.decide(caller, pool, assignments, { places, atomic });
      const isRefused = atomic && decisions.some(({ verdict }) => verdict.outcome === 'refused');
      const now = this.clock.now();
      const prepared = isRefused ? [] : await this.prepare(pool, decisions, now);
      const seats = prepared.map(({ seat }) => seat);
      const rows =
        seats.length === 0 ? [] : await this.assignments.insertSeats(caller, pool.id, seats, now);
      const outcomes = await this.outcomesOf(caller, pool, decisions, prepared, rows);
      return { outcomes, pool: { ...pool, taken: pool.taken + rows.length } };
    }, queueOf(ref));
  }

  /** The rows of the new seats for the decisions that give one. */
  private prepare(pool: PoolRow, decisions: Decision[], now: Date): Promise<PreparedSeat[]> {
    const seated = decisions.filter(getsNewSeat);
    // Seats of the same time are listed by id, so ascending ids keep the order of the request.
    const ids = seated.map(() => randomUUID()).sort();
    return mapInSlices(seated, ({ assignment, candidate }, index) => {
      const id = ids[index] as string;
      const invitation = assignment.immediateClaim ? null : createInvitation(this.keys, id);
      const member = candidate.member as NonNullable<typeof candidate.member>;
      const seconds = assignment.expiresIn ?? pool.invitation_expires_in;
      const seat: NewSeat = {
        id,
        metadata: assignment.metadata,
        member_id: member.id,
        email: member.email,
        customer_id: pool.member_model_enabled
          ? pool.customer_id
          : (candidate.customer as { id: string }).id,
        status: invitation === null ? 'claimed' : 'pending',
        nonce: invitation?.nonce ?? null,
        hash: invitation?.hash ?? null,
        expires_at: invitation === null ? null : new Date(now.getTime() + seconds * 1000),
        claimed_at: invitation === null ? now : null,
        invites: invitation !== null && assignment.sendInvitation,
      };
      return { assignment, seat, invitation };
    });
  }

  /** The outcome of each decision, from the new seats and the existing ones. */
  private async outcomesOf(
    caller: Caller,
    pool: PoolRow,
    decisions: Decision[],
    prepared: PreparedSeat[],
    written: SeatRow[],
  ): Promise<Outcome[]> {
    const existing = decisions.flatMap(({ verdict }) =>
      verdict.outcome === 'existing_seat' ? [verdict.seatId] : [],
    );
    const found =
      existing.length === 0 ? [] : await this.seats.findSeats(caller.organizationId, existing);
    const rows = new Map([...written, ...found].map((row) => [row.seat_id, row]));
    const preparedOf = new Map(prepared.map((each) => [each.assignment, each]));
    return mapInSlices(decisions, ({ assignment, verdict }): Outcome => {
      if (verdict.outcome === 'refused')
        return errorOf(verdict.refusal, pool, assignment.recipient);
      if (verdict.outcome === 'existing_seat') {
        return { row: rows.get(verdict.seatId) as SeatRow, invitation: null };
      }
      const isEarlier = verdict.outcome === 'earlier_seat';
      const made = preparedOf.get(isEarlier ? verdict.earlier : assignment);
      if (made === undefined) return null;
      const row = rows.get(made.seat.id) as SeatRow;
      const invitation = isEarlier ? null : made.invitation;
      return { row, invitation: this.issue(row, invitation, pool.claim_url_template) };
    });
  }
}

function onlyOf(outcomes: Outcome[]): AssignedSeat {
  const [outcome] = outcomes;
  if (outcome instanceof ApiError) throw outcome;
  if (outcome === undefined || outcome === null)
    throw new Error('A single assignment always has an outcome.');
  return outcome;
}

function refuseAll(pool: PoolRow, assignments: Assignment[]): Assigned {
  return { outcomes: assignments.map((): Outcome => notAvailable(pool)), pool };
}

function errorOf(refusal: Refusal, pool: PoolRow, recipient: Recipient): ApiError {
  switch (refusal) {
    case 'SeatNotAvailable':
      return notAvailable(pool);
    case 'SeatAlreadyAssigned':
      return new SeatAlreadyAssigned(`This person already holds a seat of this ${kindOf(pool)}.`);
    case 'CustomerNotFound':
      return new CustomerNotFound(`There is no customer with ${keyInSentence(recipient)}.`);
    case 'MemberNotFound':
      return new MemberNotFound(`The buyer has no member with ${keyInSentence(recipient)}.`);
    case 'MemberEmailMismatch':
      return new MemberEmailMismatch();
    case 'InvalidSeatAssignmentRequest':
      return new InvalidSeatAssignmentRequest();
  }
}

function kindOf({ subscription_id }: PoolRow): string {
  return subscription_id === null ? 'order' : 'subscription';
}

/** 400: the pool is full, or its container cannot give seats. */
function notAvailable(pool: PoolRow): ApiError {
  const kind = kindOf(pool);
  return new SeatNotAvailable(
    pool.active
      ? `All ${pool.capacity} seats of this ${kind} are taken. Revoke a seat or buy more seats.`
      : `This ${kind} cannot give seats in its current status. Renew it, or use another one.`,
  );
}

function failuresOf(outcomes: Outcome[]): BulkFailure[] {
  return outcomes.flatMap((outcome, index) =>
    outcome instanceof ApiError ? [{ index, error: outcome.error, detail: outcome.detail }] : [],
  );
}

function bulkFailed(failed: BulkFailure[], total: number): ApiError {
  const detail = `Nothing was changed, because ${failed.length} of ${total} assignments failed: see failed.`;
  return new BulkAssignmentFailed(detail, { failed });
}
