import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import {
  createInvitation,
  type Invitation,
  type IssuedInvitation,
  issueInvitation,
} from '../invitations/invitation.js';
import { Clock } from '../platform/clock.js';
import { Settings } from '../platform/config.js';
import { Keys } from '../platform/crypto.js';
import { Database } from '../platform/database/database.js';
import { ApiError } from '../platform/errors.js';
import type { Caller } from '../platform/http/access.js';
import { Containers, type ContainerKeys } from './containers.js';
import {
  type Candidate,
  type ContainerRef,
  free,
  judge,
  type Recipient,
  type Refusal,
  type Verdict,
} from './seat.js';
import {
  BulkAssignmentFailed,
  CustomerNotFound,
  InvalidSeatAssignmentRequest,
  MemberEmailMismatch,
  MemberNotFound,
  SeatAlreadyAssigned,
  SeatAlreadyRevoked,
  SeatNotAvailable,
} from './seats.errors.js';
import { type NewSeat, type PoolRow, type SeatRow } from './seats.rows.js';
import { PoolsRepository } from './pools.repository.js';
import { AssignmentsRepository } from './assignments.repository.js';
import { SeatsRepository } from './seats.repository.js';
import { SeatsService } from './seats.service.js';

/** One person to be seated, and how. */
export interface Assignment {
  recipient: Recipient;
  metadata: Record<string, unknown>;
  /** Claimed at once: no invitation, no expiry, no mail. */
  immediateClaim: boolean;
  /** Whether a pending seat's invitation is mailed. */
  sendInvitation: boolean;
  /** Seconds; null is the organization's default. */
  expiresIn: number | null;
  /** A person who is seated already gets the seat they have, instead of an error. */
  returnSeated: boolean;
}

/** A seat, and the invitation that was just made for it: the only moment its token is known. */
export interface AssignedSeat {
  row: SeatRow;
  invitation: IssuedInvitation | null;
}

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

// Undefined: would have got a seat, had not another one of an atomic call failed.
type Outcome = AssignedSeat | ApiError | undefined;

const REFUSALS: Record<Exclude<Refusal, 'SeatNotAvailable'>, new () => ApiError> = {
  SeatAlreadyAssigned,
  MemberNotFound,
  MemberEmailMismatch,
  CustomerNotFound,
  InvalidSeatAssignmentRequest,
};

/** Gives seats to people: one, many, or one in the place of another. */
@Injectable()
export class AssignmentsService {
  constructor(
    private readonly assigning: AssignmentsRepository,
    private readonly seats: SeatsRepository,
    private readonly pools: PoolsRepository,
    private readonly containers: Containers,
    private readonly service: SeatsService,
    private readonly database: Database,
    private readonly keys: Keys,
    private readonly clock: Clock,
    private readonly settings: Settings,
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
      const { outcomes } = await this.assignToLocked(caller, pool, [assignment], 1, (chosen, now) =>
        this.assigning.replaceSeat(caller, id, chosen[0] as NewSeat, now),
      );
      const [outcome] = outcomes;
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
    return { row, invitation: this.issued(row, invitation, row.claim_url_template) };
  }

