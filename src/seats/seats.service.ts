import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { createInvitation } from '../invitations/invitation.js';
import { Clock } from '../platform/clock.js';
import { Settings } from '../platform/config.js';
import { Keys } from '../platform/crypto.js';
import { Database } from '../platform/database/database.js';
import {
  type ApiError,
  BadRequest,
  NotPermitted,
  ResourceNotFound,
  TooManyRequests,
} from '../platform/errors.js';
import type { Caller } from '../platform/http/access.js';
import {
  type Candidate,
  type ContainerRef,
  judge,
  type Recipient,
  type Refusal,
  type Verdict,
} from './seat.js';
import {
  CustomerNotFound,
  FeatureNotEnabled,
  InvalidSeatAssignmentRequest,
  MemberEmailMismatch,
  MemberNotFound,
  SeatAlreadyAssigned,
  SeatNotAvailable,
  SeatNotPending,
} from './seats.errors.js';
import { type NewSeat, type PoolRow, type SeatRow, SeatsRepository } from './seats.repository.js';

/** Which container a request means. Exactly one of the three ids is there. */
export interface ContainerKeys {
  subscription_id?: string;
  order_id?: string;
  checkout_id?: string;
  checkout_client_secret?: string;
}

/** One person to be seated, and how. */
export interface Assignment {
  recipient: Recipient;
  metadata: Record<string, unknown>;
  /** Claimed at once: no invitation, no expiry, no mail. */
  immediateClaim: boolean;
}

/** The seats of a container, and how full it is. */
export interface SeatList {
  seats: SeatRow[];
  available_seats: number;
  total_seats: number;
}

// Old clients get the whole list in one answer, up to this many rows.
const LIST_LIMIT = 10_000;

const REFUSALS: Record<Refusal, new () => ApiError> = {
  SeatNotAvailable,
  SeatAlreadyAssigned,
  MemberNotFound,
  MemberEmailMismatch,
  CustomerNotFound,
  InvalidSeatAssignmentRequest,
};

/** What can be done with seats. Every verb is one statement or one transaction. */
@Injectable()
export class SeatsService {
  constructor(
    private readonly seats: SeatsRepository,
    private readonly database: Database,
    private readonly keys: Keys,
    private readonly clock: Clock,
    private readonly settings: Settings,
  ) {}

  /**
   * Gives a free seat of a container to a person.
   * @throws the errors of API section 2.3, in its order.
   */
  async assign(caller: Caller, keys: ContainerKeys, assignment: Assignment): Promise<SeatRow> {
    const ref = await this.findContainer(caller, keys);
    const row = await this.assignInOneStatement(caller, ref, assignment);
    if (row !== undefined) return row;
    const [verdict] = await this.assignInOrder(caller, ref, [assignment]);
    if (verdict?.outcome === 'seat') return verdict.row;
    throw new REFUSALS[(verdict as { refusal: Refusal }).refusal]();
  }

  /** @throws {BadRequest} no container named; {ResourceNotFound}; {FeatureNotEnabled}. */
  async list(caller: Caller, keys: ContainerKeys): Promise<SeatList> {
    if (keys.subscription_id === undefined && keys.order_id === undefined) throw new BadRequest();
    const pool = await this.seats.findPool(
      caller.organizationId,
      await this.findContainer(caller, keys),
    );
    if (pool === undefined) throw containerNotFound();
    if (!pool.seats_enabled) throw new FeatureNotEnabled();
    const seats = await this.seats.listSeats(caller.organizationId, pool.id, LIST_LIMIT);
    return { seats, total_seats: pool.capacity, available_seats: free(pool) };
  }

  /** Frees the seat. A second call changes nothing, tells nobody and gives the same answer. */
  async revoke(caller: Caller, id: string): Promise<SeatRow> {
    await this.find(caller, id);
    await this.seats.revokeSeat(caller, id, 'requested', this.clock.now());
    return this.find(caller, id);
  }

