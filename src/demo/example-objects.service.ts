import { Injectable } from '@nestjs/common';
import { TokensService } from '../organizations/tokens.service.js';
import type { Caller } from '../platform/caller.js';
import {
  EXAMPLE,
  EXAMPLE_EXTERNAL_ID,
  EXAMPLE_MEMBER,
  EXAMPLE_NONCE,
  LEAVERS,
  SPARE,
} from '../platform/http/examples.js';
import { Settings } from '../platform/settings.js';
import { isLocalService } from '../platform/net/loopback.js';
import { CheckoutsService } from '../purchases/checkouts/checkouts.service.js';
import { CustomersService } from '../purchases/customers/customers.service.js';
import { MembersService } from '../purchases/members/members.service.js';
import { OrdersService } from '../purchases/orders/orders.service.js';
import { CreateOrder } from '../purchases/orders/orders.dto.js';
import { ProductsService } from '../purchases/products/products.service.js';
import { CreateSubscription } from '../purchases/subscriptions/subscriptions.dto.js';
import { SubscriptionsService } from '../purchases/subscriptions/subscriptions.service.js';
import { SeatsService } from '../seats/seats.service.js';
import { EndpointsService } from '../webhooks/endpoints.service.js';

const SEATS = 100;

// The examples must work for longer than an invitation lives by default.
const YEAR = 365 * 24 * 60 * 60;

// Nothing writes this event in a demo, so the demo calls nobody until a visitor asks for it.
const QUIET = ['webhook_endpoint.disabled' as const];

const IN_SUBSCRIPTION = { subscription_id: EXAMPLE.subscription };

/** Creates the objects that the examples of the API description name. */
@Injectable()
export class ExampleObjects {
  constructor(
    private readonly products: ProductsService,
    private readonly customers: CustomersService,
    private readonly members: MembersService,
    private readonly subscriptions: SubscriptionsService,
    private readonly orders: OrdersService,
    private readonly checkouts: CheckoutsService,
    private readonly seats: SeatsService,
    private readonly endpoints: EndpointsService,
    private readonly tokens: TokensService,
    private readonly settings: Settings,
  ) {}

  /** Creates all of them in the organization of `caller`, which must be empty. */
  async create(caller: Caller): Promise<void> {
    await this.createPurchases(caller);
    await this.createPeople(caller);
    await this.createSpares(caller);
    await this.createPrograms(caller);
  }

  private async createPurchases(caller: Caller): Promise<void> {
    const external_id = EXAMPLE_EXTERNAL_ID;
    await this.products.create(caller, { id: EXAMPLE.product, external_id, name: 'Team plan' });
    await this.customers.create(caller, {
      id: EXAMPLE.customer,
      external_id,
      email: 'buyer@example.com',
      name: 'Example Ltd',
      type: 'team',
    });
    const sold = { external_id, product_id: EXAMPLE.product, customer_id: EXAMPLE.customer };
    const subscription = { id: EXAMPLE.subscription, ...sold, seats: SEATS };
    await this.subscriptions.create(caller, Object.assign(new CreateSubscription(), subscription));
    const order = { id: EXAMPLE.order, ...sold, seats: 10 };
    await this.orders.create(caller, Object.assign(new CreateOrder(), order));
    await this.checkouts.create(caller, { id: EXAMPLE.checkout, ...sold, seats: 5 });
  }

  /** The people who have seats. The service sends them no mails. */
  private async createPeople(caller: Caller): Promise<void> {
    const customer_id = EXAMPLE.customer;
    await this.members.create(caller, { id: EXAMPLE.member, customer_id, ...EXAMPLE_MEMBER });
    const { email } = EXAMPLE_MEMBER;
    const claimed = { email, metadata: { team: 'engineering' }, immediate_claim: true };
    const ids = { seat: EXAMPLE.seat, event: EXAMPLE.event };
    await this.seats.assign(caller, IN_SUBSCRIPTION, claimed, ids);

    // With this nonce and the key of development, everybody can compute the token of the invitation.
    const nonce = isLocalService(this.settings) ? { nonce: EXAMPLE_NONCE } : {};
    await this.invite(caller, 'frances@example.com', { seat: SPARE.claimedSeat, ...nonce });
    await this.invite(caller, 'tony@example.com', { seat: SPARE.resentSeat });
    await this.invite(caller, 'john@example.com', { seat: SPARE.replacedSeat });
    await this.invite(caller, 'adele@example.com', { seat: SPARE.revokedSeat });
    await this.invite(caller, 'maurice@example.com', { seat: SPARE.bulkRevokedSeat });
    await this.invite(caller, 'shafi@example.com', { seat: SPARE.resentSeatOfPortal });
    await this.invite(caller, 'leslie@example.com', { seat: SPARE.revokedSeatOfPortal });
    const leavers = LEAVERS.map((each) => ({ email: each, immediate_claim: true }));
    await this.seats.assignMany(caller, IN_SUBSCRIPTION, leavers, { atomic: true });
    const owner = { email: 'silvio@example.com', immediate_claim: true };
    await this.seats.assign(caller, { order_id: EXAMPLE.order }, owner);
  }

  private async invite(
    caller: Caller,
    email: string,
    ids: { seat: string; nonce?: string },
  ): Promise<void> {
    const pending = { email, send_invitation: false, invitation_expires_in: YEAR };
    await this.seats.assign(caller, IN_SUBSCRIPTION, pending, ids);
  }

  /** The objects that the examples of a deletion name. */
  private async createSpares(caller: Caller): Promise<void> {
    await this.products.create(caller, { id: SPARE.deletedProduct, name: 'Last year’s plan' });
    await this.customers.create(caller, { id: SPARE.deletedCustomer, name: 'Former Customer Ltd' });
    await this.members.create(caller, {
      id: SPARE.deletedMember,
      customer_id: EXAMPLE.customer,
      email: 'charles@example.com',
      name: 'Charles Babbage',
    });
    const trial = Object.assign(new CreateSubscription(), {
      id: SPARE.canceledSubscription,
      external_id: 'trial',
      product_id: EXAMPLE.product,
      customer_id: EXAMPLE.customer,
      seats: 3,
    });
    await this.subscriptions.create(caller, trial);
  }

  private async createPrograms(caller: Caller): Promise<void> {
    const url = 'https://shop.example.com/webhooks';
    await this.endpoints.create(caller, { id: EXAMPLE.endpoint, url, events: QUIET });
    await this.endpoints.create(caller, { id: SPARE.deletedEndpoint, url, events: QUIET });
    const unused = { name: 'old script', scopes: ['customer_seats:read'] };
    await this.tokens.issue(caller.organizationId, unused, { id: SPARE.revokedToken });
  }
}
