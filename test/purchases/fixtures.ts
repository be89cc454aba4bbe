import { assign, newEmail } from '../seats/fixtures.js';
import type { Answer, Tenant, TestApp } from '../support/app.js';

/** An object of purchases, for the tests that hold for all six. */
export interface Kind {
  path: string;
  thing: string;
  /** The exact keys of a response, without created_at and modified_at. */
  keys: string[];
  /** A body for POST, with the objects it refers to created in this tenant. */
  body(tenant: Tenant): Promise<Record<string, unknown>>;
  /** The body of a PATCH that changes a new object. */
  change: Record<string, unknown>;
  /** A key that cannot be null, with the type of the problem for null. */
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

/** The id of the customer to whom the members of these tests belong. */
async function buyerOf(tenant: Tenant): Promise<string> {
  const existing = await tenant.call('GET', '/v1/customers/external/the-buyer');
  if (existing.status === 200) return existing.body.id;
  return (await tenant.create('customers', { external_id: 'the-buyer' })).id;
}

async function purchase(tenant: Tenant): Promise<Record<string, unknown>> {
  const product = await tenant.create('products', { name: 'Pro' });
  const customer = await tenant.create('customers', { email: newEmail() });
  return { product_id: product.id, customer_id: customer.id, seats: 5 };
}

/** The query string that GET …/external/{external_id} needs: members are unique per customer. */
export function externalQuery(kind: Kind, body: Record<string, unknown>): string {
  return kind.path === 'members' ? `?customer_id=${String(body['customer_id'])}` : '';
}

/** The seats of a container in the database, oldest first. */
export async function seatsOf(api: TestApp, containerId: string): Promise<any[]> {
  return api.database.sql(
    `SELECT s.id, s.status, s.email FROM seats s JOIN pools p ON p.id = s.pool_id
     WHERE $1 IN (p.subscription_id, p.order_id) ORDER BY s.created_at, s.id`,
    [containerId],
  );
}

/** The events of a container in the database, in the order of writing. */
export async function eventsOf(api: TestApp, containerId: string): Promise<any[]> {
  return api.database.sql(
    `SELECT type, reason, data FROM events WHERE $1 IN (subscription_id, order_id)
     ORDER BY position`,
    [containerId],
  );
}

/** A subscription or an order, for the tests that hold for both. */
export interface Purchase {
  path: 'subscriptions' | 'orders';
  key: 'subscription_id' | 'order_id';
  /** The body of a PATCH that ends it. */
  end: object;
  /** The reason in the events of its seats that are revoked at the end. */
  reason: string;
}

export const PURCHASES: Purchase[] = [
  {
    path: 'subscriptions',
    key: 'subscription_id',
    end: { status: 'canceled' },
    reason: 'subscription_ended',
  },
  { path: 'orders', key: 'order_id', end: { status: 'refunded' }, reason: 'order_refunded' },
];

/** Creates a purchase of `seats` seats, with a new product and a new customer. */
export function sell(tenant: Tenant, { path }: Purchase, seats: number, more = {}): Promise<any> {
  return path === 'orders' ? tenant.order(seats, more) : tenant.subscription(seats, more);
}

export function patch(tenant: Tenant, kind: Purchase, id: string, body: object): Promise<Answer> {
  return tenant.call('PATCH', `/v1/${kind.path}/${id}`, { body });
}

/** Assigns one seat per letter: `p` a pending one, `c` a claimed one. @returns their ids. */
export async function fill(
  tenant: Tenant,
  kind: Purchase,
  id: string,
  states: string,
): Promise<string[]> {
  const seats: string[] = [];
  for (const state of states) {
    const body = { [kind.key]: id, email: newEmail(), immediate_claim: state === 'c' };
    seats.push((await assign(tenant, body)).id);
  }
  return seats;
}

/** The state of each of these seats: `p`ending, `c`laimed or `r`evoked. */
export async function statesOf(api: TestApp, ids: string[]): Promise<string> {
  const rows = await api.database.sql('SELECT id, status FROM seats WHERE id = ANY($1)', [ids]);
  const states = new Map(rows.map((row) => [row['id'], row['status'][0]]));
  return ids.map((id) => states.get(id)).join('');
}