  /**
   * Assigns to any number of people as if one after the other, and says of each what came of it:
   * the rule in full, for every kind of recipient. The pool is locked from the first look to the
   * last write, so that nothing changes between the verdict and the deed.
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
    if (places(seen) === 0 && !returning) {
      return { outcomes: assignments.map(() => notAvailable(seen)), pool: seen };
    }
    return this.database.transaction(async () => {
      await this.database.planFor(assignments.length);
      const pool = this.containers.open(await this.containers.lock(caller, ref));
      return this.assignToLocked(
        caller,
        pool,
        assignments,
        places(pool),
        (chosen, now) => this.assigning.insertSeats(caller, pool.id, chosen, now),
        atomic,
      );
    });
  }

  private async assignToLocked(
    caller: Caller,
    pool: PoolRow,
    assignments: Assignment[],
    available: number,
    write: (chosen: NewSeat[], now: Date) => Promise<SeatRow[]>,
    atomic = false,
  ): Promise<{ outcomes: Outcome[]; pool: PoolRow }> {
    const recipients = assignments.map((assignment) => assignment.recipient);
    const { organizationId } = caller;
    if (recipients.some(mayLink)) await this.assigning.lockLinking(pool.customer_id);
    const candidates = await this.assigning.findCandidates(organizationId, pool, recipients);
    const verdicts = judge(
      available,
      pool.member_model_enabled,
      assignments.map(({ recipient, returnSeated }, index) => {
        return { recipient, returnSeated, candidate: candidates[index] as Candidate };
      }),
    );
    const refused = verdicts.map((verdict) =>
      verdict.outcome === 'refused' ? errorOf(verdict.refusal, pool) : undefined,
    );
    if (atomic && refused.some((error) => error !== undefined)) return { outcomes: refused, pool };
    const winners = verdicts.flatMap(({ outcome }, index) => (outcome === 'seat' ? [index] : []));
    const now = this.clock.now();
    // Others create, change and delete people meanwhile: what comes out is judged from the start.
    const again = () => this.assignToLocked(caller, pool, assignments, available, write, atomic);
    if (await this.createPeople(caller, pool, recipients, candidates, winners, now)) return again();
    const chosen = winners.map((index) =>
      this.newSeat(pool, candidates[index] as Candidate, assignments[index] as Assignment, now),
    );
    const seats = chosen.map(({ seat }) => seat);
    if (!(await this.assigning.lockMembers(organizationId, seats))) return again();
    const written = seats.length > 0 ? await write(seats, now) : [];
    const rows = new Map(written.map((row) => [row.seat_id, row]));
    const assigned = new Map(
      winners.map((index, nth) => {
        const { seat, invitation } = chosen[nth] as (typeof chosen)[number];
        const row = rows.get(seat.id) as SeatRow;
        const issued = this.issued(row, invitation, pool.claim_url_template);
        return [index, { row, invitation: issued }] as const;
      }),
    );
    const seated = await this.seatedRows(caller, verdicts);
    const outcomes = verdicts.map((verdict, index): Outcome => {
      if (verdict.outcome === 'refused') return refused[index];
      if (verdict.outcome === 'seat') return assigned.get(index);
      return { row: seated.get(verdict.seatId) as SeatRow, invitation: null };
    });
    return { outcomes, pool: { ...pool, taken: pool.taken + written.length } };
  }

  private async seatedRows(caller: Caller, verdicts: Verdict[]): Promise<Map<string, SeatRow>> {
    const ids = verdicts.flatMap((verdict) =>
      verdict.outcome === 'seated' ? [verdict.seatId] : [],
    );
    const rows = ids.length > 0 ? await this.seats.findSeats(caller.organizationId, ids) : [];
    return new Map(rows.map((row) => [row.seat_id, row]));
  }

  /** Creates who does not exist yet among the winners; false when everybody does. */
  private async createPeople(
    caller: Caller,
    pool: PoolRow,
    recipients: Recipient[],
    candidates: Candidate[],
    winners: number[],
    now: Date,
  ): Promise<boolean> {
    const named = new Set<string>();
    const people = winners
      .map((index) => ({
        recipient: recipients[index] as Recipient,
        candidate: candidates[index] as Candidate,
      }))
      // An external id is the first one's who came with it; the next one is judged again.
      .filter(({ recipient: { by, external_id: name } }) => {
        if (by !== 'external_member' || name === undefined) return true;
        return !named.has(name) && named.add(name);
      });
    const customers = pool.member_model_enabled
      ? []
      : people.filter(({ candidate }) => candidate.customer === null);
    const members = people.filter(
      ({ recipient, candidate }) =>
        candidate.member === null ||
        (recipient.by === 'external_member' && candidate.member.external_id === null),
    );
    const { organizationId } = caller;
    if (customers.length > 0) {
      const emails = customers.map(({ recipient, candidate }) => emailOf(recipient, candidate));
      await this.assigning.createCustomers(organizationId, emails, now);
    }
    if (members.length > 0) {
      const rows = members.map(({ recipient, candidate }) => ({
        email: emailOf(recipient, candidate),
        name: candidate.customer?.name ?? null,
        external_id: recipient.by === 'external_member' ? (recipient.external_id ?? null) : null,
      }));
      await this.assigning.createMembers(organizationId, pool.customer_id, rows, now);
    }
    return customers.length > 0 || members.length > 0;
  }

  private newSeat(
    pool: PoolRow,
    candidate: Candidate,
    assignment: Assignment,
    now: Date,
  ): { seat: NewSeat; invitation: Invitation | null } {
    const id = randomUUID();
    const member = candidate.member as NonNullable<Candidate['member']>;
    const person = {
      id,
      metadata: assignment.metadata,
      member_id: member.id,
      email: member.email,
      customer_id: pool.member_model_enabled
        ? pool.customer_id
        : (candidate.customer?.id as string),
    };
    if (assignment.immediateClaim) {
      const none = { nonce: null, hash: null, expires_at: null, invites: false };
      return { seat: { ...person, ...none, status: 'claimed', claimed_at: now }, invitation: null };
    }
    const invitation = createInvitation(this.keys, id);
    const seconds = assignment.expiresIn ?? pool.invitation_expires_in;
    return {
      seat: {
        ...person,
        status: 'pending',
        nonce: invitation.nonce,
        hash: invitation.hash,
        expires_at: new Date(now.getTime() + seconds * 1000),
        claimed_at: null,
        invites: assignment.sendInvitation,
      },
      invitation,
    };
  }

  private issued(
    row: SeatRow,
    invitation: Invitation | null,
    template: string | null,
  ): IssuedInvitation | null {
    if (invitation === null) return null;
    const expiresAt = row.invitation_expires_at as Date;
    return issueInvitation(this.settings.publicUrl, template, invitation, expiresAt);
  }
}

/** Seats that can be given right now: none while the container's status forbids it. */
function places(pool: PoolRow): number {
  return pool.active ? free(pool) : 0;
}

function errorOf(refusal: Refusal, pool: PoolRow): ApiError {
  return refusal === 'SeatNotAvailable' ? notAvailable(pool) : new REFUSALS[refusal]();
}

function notAvailable(pool: PoolRow): ApiError {
  const kind = pool.subscription_id === null ? 'order' : 'subscription';
  return new SeatNotAvailable(
    pool.active
      ? `All ${pool.capacity} seats of this ${kind} are taken.`
      : `This ${kind} cannot give seats in its current status.`,
  );
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

/** Whether an existing member may get an external id, or a new one come with it. */
function mayLink(recipient: Recipient): boolean {
  return recipient.by === 'external_member' && recipient.email !== undefined;
}

function emailOf(recipient: Recipient, candidate: Candidate): string {
  return (candidate.customer?.email ?? candidate.member?.email ?? recipient.email) as string;
}
