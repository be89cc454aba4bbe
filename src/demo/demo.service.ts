import { Injectable } from '@nestjs/common';
import { OrganizationsService } from '../organizations/organizations.service.js';
import { SCOPES } from '../organizations/scopes.js';
import { TOKEN_PREFIX } from '../platform/token-form.js';
import { TokensService } from '../organizations/tokens.service.js';
import { Keys, tokenChecksum } from '../platform/crypto.js';
import { Database } from '../platform/database/database.js';
import { type Caller, systemCaller } from '../platform/caller.js';
import { CustomerNotFound, ResourceNotFound } from '../platform/errors.js';
import { EXAMPLE, EXAMPLE_EXTERNAL_ID } from '../platform/http/examples.js';
import {
  type Subscription,
  SubscriptionsService,
} from '../purchases/subscriptions/subscriptions.service.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { ExampleObjects } from './example-objects.service.js';

// The slug of the demo's organization, and the name of its token.
const DEMO = 'demo';

/** The data that a visitor needs to try the service. */
export interface Demo {
  token: string;
  subscription_id: string;
  product_id: string;
  /** Opens the portal of the buyer once, within 15 minutes. Undefined if the buyer was deleted. */
  portal_url: string | undefined;
}

/** The organization that a visitor tries the service with. */
@Injectable()
export class DemoService {
  constructor(
    private readonly database: Database,
    private readonly organizations: OrganizationsService,
    private readonly tokens: TokensService,
    private readonly subscriptions: SubscriptionsService,
    private readonly sessions: SessionsService,
    private readonly examples: ExampleObjects,
    private readonly keys: Keys,
  ) {}

  /**
   * Creates the demo's organization with its objects at the first start, and finds it later.
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
        product_id: subscription.product_id,
        portal_url: await this.openPortal(caller, subscription.customer_id),
      };
    });
  }

  private async create(): Promise<string> {
    const { id } = await this.organizations.create({
      id: EXAMPLE.organization,
      slug: DEMO,
      name: 'Demo',
    });
    await this.examples.create(systemCaller(id));
    return id;
  }

  private async findSubscription(caller: Caller): Promise<Subscription | undefined> {
    try {
      return await this.subscriptions.getByExternalId(caller, EXAMPLE_EXTERNAL_ID);
    } catch (error) {
      if (error instanceof ResourceNotFound) return undefined;
      throw error;
    }
  }

  private async openPortal(caller: Caller, customer_id: string): Promise<string | undefined> {
    try {
      return (await this.sessions.open(caller, { customer_id })).customer_portal_url;
    } catch (error) {
      if (error instanceof CustomerNotFound) return undefined;
      throw error;
    }
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