  /**
   * Renews the invitation: a new token, a new expiry, a new mail; the old link is dead.
   * @throws {SeatNotPending}; {TooManyRequests} less than RESEND_INTERVAL after the last resend.
   */
  async resend(caller: Caller, id: string): Promise<SeatRow> {
    const seat = await this.find(caller, id);
    if (seat.status !== 'pending') throw notPending(seat);
    const now = this.clock.now();
    const interval = this.settings.resendInterval * 1000;
    const notSince = new Date(now.getTime() - interval);
    const invitation = createInvitation(this.keys, id);
    const row = await this.seats.renewInvitation(caller, id, invitation, notSince, now);
    if (row !== undefined) return row;
    const resentAt = await this.seats.resentAt(caller.organizationId, id);
    if (resentAt !== null && resentAt > notSince) {
      throw new TooManyRequests((resentAt.getTime() + interval - now.getTime()) / 1000);
    }
    throw notPending(await this.find(caller, id));
  }

  /** @throws {ResourceNotFound}; {FeatureNotEnabled}. */
  private async find(caller: Caller, id: string): Promise<SeatRow> {
    const seat = await this.seats.findSeat(caller.organizationId, id);
    if (seat === undefined) throw new ResourceNotFound('There is no such seat.');
    if (!seat.seats_enabled) throw new FeatureNotEnabled();
    return seat;
  }

  private async findContainer(caller: Caller, keys: ContainerKeys): Promise<ContainerRef> {
    if (keys.subscription_id !== undefined) return { subscription_id: keys.subscription_id };
    if (keys.order_id !== undefined) return { order_id: keys.order_id };
    const { organizationId } = caller;
    const checkout = await this.seats.findCheckout(organizationId, keys.checkout_id as string);
    if (checkout === null) throw new ResourceNotFound('There is no such checkout.');
    if (checkout.status !== 'succeeded') {
      throw new NotPermitted('The checkout has not succeeded, so it gives no seats.');
    }
    const secret = keys.checkout_client_secret;
    const hash = checkout.client_secret_hash;
    if (secret !== undefined && !this.keys.verify('client-secret', secret, hash)) {
      throw new NotPermitted('The client secret is not that of the checkout.');
    }
    const ref = await this.seats.containerOfCheckout(organizationId, checkout.id);
    if (ref === undefined) throw new ResourceNotFound('The checkout has led to no purchase yet.');
    return ref;
  }

  /** The common case, a person by e-mail, in one round trip; undefined when that did not work out. */
  private assignInOneStatement(
    caller: Caller,
    ref: ContainerRef,
    { recipient, metadata, immediateClaim }: Assignment,
  ): Promise<SeatRow | undefined> {
    if (recipient.by !== 'email') return Promise.resolve(undefined);
    const seatId = randomUUID();
    const invitation = immediateClaim
      ? null
      : { ...createInvitation(this.keys, seatId), expiresIn: null };
    return this.seats.assignByEmail(
      caller,
      ref,
      {
        seatId,
        email: recipient.email as string,
        metadata,
        invitation,
        invites: invitation !== null,
      },
      this.clock.now(),
    );
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
  ): Promise<(Exclude<Verdict, { outcome: 'seat' }> | { outcome: 'seat'; row: SeatRow })[]> {
    // Without the lock first: a full pool, or one that is none, must not queue up its callers.
    const seen = await this.seats.findPool(caller.organizationId, ref);
    const pool = await this.refuseUnless(caller, seen);
    return this.database.transaction(async () => {
      const locked = await this.seats.findPool(caller.organizationId, ref, { lock: true });
      const current = await this.refuseUnless(caller, locked ?? pool);
      return this.assignToLocked(caller, current, assignments);
    });
  }

  /** @throws what stands in the way of any assignment to this pool. */
  private async refuseUnless(caller: Caller, pool: PoolRow | undefined): Promise<PoolRow> {
    if (pool === undefined) throw containerNotFound();
    if (!pool.seats_enabled) throw new FeatureNotEnabled();
    if (!pool.active) {
      throw new SeatNotAvailable(`This ${kind(pool)} cannot give seats in its current status.`);
    }
    if (free(pool) === 0) {
      await this.database.outside(() => this.seats.noteExhausted(caller, pool, this.clock.now()));
      throw new SeatNotAvailable(`All ${pool.capacity} seats of this ${kind(pool)} are taken.`);
    }
    return pool;
  }

