import { Injectable } from '@nestjs/common';
import { createInvitation, issueInvitation } from '../invitations/invitation.js';
import type { Caller } from '../platform/caller.js';
import { Clock } from '../platform/clock.js';
import { Keys } from '../platform/crypto.js';
import {
  BadRequest,
  type LocatedProblem,
  type Problem,
  noSuch,
  RequestValidationError,
  TooManyRequests,
} from '../platform/errors.js';
import { decodeCursor, encodeCursor, SEAT_CURSOR } from '../platform/http/cursor.js';
import { metadataProblem } from '../platform/metadata.js';
import { Settings } from '../platform/settings.js';
import { mapInSlices } from '../platform/slices.js';
import { AccessService } from './access/access.service.js';
import {
  type AssignedSeat,
  AssignService,
  type BulkResult,
  type ChosenIds,
} from './assign/assign.service.js';
import { type ClaimedSeat, type ClaimInfo, ClaimService } from './claim/claim.service.js';
import { ContainersService, usablePool } from './pool/containers.service.js';
import { free } from './pool/pool.rules.js';
import { PoolsRepository } from './pool/pools.repository.js';
import { type RevocationResult, RevokeService } from './revoke/revoke.service.js';
import { containerOf, type ContainerRef, type SeatStatus } from './seat.js';
import { FeatureNotEnabled, SeatAlreadyRevoked, SeatNotPending } from './seats.errors.js';
import { SeatsRepository } from './seats.repository.js';
import {
  assignmentFieldProblems,
  assignmentProblems,
  bulkAssignmentProblems,
  type AssignmentRequest,
  containerFieldProblems,
  type ContainerKeys,
  containerProblem,
  type RecipientKeys,
  recipientProblem,
  type RevocationRequest,
  revocationProblems,
  toAssignment,
  toRecipient,
} from './seats.rules.js';
import type { InvitedSeat, SeatRow, SeatWithOrganization } from './seats.sql.js';

/** Filters and page of a list of seats. */
export interface SeatFilters {
  status?: SeatStatus[];
  email?: string;
  member_id?: string;
  customer_id?: string;
  /** Seats per page. Undefined: the whole list, up to 10,000 seats, as old clients expect it. */
  limit?: number;
  cursor?: string;
}

/** The seats of a container, and its totals. */
export interface SeatList {
  seats: SeatRow[];
  available_seats: number;
  total_seats: number;
  /** Undefined when no limit was given and the list is complete. */
  next_cursor: string | null | undefined;
}

const LIST_LIMIT = 10_000;
const BODY = ['body'];

/**
 * The entry point of the domain of seats. Every caller uses it: REST, the portal, the claim page, and any
 * future one. It enforces the key rules of seats.rules.ts, so that no caller can bypass them, and
 * delegates to one service per verb.
 */
@Injectable()
export class SeatsService {
  constructor(
    private readonly assignments: AssignService,
    private readonly claims: ClaimService,
    private readonly revocations: RevokeService,
    private readonly accesses: AccessService,
    private readonly containers: ContainersService,
    private readonly pools: PoolsRepository,
    private readonly seats: SeatsRepository,
    private readonly keys: Keys,
    private readonly clock: Clock,
    private readonly settings: Settings,
  ) {}

  /**
   * Gives a free seat of a container to a person.
   * @param ids as {@link AssignService.assignAs}. No route passes them.
   * @throws {RequestValidationError}; as {@link AssignService.assign}.
   */
  async assign(
    caller: Caller,
    container: ContainerKeys,
    request: AssignmentRequest,
    ids?: ChosenIds,
  ): Promise<AssignedSeat> {
    throwIfAny([
      ...containerFieldProblems(container, BODY),
      ...assignmentFieldProblems(request, BODY),
    ]);
    throwIfBroken(containerProblem(container) ?? recipientProblem(request));
    const assignment = toAssignment(request);
    return ids === undefined
      ? this.assignments.assign(caller, container, assignment)
      : this.assignments.assignAs(caller, container, assignment, ids);
  }

  /**
   * Assigns to many people as if one after the other. An invalid item fails the whole call.
   * @throws {RequestValidationError}; {BulkAssignmentFailed} with `atomic`, when one item failed.
   */
  async assignMany(
    caller: Caller,
    container: ContainerKeys,
    requests: AssignmentRequest[],
    options: { atomic: boolean },
  ): Promise<BulkResult> {
    throwIfAny(containerFieldProblems(container, BODY));
    throwIfBroken(containerProblem(container));
    throwIfAny(await bulkAssignmentProblems(requests, BODY));
    const assignments = await mapInSlices(requests, toAssignment);
    return this.assignments.assignMany(caller, container, assignments, options);
  }

  /**
   * Reassigns a seat to another person, in one step.
   * @throws {RequestValidationError}; {ResourceNotFound}; {FeatureNotEnabled};
   *   {SeatAlreadyRevoked}; as {@link AssignService.assign}.
   */
  async replace(caller: Caller, id: string, request: AssignmentRequest): Promise<AssignedSeat> {
    throwIfAny(assignmentProblems(request, BODY));
    const seat = await this.find(caller, id);
    return this.assignments.replace(caller, id, containerOf(seat), toAssignment(request));
  }

  /** @throws as {@link ClaimService.info}. */
  claimInfo(invited: InvitedSeat): ClaimInfo {
    return this.claims.info(invited);
  }

  /**
   * Claims the seat of an invitation that was just looked up.
   * @throws as {@link ClaimService.claim}.
   */
  claim(invited: InvitedSeat, requestId: string | null): Promise<ClaimedSeat> {
    return this.claims.claim(invited, requestId);
  }

