import { Injectable } from '@nestjs/common';
import { OrganizationsService } from '../organizations/organizations.service.js';
import { SCOPES } from '../organizations/scopes.js';
import { TOKEN_PREFIX } from '../platform/token-form.js';
import { TokensService } from '../organizations/tokens.service.js';
import { Keys, tokenChecksum } from '../platform/crypto.js';
import { Database } from '../platform/database/database.js';
import { type Caller, systemCaller } from '../platform/caller.js';
import { ResourceNotFound } from '../platform/errors.js';
import { CustomersService } from '../purchases/customers/customers.service.js';
import { ProductsService } from '../purchases/products/products.service.js';
import { CreateSubscription } from '../purchases/subscriptions/subscriptions.dto.js';
import { SubscriptionsService } from '../purchases/subscriptions/subscriptions.service.js';
import { SeatsService } from '../seats/seats.service.js';

// The slug of the demo's organization, and the external_id of its objects.
const DEMO = 'demo';
const SEATS = 5;
const PEOPLE = ['ada', 'grace', 'alan', 'edsger', 'barbara'].map((name) => `${name}@example.com`);

/** The data that a visitor needs to try the service. */
export interface Demo {
  token: string;
  subscription_id: string;
  /** The e-mail of a person without a seat; undefined when all seats are taken. */
  email: string | undefined;
}

/** The organization that a visitor tries the service with. */
@Injectable()
export class DemoService {
  constructor(
    private readonly database: Database,
    private readonly organizations: OrganizationsService,
    private readonly tokens: TokensService,
    private readonly products: ProductsService,
    private readonly customers: CustomersService,
    private readonly subscriptions: SubscriptionsService,
    private readonly seats: SeatsService,
    private readonly keys: Keys,
  ) {}

  /**
   * Creates the demo's organization with a subscription at the first start, and finds it later.
   * @returns undefined when the organization exists, but not its subscription.
   */
  prepare(): Promise<Demo | undefined> {
    return this.database.transaction(async () => {
      // Of several processes that start at once, one creates the demo.
      await this.database.lockName('demo');
      const existing = await this.organizations.findBySlug(DEMO);
      const caller = systemCaller(existing?.id ?? (await this.create()));
      const subscription = await this.findSubscription(caller);
      if (subscription === undefined) return undefined;
      return {
        token: await this.findToken(caller.organizationId),
        subscription_id: subscription.id,
        email: await this.findUnseatedEmail(caller, subscription.id),
      };
    });
  }

  private async create(): Promise<string> {
    const { id } = await this.organizations.create({ slug: DEMO, name: 'Demo' });
    const caller = systemCaller(id);
    const product = await this.products.create(caller, { external_id: DEMO, name: 'Team plan' });
    const customer = await this.customers.create(caller, {
      external_id: DEMO,
      email: 'buyer@example.com',
      name: 'Example Ltd',
      type: 'team',
    });
    const subscription = Object.assign(new CreateSubscription(), {
      external_id: DEMO,
      product_id: product.id,
      customer_id: customer.id,
      seats: SEATS,
    });
    await this.subscriptions.create(caller, subscription);
    return id;
  }

  private async findSubscription(caller: Caller): Promise<{ id: string } | undefined> {
    try {
      return await this.subscriptions.getByExternalId(caller, DEMO);
    } catch (error) {
      if (error instanceof ResourceNotFound) return undefined;
      throw error;
    }
  }

  private async findUnseatedEmail(
    caller: Caller,
    subscription_id: string,
  ): Promise<string | undefined> {
    const list = await this.seats.list(caller, { subscription_id });
    const seated = new Set(list.seats.map((seat) => seat.email));
    if (list.available_seats === 0) return undefined;
    return PEOPLE.find((email) => !seated.has(email)) ?? `somebody-${seated.size}@example.com`;
  }

  /**
   * The demo's token. It is computed from its id and the service's key, so that every start can show
   * the same one although only its hash is stored. A token that was revoked or made with another key
   * is replaced.
   */
  private async findToken(organizationId: string): Promise<string> {
    for (const { id, token_hash } of await this.tokens.findNamed(organizationId, DEMO)) {
      const token = computeToken(this.keys, id);
      if (this.keys.sign('token', token) === token_hash) return token;
      await this.tokens.revoke(organizationId, id);
    }
    const wanted = { name: DEMO, scopes: SCOPES };
    const issued = await this.tokens.issue(organizationId, wanted, {
      make: (id) => computeToken(this.keys, id),
    });
    return issued.token;
  }
}

function computeToken(keys: Keys, tokenId: string): string {
  const halves = [1, 2].map((half) => keys.sign('token', `${DEMO}:${half}:${tokenId}`));
  const body = halves.join('').replace(/[-_]/g, '').slice(0, 37);
  return `${TOKEN_PREFIX}${body}${tokenChecksum(body)}`;
}
