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
import { ApiError, ServiceUnavailable } from '../platform/errors.js';
import type { Caller } from '../platform/http/access.js';
import { PoolsRepository } from './pools.repository.js';
import { AssignmentsRepository } from './assignments.repository.js';
import { type Candidate, judge, type Refusal, type Verdict } from './seat.js';
import {
  type Assignment,
  emailOf,
  externalIdOf,
  isByCustomer,
  isChosen,
  type Item,
  lacks,
  lacksCustomer,
  lacksMember,
  mayLink,
} from './seating.js';
import {
  CustomerNotFound,
  InvalidSeatAssignmentRequest,
  MemberEmailMismatch,
  MemberNotFound,
  SeatAlreadyAssigned,
  SeatNotAvailable,
} from './seats.errors.js';
import type { NewSeat, PoolRow, SeatRow } from './seats.rows.js';
import { SeatsRepository } from './seats.repository.js';

/** A seat, and the invitation that was just made for it: the only moment its token is known. */
export interface AssignedSeat {
  row: SeatRow;
  invitation: IssuedInvitation | null;
}

/** Undefined: would have got a seat, had not another one of an atomic call failed. */
export type Outcome = AssignedSeat | ApiError | undefined;

/** How people are seated. */
export interface Plan {
  /** Places that can be given. */
  places: number;
  /** Whether nobody gets a seat when one of them cannot. */
  atomic: boolean;
  /** Writes the new seats and their events. */
  write: (seats: NewSeat[], now: Date) => Promise<SeatRow[]>;
}

// More often than that nobody gets in between, unless something is wrong.
const ATTEMPTS = 10;

const REFUSALS: Record<Exclude<Refusal, 'SeatNotAvailable'>, new () => ApiError> = {
  SeatAlreadyAssigned,
  MemberNotFound,
  MemberEmailMismatch,
  CustomerNotFound,
  InvalidSeatAssignmentRequest,
};

/** The rule of assigning in full: any number of people, named in any way. */
@Injectable()
export class SeatingService {
  constructor(
    private readonly assigning: AssignmentsRepository,
    private readonly pools: PoolsRepository,
    private readonly seats: SeatsRepository,
    private readonly keys: Keys,
    private readonly clock: Clock,
    private readonly settings: Settings,
  ) {}