  /** As {@link ClaimService.lookUp}. */
  findInvitations(tokens: string[]): Promise<Map<string, InvitedSeat>> {
    return this.claims.lookUp(tokens);
  }

  /**
   * Revokes a seat. Idempotent: a second call emits no event and answers the same.
   * @throws {ResourceNotFound}; {FeatureNotEnabled}.
   */
  async revoke(caller: Caller, id: string): Promise<SeatRow> {
    const seat = await this.find(caller, id);
    await this.revocations.revoke(caller, id, containerOf(seat));
    return this.find(caller, id);
  }

  /**
   * Revokes many seats. An item that is not found does not affect the others.
   * @throws {RequestValidationError}; {ResourceNotFound} no such container; {FeatureNotEnabled}.
   */
  async revokeMany(caller: Caller, request: RevocationRequest): Promise<RevocationResult> {
    throwIfAny(await revocationProblems(request, BODY));
    return this.revocations.revokeMany(caller, request);
  }

  /**
   * Renews the invitation: a new token, a new expiry, a new mail. The old link is invalid from then
   * on.
   * @throws {SeatNotPending}; {TooManyRequests} less than RESEND_INTERVAL after the last resend.
   */
  async resend(caller: Caller, id: string): Promise<AssignedSeat> {
    const seat = await this.find(caller, id);
    if (seat.status !== 'pending') throw notPending(seat);
    const now = this.clock.now();
    const interval = this.settings.resendInterval * 1000;
    const notSince = new Date(now.getTime() - interval);
    const invitation = createInvitation(this.keys, id);
    // Another process may have resent it with a clock that is slightly ahead.
    const limit = interval === 0 ? {} : { notSince };
    const row = await this.seats.renewInvitation(caller, id, invitation, now, limit);
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

  /**
   * Replaces the metadata. Idempotent: the same metadata emits no event. Undefined changes nothing.
   * @throws {RequestValidationError}; {ResourceNotFound}; {FeatureNotEnabled};
   *   {SeatAlreadyRevoked}.
   */
  async changeMetadata(
    caller: Caller,
    id: string,
    metadata: Record<string, unknown> | undefined,
  ): Promise<SeatRow> {
    const found = metadata === undefined ? undefined : metadataProblem(metadata);
    if (found) throw RequestValidationError.at([...BODY, 'metadata'], found, metadata);
    const seat = await this.find(caller, id);
    if (seat.status === 'revoked') throw new SeatAlreadyRevoked();
    if (metadata === undefined) return seat;
    const changed = await this.seats.changeMetadata(caller, id, metadata, this.clock.now());
    const after = await this.find(caller, id);
    // A revoke came first: without this, a 200 would announce a change that was not made.
    if (!changed && after.status === 'revoked') throw new SeatAlreadyRevoked();
    return after;
  }

  /** @throws {ResourceNotFound}; {FeatureNotEnabled}. */
  async find(caller: Caller, id: string): Promise<SeatWithOrganization> {
    const seat = await this.seats.findSeat(caller.organizationId, id);
    if (seat === undefined) throw noSuch('seat', id);
    if (!seat.seats_enabled) throw new FeatureNotEnabled();
    return seat;
  }

  /**
   * The seats of a container, oldest first. The totals do not depend on the filters. Filters by
   * person find active seats only, because a revoked seat carries no person.
   * @throws {BadRequest} no container named; {ResourceNotFound}; {FeatureNotEnabled}.
   */
  async list(caller: Caller, keys: ContainerKeys, filters: SeatFilters = {}): Promise<SeatList> {
    const { subscription_id, order_id, checkout_id } = keys;
    if ((subscription_id ?? order_id ?? checkout_id) === undefined) throw new BadRequest();
    const { cursor } = filters;
    const after = cursor === undefined ? undefined : decodeCursor(cursor, SEAT_CURSOR);
    const ref = await this.containers.resolve(caller, keys);
    const limit = filters.limit ?? LIST_LIMIT;
    const page = { after, limit: limit + 1 };
    const found = await this.seats.listSeats(caller.organizationId, ref, filters, page);
    const pool = usablePool(found?.pool, ref);
    const rows = found?.seats ?? [];
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

  /**
   * The claimed seat that gives a person access to a product; null when there is none.
   * @throws {RequestValidationError}; as {@link AccessService.find}.
   */
  async access(caller: Caller, productId: string, person: RecipientKeys): Promise<SeatRow | null> {
    throwIfAny(assignmentProblems(person, ['query']));
    return this.accesses.find(caller, productId, toRecipient(person));
  }

  /**
   * The container that the keys name, and its buyer; undefined when it does not exist.
   * @throws as {@link ContainersService.resolve}.
   */
  async findContainer(
    caller: Caller,
    keys: ContainerKeys,
  ): Promise<{ ref: ContainerRef; customerId: string } | undefined> {
    const ref = await this.containers.resolve(caller, keys);
    const pool = await this.pools.findPool(caller.organizationId, ref);
    return pool && { ref, customerId: pool.customer_id };
  }
}

function throwIfAny(problems: LocatedProblem[]): void {
  if (problems.length > 0) throw new RequestValidationError(problems);
}

/** Throws for a broken rule over several fields. */
function throwIfBroken(found: Problem | undefined): void {
  if (found) throw RequestValidationError.at(BODY, found);
}

function notPending(seat: SeatRow) {
  return new SeatNotPending(
    `Only the invitation of a pending seat can be sent again; this seat is ${seat.status}.`,
  );
}
