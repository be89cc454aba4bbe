import { Injectable } from '@nestjs/common';
import { ResourceNotFound } from '../platform/errors.js';
import type { Page, PageQuery } from '../platform/http/pages.js';
import { AssignmentsService, type BulkResult } from '../seats/assignments.service.js';
import type { AssignedSeat } from '../seats/seating.service.js';
import type { Assignment } from '../seats/seating.js';
import { type ContainerKeys, Containers } from '../seats/containers.js';
import type { ContainerRef, Recipient } from '../seats/seat.js';
import { type SeatRow } from '../seats/seats.rows.js';
import { PoolsRepository } from '../seats/pools.repository.js';
import { type SeatFilters, type SeatList, SeatsService } from '../seats/seats.service.js';
import type { Buyer, Session } from './buyer.js';
import { type HeldSubscription, PortalRepository } from './portal.repository.js';

// No row has it: ids are version 4.
const NOBODY = '00000000-0000-0000-0000-000000000000';

/**
 * What a buyer can do with what they bought. Here, and nowhere else, stands what is theirs: for
 * anything else a buyer hears what they would hear if it did not exist.
 */
@Injectable()
export class PortalService {
  constructor(
    private readonly portal: PortalRepository,
    private readonly pools: PoolsRepository,
    private readonly containers: Containers,
    private readonly seats: SeatsService,
    private readonly assignments: AssignmentsService,
  ) {}

  /** @throws {BadRequest} no container named; {ResourceNotFound}; {FeatureNotEnabled}. */
  async list(buyer: Buyer, keys: ContainerKeys, filters: SeatFilters): Promise<SeatList> {
    const named = keys.subscription_id ?? keys.order_id ?? keys.checkout_id;
    if (named === undefined) return this.seats.list(buyer, {}, filters);
    return this.seats.list(buyer, await this.own(buyer, keys), filters);
  }

  /** @throws as {@link AssignmentsService.assign}, in its order. */
  async assign(buyer: Buyer, keys: ContainerKeys, assignment: Assignment): Promise<AssignedSeat> {
    const ref = await this.own(buyer, keys);
    const recipient = await this.known(buyer, assignment.recipient);
    return this.assignments.assign(buyer, ref, { ...assignment, recipient });
  }

  /** Invites people by their e-mails, as far as there are seats; who fails, fails alone. */
  async invite(buyer: Buyer, ref: ContainerRef, emails: string[]): Promise<BulkResult> {
    const own = await this.own(buyer, ref);
    const assignments = emails.map((email) => ({
      recipient: { by: 'email' as const, email },
      metadata: {},
      immediateClaim: false,
      sendInvitation: true,
      expiresIn: null,
      returnSeated: false,
    }));
    return this.assignments.assignMany(buyer, own, assignments, { atomic: false });
  }

  /** @throws {ResourceNotFound}; {FeatureNotEnabled}. */
  async find(buyer: Buyer, seatId: string): Promise<SeatRow> {
    await this.ownSeat(buyer, seatId);
    return this.seats.find(buyer, seatId);
  }

  /** @throws as {@link find}. */
  async revoke(buyer: Buyer, seatId: string): Promise<SeatRow> {
    await this.ownSeat(buyer, seatId);
    return this.seats.revoke(buyer, seatId);
  }

  /** @throws as {@link find}; {SeatNotPending}; {TooManyRequests}. */
  async resend(buyer: Buyer, seatId: string): Promise<AssignedSeat> {
    await this.ownSeat(buyer, seatId);
    return this.seats.resend(buyer, seatId);
  }

  /** The subscriptions in which the person of the session holds a claimed seat. */
  subscriptions(session: Session, query: PageQuery): Promise<Page<HeldSubscription>> {
    return this.portal.heldSubscriptions(session, query);
  }

  /** The container that is meant, if it is the buyer's. */
  private async own(buyer: Buyer, keys: ContainerKeys): Promise<ContainerRef> {
    const { subscription_id, order_id, checkout_id } = keys;
    const viaCheckout = (subscription_id ?? order_id) === undefined;
    if (viaCheckout && !(await this.portal.ownsCheckout(buyer, checkout_id as string))) {
      throw new ResourceNotFound('There is no such checkout.');
    }
    const ref = await this.containers.find(buyer, keys);
    const pool = await this.pools.findPool(buyer.organizationId, ref);
    this.containers.open(pool?.customer_id === buyer.customerId ? pool : undefined);
    return ref;
  }

  private async ownSeat(buyer: Buyer, seatId: string): Promise<void> {
    if (await this.portal.ownsSeat(buyer, seatId)) return;
    throw new ResourceNotFound('There is no such seat.');
  }

  /**
   * The recipient, unless it is a customer whom the buyer does not know: then it becomes one that
   * does not exist. Ids of other buyers must not lead to their e-mails.
   */
  private async known(buyer: Buyer, recipient: Recipient): Promise<Recipient> {
    const named = recipient.by === 'customer' || recipient.by === 'external_customer';
    if (!named || (await this.portal.knowsCustomer(buyer, recipient))) return recipient;
    return { by: 'customer', id: NOBODY };
  }
}