  /**
   * Seats people as if one after the other, and says of each what came of it. The caller's
   * transaction has locked the pool, so that nothing changes between the verdict and the deed; but
   * for the people, whom others create, change and delete: then all is judged from the start.
   */
  async seat(
    caller: Caller,
    pool: PoolRow,
    assignments: Assignment[],
    plan: Plan,
  ): Promise<Outcome[]> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const outcomes = await this.trySeat(caller, pool, assignments, plan);
      if (outcomes !== undefined) return outcomes;
    }
    throw new ServiceUnavailable();
  }

  /** Undefined: others have created, changed or deleted these people meanwhile. */
  private async trySeat(
    caller: Caller,
    pool: PoolRow,
    assignments: Assignment[],
    plan: Plan,
  ): Promise<Outcome[] | undefined> {
    const items = await this.judged(caller, pool, assignments, plan.places);
    const refused = items.map(({ verdict }) => errorOf(verdict, pool));
    if (plan.atomic && refused.some((error) => error !== undefined)) return refused;

    const now = this.clock.now();
    let chosen = items.filter(isChosen);
    const lacking = items.filter((item) => lacks(item, pool));
    if (lacking.length > 0) {
      await this.createPeople(caller, pool, lacking, now);
      // Only those who get a seat: the others were refused for what was true when it was their turn.
      const those = chosen.map(({ assignment }) => assignment);
      chosen = (await this.judged(caller, pool, those, those.length)).filter(isChosen);
      if (chosen.length < those.length || chosen.some((item) => lacks(item, pool)))
        return undefined;
    }
    const made = chosen.map((item) => this.newSeat(pool, item, now));
    const seats = made.map(({ seat }) => seat);
    if (!(await this.lockPeople(caller, chosen))) return undefined;

    const written = byId(seats.length > 0 ? await plan.write(seats, now) : []);
    const assigned = new Map(
      made.map(({ item, seat, invitation }) => {
        const row = written.get(seat.id) as SeatRow;
        const issued = this.issue(row, invitation, pool.claim_url_template);
        return [item.assignment, { row, invitation: issued }];
      }),
    );
    const seated = await this.seatedRows(caller, items);
    return items.map(({ assignment, verdict }, index): Outcome => {
      if (verdict.outcome !== 'seated') return assigned.get(assignment) ?? refused[index];
      return { row: seated.get(verdict.seatId) as SeatRow, invitation: null };
    });
  }

  /** What the person gets who is invited to this seat. */
  issue(
    row: SeatRow,
    invitation: Invitation | null,
    template: string | null,
  ): IssuedInvitation | null {
    if (invitation === null) return null;
    const expiresAt = row.invitation_expires_at as Date;
    return issueInvitation(this.settings.publicUrl, template, invitation, expiresAt);
  }

  private async judged(
    caller: Caller,
    pool: PoolRow,
    assignments: Assignment[],
    places: number,
  ): Promise<Item[]> {
    const recipients = assignments.map(({ recipient }) => recipient);
    if (recipients.some(mayLink)) await this.pools.lockLinking(pool.customer_id);
    const { organizationId } = caller;
    const candidates = await this.assigning.findCandidates(organizationId, pool, recipients);
    const known = assignments.map((assignment, index) => ({
      assignment,
      candidate: candidates[index] as Candidate,
    }));
    const verdicts = judge(
      places,
      pool.member_model_enabled,
      known.map(({ assignment: { recipient, returnSeated }, candidate }) => {
        return { recipient, returnSeated, candidate };
      }),
    );
    return known.map((item, index) => ({ ...item, verdict: verdicts[index] as Verdict }));
  }

  private async seatedRows(caller: Caller, items: Item[]): Promise<Map<string, SeatRow>> {
    const ids = items.flatMap(({ verdict }) =>
      verdict.outcome === 'seated' ? [verdict.seatId] : [],
    );
    return byId(ids.length > 0 ? await this.seats.findSeats(caller.organizationId, ids) : []);
  }

  /** Creates who does not exist yet, and gives people the external ids by which they are named. */
  private async createPeople(
    caller: Caller,
    pool: PoolRow,
    people: Item[],
    now: Date,
  ): Promise<void> {
    const { organizationId } = caller;
    const customers = people.filter((item) => lacksCustomer(item, pool));
    if (customers.length > 0) {
      await this.assigning.createCustomers(organizationId, customers.map(emailOf), now);
    }
    const rows = people.filter(lacksMember).map((item) => ({
      email: emailOf(item),
      // Who is only known by the e-mail may be a stranger to the buyer.
      name: isByCustomer(item) ? (item.candidate.customer?.name ?? null) : null,
      external_id: externalIdOf(item) ?? null,
    }));
    if (rows.length > 0) {
      await this.assigning.createMembers(organizationId, pool.customer_id, rows, now);
    }
  }

  /**
   * Keeps these people from being deleted or changed until the end of the transaction; false when
   * one of them is gone, or has another e-mail, since they were looked up. Customers before members,
   * as who changes a customer locks them.
   */
  private async lockPeople({ organizationId }: Caller, people: Item[]): Promise<boolean> {
    const customers = people.flatMap(({ candidate }) => candidate.customer ?? []);
    const members = people.flatMap(({ candidate }) => candidate.member ?? []);
    return (
      (await this.assigning.lockPeople('customers', organizationId, customers)) &&
      (await this.assigning.lockPeople('members', organizationId, members))
    );
  }

  private newSeat(
    pool: PoolRow,
    item: Item,
    now: Date,
  ): { item: Item; seat: NewSeat; invitation: Invitation | null } {
    const { assignment, candidate } = item;
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
      const seat: NewSeat = { ...person, ...none, status: 'claimed', claimed_at: now };
      return { item, seat, invitation: null };
    }
    const invitation = createInvitation(this.keys, id);
    const seconds = assignment.expiresIn ?? pool.invitation_expires_in;
    const seat: NewSeat = {
      ...person,
      status: 'pending',
      nonce: invitation.nonce,
      hash: invitation.hash,
      expires_at: new Date(now.getTime() + seconds * 1000),
      claimed_at: null,
      invites: assignment.sendInvitation,
    };
    return { item, seat, invitation };
  }
}

/** 400: the pool is full, or its container gives no seats. */
export function notAvailable(pool: PoolRow): ApiError {
  const kind = pool.subscription_id === null ? 'order' : 'subscription';
  return new SeatNotAvailable(
    pool.active
      ? `All ${pool.capacity} seats of this ${kind} are taken.`
      : `This ${kind} cannot give seats in its current status.`,
  );
}

function errorOf(verdict: Verdict, pool: PoolRow): ApiError | undefined {
  if (verdict.outcome !== 'refused') return undefined;
  const { refusal } = verdict;
  return refusal === 'SeatNotAvailable' ? notAvailable(pool) : new REFUSALS[refusal]();
}

function byId(rows: SeatRow[]): Map<string, SeatRow> {
  return new Map(rows.map((row) => [row.seat_id, row]));
}
