import type { INestApplicationContext } from '@nestjs/common';
import { OrganizationsService } from '../organizations/organizations.service.js';
import { SCOPES } from '../organizations/scopes.js';
import { TOKEN_PREFIX } from '../organizations/tokens.authenticator.js';
import { TokensService } from '../organizations/tokens.service.js';
import { Keys, tokenChecksum } from '../platform/crypto.js';
import { Database } from '../platform/database/database.js';
import type { Caller } from '../platform/http/access.js';
import { CustomersService } from '../purchases/customers/customers.service.js';
import { ProductsService } from '../purchases/products/products.service.js';
import { CreateSubscription } from '../purchases/subscriptions/subscriptions.dto.js';
import { SubscriptionsService } from '../purchases/subscriptions/subscriptions.service.js';
import { SeatsService } from '../seats/seats.service.js';

// The organization's slug, and the external_id of everything it has.
const DEMO = 'demo';
const SEATS = 5;
const PEOPLE = ['ada', 'grace', 'alan', 'edsger', 'barbara'].map((name) => `${name}@example.com`);

/** What is needed to try the service out. */
export interface Demo {
  token: string;
  subscription_id: string;
  /** Somebody who has no seat yet; undefined when all seats are taken. */
  email: string | undefined;
}

/**
 * Makes an organization with something to try, at the first start; finds it again at later ones.
 * Undefined when the organization is there, but its subscription is not.
 */
export function prepareDemo(app: INestApplicationContext): Promise<Demo | undefined> {
  const database = app.get(Database);
  return database.transaction(async () => {
    // Of processes that start together one makes it.
    await database.lockName('demo');
    const found = await app.get(OrganizationsService, { strict: false }).findBySlug(DEMO);
    const caller = callerOf(found?.id ?? (await create(app)));
    const subscription = await database.db.subscriptions.findFirst({
      where: { organization_id: caller.organizationId, external_id: DEMO },
    });
    if (subscription === null) return undefined;
    return {
      token: await demoToken(app, caller.organizationId),
      subscription_id: subscription.id,
      email: await somebodyWithoutSeat(app, caller, subscription.id),
    };
  });
}

async function create(app: INestApplicationContext): Promise<string> {
  const find = { strict: false };
  const organizations = app.get(OrganizationsService, find);
  const { id } = await organizations.create({ slug: DEMO, name: 'Demo' });
  const caller = callerOf(id);
  const product = await app
    .get(ProductsService, find)
    .create(caller, { external_id: DEMO, name: 'Team plan' });
  const customer = await app.get(CustomersService, find).create(caller, {
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
  await app.get(SubscriptionsService, find).create(caller, subscription);
  return id;
}

async function somebodyWithoutSeat(
  app: INestApplicationContext,
  caller: Caller,
  subscription_id: string,
): Promise<string | undefined> {
  const seats = app.get(SeatsService, { strict: false });
  const list = await seats.list(caller, { subscription_id });
  const seated = new Set(list.seats.map((seat) => seat.email));
  if (list.available_seats === 0) return undefined;
  return PEOPLE.find((email) => !seated.has(email)) ?? `somebody-${seated.size}@example.com`;
}

/**
 * The demo's token. It is computed from its id under the service's key, as invitations are, so
 * that every start can show the same one although only its hash is kept. A revoked token, or one
 * of another key, is replaced.
 */
async function demoToken(app: INestApplicationContext, organizationId: string): Promise<string> {
  const tokens = app.get(TokensService, { strict: false });
  const keys = app.get(Keys);
  for (const { id, token_hash } of await tokens.findNamed(organizationId, DEMO)) {
    const token = compute(keys, id);
    if (keys.sign('token', token) === token_hash) return token;
    await tokens.revoke(organizationId, id);
  }
  const wanted = { name: DEMO, scopes: SCOPES };
  const issued = await tokens.issue(organizationId, wanted, (id) => compute(keys, id));
  return issued.token;
}

function compute(keys: Keys, tokenId: string): string {
  const halves = [1, 2].map((half) => keys.sign('token', `${DEMO}:${half}:${tokenId}`));
  const body = halves.join('').replace(/[-_]/g, '').slice(0, 37);
  return `${TOKEN_PREFIX}${body}${tokenChecksum(body)}`;
}

function callerOf(organizationId: string): Caller {
  return { organizationId, actor: { type: 'system', id: null }, requestId: null };
}
