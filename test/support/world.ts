import { newEmail } from '../seats/fixtures.js';
import type { Tenant } from './app.js';

/** The ids that requests name, one of each kind. */
export interface Ids {
  product: string;
  customer: string;
  member: string;
  checkout: string;
  subscription: string;
  order: string;
  seat: string;
  endpoint: string;
  event: string;
  accessToken: string;
  /** The external id of every object that has one. */
  external: string;
  email: string;
}

/** An organization with an object of each kind. */
export interface World {
  tenant: Tenant;
  ids: Ids;
  /** The token of the invitation of a second seat. */
  invitation: string;
  /** The sessions of the buyer and of a member of each role. */
  sessions: Record<'customer' | 'owner' | 'billing_manager' | 'member', string>;
}

/** Ids that no object has. */
export const UNKNOWN: Ids = {
  ...(Object.fromEntries(
    [
      'product',
      'customer',
      'member',
      'checkout',
      'subscription',
      'order',
      'seat',
      'endpoint',
      'event',
      'accessToken',
    ].map((name, index) => [name, `99999999-9999-4999-8999-99999999990${index}`]),
  ) as Omit<Ids, 'external' | 'email'>),
  external: 'ext-unknown',
  email: 'unknown@example.com',
};

/** Creates an object of each kind through the API. */
export async function furnish(tenant: Tenant): Promise<World> {
  const external_id = `ext-${tenant.slug}`;
  const email = newEmail();
  const product = await tenant.create('products', { name: 'Pro', external_id });
  const customer = await tenant.create('customers', { email: newEmail(), external_id });
  const customer_id = customer.id;
  const member = await tenant.create('members', { customer_id, email, external_id });
  const sold = { product_id: product.id, customer_id };
  const checkout = await tenant.create('checkouts', {
    ...sold,
    seats: 50,
    status: 'succeeded',
    external_id,
  });
  const purchase = { ...sold, seats: 50, external_id };
  const subscription = await tenant.create('subscriptions', {
    ...purchase,
    checkout_id: checkout.id,
  });
  const order = await tenant.create('orders', purchase);
  const endpoint = await tenant.create('webhooks/endpoints', {
    url: 'https://example.com/hook',
    events: ['customer_seat.assigned'],
  });
  const accessToken = await tenant.create('organization-access-tokens', {
    name: 'other',
    scopes: ['events:read'],
  });
  const assign = async (body: object) =>
    (
      await tenant.call('POST', '/v1/customer-seats?include=invitation', {
        body: { subscription_id: subscription.id, ...body },
      })
    ).body;
  const seat = await assign({ member_id: member.id });
  const second = await assign({ email: newEmail() });
  const { items } = (await tenant.call('GET', `/v1/events?seat_id=${seat.id}`)).body;
  const sessionOf = async (body: object) =>
    (await tenant.create('customer-sessions', body)).token as string;
  const sessionOfRole = async (role: string) => {
    const { id } = await tenant.create('members', { customer_id, email: newEmail(), role });
    return sessionOf({ member_id: id });
  };
  return {
    tenant,
    invitation: second.invitation.token,
    sessions: {
      customer: await sessionOf({ customer_id }),
      owner: await sessionOfRole('owner'),
      billing_manager: await sessionOfRole('billing_manager'),
      member: await sessionOfRole('member'),
    },
    ids: {
      product: product.id,
      customer: customer_id,
      member: member.id,
      checkout: checkout.id,
      subscription: subscription.id,
      order: order.id,
      seat: seat.id,
      endpoint: endpoint.id,
      event: items[0].id,
      accessToken: accessToken.id,
      external: external_id,
      email,
    },
  };
}

/** The id that a path parameter stands for, by the route's collection and the parameter's name. */
export function pathId(path: string, parameter: string): keyof Ids {
  if (parameter === 'external_id') return 'external';
  if (parameter === 'seat_id') return 'seat';
  const collections: Record<string, keyof Ids> = {
    products: 'product',
    customers: 'customer',
    members: 'member',
    checkouts: 'checkout',
    subscriptions: 'subscription',
    orders: 'order',
    endpoints: 'endpoint',
    events: 'event',
    'organization-access-tokens': 'accessToken',
  };
  const collection = path.split(`/{${parameter}}`)[0]?.split('/').at(-1) ?? '';
  const name = collections[collection];
  if (name === undefined) throw new Error(`${path}: add the collection ${collection}`);
  return name;
}
