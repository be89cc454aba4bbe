import { Injectable } from '@nestjs/common';
import { noSuch } from '../platform/errors.js';
import type { PageQuery, Paginated } from '../platform/http/pagination.js';
import type { AssignedSeat, BulkResult } from '../seats/assign/assign.service.js';
import type { ContainerRef } from '../seats/seat.js';
import type { AssignmentRequest, ContainerKeys } from '../seats/seats.rules.js';
import { type SeatFilters, type SeatList, SeatsService } from '../seats/seats.service.js';
import type { SeatRow } from '../seats/seats.sql.js';
import type { Session } from '../sessions/session.js';
import type { Buyer } from './buyer.js';
import { type HeldSubscription, PortalRepository } from './portal.repository.js';

// No customer has this id, because all ids are UUIDs of version 4.
const UNKNOWN_CUSTOMER_ID = '00000000-0000-0000-0000-000000000000';

/**
 * The seats of a buyer's purchases. Only this service checks that a container or a seat belongs to
 * the buyer. It treats those of other buyers as nonexistent.
 */
@Injectable()
export class PortalService {
  constructor(
    private readonly portal: PortalRepository,
    private readonly seats: SeatsService,
  ) {}

  /** @throws {BadRequest} without a container; {ResourceNotFound}; {FeatureNotEnabled}. */
  async list(buyer: Buyer, keys: ContainerKeys, filters: SeatFilters): Promise<SeatList> {
    const named = keys.subscription_id ?? keys.order_id ?? keys.checkout_id;
    if (named === undefined) return this.seats.list(buyer, {}, filters);
    return this.seats.list(buyer, await this.boughtContainer(buyer, keys), filters);
  }

  /** @throws as {@link SeatsService.assign}, in the same order. */
  async assign(
    buyer: Buyer,
    keys: ContainerKeys,
    request: AssignmentRequest,
  ): Promise<AssignedSeat> {
    const ref = await this.boughtContainer(buyer, keys);
    return this.seats.assign(buyer, ref, await this.hideOtherCustomers(buyer, request));
  }

  /**
   * Invites people by e-mail while there are free seats. A failure does not affect the others.
   * @throws {ResourceNotFound}; {FeatureNotEnabled}.
   */
  async invite(buyer: Buyer, keys: ContainerRef, emails: string[]): Promise<BulkResult> {
    const ref = await this.boughtContainer(buyer, keys);
    const requests = emails.map((email) => ({ email }));
    return this.seats.assignMany(buyer, ref, requests, { atomic: false });
  }

  /** @throws {ResourceNotFound}; {FeatureNotEnabled}. */
  async find(buyer: Buyer, seatId: string): Promise<SeatRow> {
    await this.checkBoughtSeat(buyer, seatId);
    return this.seats.find(buyer, seatId);
  }

  /** @throws as {@link find}. */
  async revoke(buyer: Buyer, seatId: string): Promise<SeatRow> {
    await this.checkBoughtSeat(buyer, seatId);
    return this.seats.revoke(buyer, seatId);
  }

  /** @throws as {@link find}; {SeatNotPending}; {TooManyRequests}. */
  async resend(buyer: Buyer, seatId: string): Promise<AssignedSeat> {
    await this.checkBoughtSeat(buyer, seatId);
    return this.seats.resend(buyer, seatId);
  }

  /** The subscriptions in which the person of the session has a claimed seat. */
  subscriptions(session: Session, query: PageQuery): Promise<Paginated<HeldSubscription>> {
    return this.portal.listHeldSubscriptions(session, query);
  }

  /** @throws {ResourceNotFound} unless the buyer bought the container. */
  private async boughtContainer(buyer: Buyer, keys: ContainerKeys): Promise<ContainerRef> {
    const { subscription_id, order_id, checkout_id } = keys;
    const viaCheckout = (subscription_id ?? order_id) === undefined;
    if (viaCheckout && !(await this.portal.ownsCheckout(buyer, checkout_id as string))) {
      throw noSuch('checkout', checkout_id as string);
    }
    const container = await this.seats.findContainer(buyer, keys);
    if (container?.customerId === buyer.customerId) return container.ref;
    if (subscription_id !== undefined) throw noSuch('subscription', subscription_id);
    if (order_id !== undefined) throw noSuch('order', order_id);
    throw noSuch('checkout', checkout_id as string);
  }

  private async checkBoughtSeat(buyer: Buyer, seatId: string): Promise<void> {
    if (await this.portal.ownsSeat(buyer, seatId)) return;
    throw noSuch('seat', seatId);
  }

  /**
   * Replaces the id of a customer who is neither the buyer nor one of the buyer's members by an id
   * that does not exist. Otherwise a buyer could look up the e-mails of other customers by id.
   */
  private async hideOtherCustomers(
    buyer: Buyer,
    request: AssignmentRequest,
  ): Promise<AssignmentRequest> {
    const { customer_id: id, external_customer_id: external_id, ...rest } = request;
    if (id === undefined && external_id === undefined) return request;
    if (await this.portal.knowsCustomer(buyer, { id, external_id })) return request;
    return { ...rest, customer_id: UNKNOWN_CUSTOMER_ID };
  }
}
