import { newEmail } from '../seats/fixtures.js';
import type { Tenant, TestApp } from '../support/app.js';

/** What the six objects have in common, told for each of them. */
export interface Kind {
  path: string;
  thing: string;
  /** Every key of the answer, and no other. */
  keys: string[];
  /** A body with all that POST needs, made for this tenant. */
  body(tenant: Tenant): Promise<Record<string, unknown>>;
  /** A PATCH that always changes something. */
  change: Record<string, unknown>;
  /** A key that may not be null, with the problem that null is. */
  required: [key: string, problem: string];
  metadata: boolean;
  deletable: boolean;
}

export const KINDS: Kind[] = [
  {
    path: 'products',
    thing: 'product',
    keys: ['id', 'name', 'external_id', 'metadata', 'is_archived'],
    body: async () => ({ name: 'Pro' }),
    change: { is_archived: true },
    required: ['name', 'string_type'],
    metadata: true,
    deletable: true,
  },
  {
    path: 'customers',
    thing: 'customer',
    keys: ['id', 'email', 'name', 'external_id', 'type', 'metadata'],
    body: async () => ({ email: newEmail() }),
    change: { name: 'Another' },
    required: ['type', 'enum'],
    metadata: true,
    deletable: true,
  },
  {
    path: 'members',
    thing: 'member',
    keys: ['id', 'customer_id', 'email', 'name', 'external_id', 'role'],
    body: async (tenant) => ({ customer_id: await buyerOf(tenant), email: newEmail() }),
    change: { role: 'billing_manager' },
    required: ['email', 'string_type'],
    metadata: false,
    deletable: true,
  },
  {
    path: 'subscriptions',
    thing: 'subscription',
    keys: [
      ...['id', 'external_id', 'product_id', 'customer_id', 'checkout_id', 'status', 'seats'],
      ...['assigned_seats', 'available_seats', 'current_period_end', 'cancel_at_period_end'],
      ...['canceled_at', 'ended_at', 'metadata'],
    ],
    body: purchase,
    change: { seats: 7 },
    required: ['seats', 'int_parsing'],
    metadata: true,
    deletable: false,
  },
  {
    path: 'orders',
    thing: 'order',
    keys: [
      ...['id', 'external_id', 'product_id', 'customer_id', 'checkout_id', 'status', 'seats'],
      ...['assigned_seats', 'available_seats', 'metadata'],
    ],
    body: purchase,
    change: { seats: 7 },
    required: ['status', 'enum'],
    metadata: true,
    deletable: false,
  },
  {
    path: 'checkouts',
    thing: 'checkout',
    keys: [
      ...['id', 'external_id', 'product_id', 'customer_id', 'seats', 'status', 'client_secret'],
      'expires_at',
    ],
    body: async (tenant) => ({ product_id: (await tenant.create('products', { name: 'P' })).id }),
    change: { seats: 7 },
    required: ['expires_at', 'datetime_parsing'],
    metadata: false,
    deletable: false,
  },
];

/** The one customer of a tenant that members of these tests belong to. */
async function buyerOf(tenant: Tenant): Promise<string> {
  const found = await tenant.call('GET', '/v1/customers/external/the-buyer');
  if (found.status === 200) return found.body.id;
  return (await tenant.create('customers', { external_id: 'the-buyer' })).id;
}

async function purchase(tenant: Tenant): Promise<Record<string, unknown>> {
  const product = await tenant.create('products', { name: 'Pro' });
  const customer = await tenant.create('customers', { email: newEmail() });
  return { product_id: product.id, customer_id: customer.id, seats: 5 };
}

/** The query that a member's external id is looked for with. */
export function externalQuery(kind: Kind, body: Record<string, unknown>): string {
  return kind.path === 'members' ? `?customer_id=${String(body['customer_id'])}` : '';
}

/** Who holds which seat of a container, around the service: revoked seats name nobody. */
export async function seatsOf(api: TestApp, containerId: string): Promise<any[]> {
  return api.database.sql(
    `SELECT s.id, s.status, s.email FROM seats s JOIN pools p ON p.id = s.pool_id
     WHERE $1 IN (p.subscription_id, p.order_id) ORDER BY s.created_at, s.id`,
    [containerId],
  );
}

/** The types and reasons of what was told of a container, in order. */
export async function eventsOf(api: TestApp, containerId: string): Promise<any[]> {
  return api.database.sql(
    `SELECT type, reason, data FROM events WHERE $1 IN (subscription_id, order_id)
     ORDER BY position`,
    [containerId],
  );
}
