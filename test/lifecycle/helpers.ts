import { assign, newEmail } from '../seats/fixtures.js';
import type { Answer, Tenant, TestApp } from '../support/app.js';

/** What holds of subscriptions and orders alike, told for each of them. */
export interface Purchase {
  path: 'subscriptions' | 'orders';
  key: 'subscription_id' | 'order_id';
  /** A PATCH that is the end of it. */
  end: object;
  /** Why its seats are revoked then. */
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

/** A purchase of `seats` seats with a product and a buyer of its own. */
export function sell(tenant: Tenant, { path }: Purchase, seats: number, more = {}): Promise<any> {
  return path === 'orders' ? tenant.order(seats, more) : tenant.subscription(seats, more);
}

export function patch(tenant: Tenant, kind: Purchase, id: string, body: object): Promise<Answer> {
  return tenant.call('PATCH', `/v1/${kind.path}/${id}`, { body });
}

/** Assigns one seat after the other; `p` is a pending one, `c` a claimed one. @returns their ids. */
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