  private async assignToLocked(caller: Caller, pool: PoolRow, assignments: Assignment[]) {
    const recipients = assignments.map((assignment) => assignment.recipient);
    const { organizationId } = caller;
    const memberModel = pool.member_model_enabled;
    let candidates = await this.seats.findCandidates(organizationId, pool, recipients);
    const verdicts = judge(
      free(pool),
      memberModel,
      recipients.map((recipient, index) => ({
        recipient,
        candidate: candidates[index] as Candidate,
        returnSeated: false,
      })),
    );
    const winners = verdicts.flatMap(({ outcome }, index) => (outcome === 'seat' ? [index] : []));
    const now = this.clock.now();
    if (await this.createPeople(caller, pool, recipients, candidates, winners, now)) {
      candidates = await this.seats.findCandidates(organizationId, pool, recipients);
    }
    const chosen = winners.map((index) =>
      this.newSeat(pool, candidates[index] as Candidate, assignments[index] as Assignment, now),
    );
    await this.seats.lockMembers(
      organizationId,
      chosen.map((seat) => seat.member_id),
    );
    const written = await this.seats.insertSeats(caller, pool.id, chosen, now);
    const rows = new Map(written.map((row) => [row.seat_id, row]));
    const rowOf = new Map(winners.map((index, nth) => [index, rows.get(chosen[nth]?.id ?? '')]));
    return verdicts.map((verdict, index) =>
      verdict.outcome === 'seat'
        ? { outcome: 'seat' as const, row: rowOf.get(index) as SeatRow }
        : verdict,
    );
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
    const people = winners.map((index) => ({
      recipient: recipients[index] as Recipient,
      candidate: candidates[index] as Candidate,
    }));
    const customers = pool.member_model_enabled
      ? []
      : people.filter(({ candidate }) => candidate.customer === null);
    const members = people.filter(
      ({ recipient, candidate }) =>
        candidate.member === null ||
        (recipient.external_id !== undefined &&
          recipient.by === 'external_member' &&
          candidate.member.external_id === null),
    );
    const { organizationId } = caller;
    if (customers.length > 0) {
      const emails = customers.map(({ recipient, candidate }) => emailOf(recipient, candidate));
      await this.seats.createCustomers(organizationId, emails, now);
    }
    if (members.length > 0) {
      const rows = members.map(({ recipient, candidate }) => ({
        email: emailOf(recipient, candidate),
        name: candidate.customer?.name ?? null,
        external_id: recipient.by === 'external_member' ? (recipient.external_id ?? null) : null,
      }));
      await this.seats.createMembers(organizationId, pool.customer_id, rows, now);
    }
    return customers.length > 0 || members.length > 0;
  }

  private newSeat(
    pool: PoolRow,
    candidate: Candidate,
    { metadata, immediateClaim }: Assignment,
    now: Date,
  ): NewSeat {
    const id = randomUUID();
    const member = candidate.member as NonNullable<Candidate['member']>;
    const person = {
      id,
      metadata,
      member_id: member.id,
      email: member.email,
      customer_id: pool.member_model_enabled
        ? pool.customer_id
        : (candidate.customer?.id as string),
    };
    if (immediateClaim) {
      const none = { nonce: null, hash: null, expires_at: null, invites: false };
      return { ...person, ...none, status: 'claimed', claimed_at: now };
    }
    const { nonce, hash } = createInvitation(this.keys, id);
    const expires_at = new Date(now.getTime() + pool.invitation_expires_in * 1000);
    return {
      ...person,
      status: 'pending',
      nonce,
      hash,
      expires_at,
      claimed_at: null,
      invites: true,
    };
  }
}

/** Places left; 0 as well when the pool was made smaller than what is assigned. */
export function free(pool: { capacity: number; taken: number }): number {
  return Math.max(0, pool.capacity - pool.taken);
}

function kind(pool: PoolRow): string {
  return pool.subscription_id === null ? 'order' : 'subscription';
}

function emailOf(recipient: Recipient, candidate: Candidate): string {
  return (candidate.customer?.email ?? recipient.email) as string;
}

function containerNotFound() {
  return new ResourceNotFound('There is no such subscription or order.');
}

function notPending(seat: SeatRow) {
  return new SeatNotPending(
    `Only the invitation of a pending seat can be sent again; this seat is ${seat.status}.`,
  );
}
