import { newEmail, type Seat, tokenOf } from '../seats/fixtures.js';
import type { Answer, Tenant } from '../support/app.js';
import type { Wire } from './wire.js';

/** The objects of one round: a pool of four seats, of which three are taken. */
export interface Scene {
  subscription: { id: string; customer_id: string; product_id: string; external_id: string };
  pending: Seat;
  /** The token of the pending seat's invitation. */
  token: string;
  claimed: Seat;
  other: Seat;
  newcomer: string;
  /** A string that is the same in one round only. */
  key: string;
}

export type Send = (method: string, path: string, body?: object, key?: string) => Promise<Answer>;

/**
 * Every operation that writes to a pool. A new one belongs in this table, which puts it into a race
 * with each of the others and with itself.
 */
export const OPERATIONS: Record<string, (send: Send, scene: Scene) => Promise<Answer>> = {
  'assign a newcomer': (send, { subscription, newcomer }) =>
    send('POST', 'customer-seats', { subscription_id: subscription.id, email: newcomer }),
  'assign at once by member': (send, { subscription, pending }) =>
    send('POST', 'customer-seats', {
      subscription_id: subscription.id,
      member_id: pending.member_id,
      immediate_claim: true,
    }),
  'assign with a key': (send, { subscription, newcomer, key }) =>
    send('POST', 'customer-seats', { subscription_id: subscription.id, email: newcomer }, key),
  'assign in bulk': (send, { subscription, newcomer, pending }) =>
    send('POST', 'customer-seats/bulk', {
      subscription_id: subscription.id,
      seats: [{ email: newcomer }, { email: pending.email }, { email: `second-${newcomer}` }],
    }),
  'assign all or none': (send, { subscription, newcomer }) =>
    send('POST', 'customer-seats/bulk', {
      subscription_id: subscription.id,
      mode: 'atomic',
      seats: [{ email: newcomer }, { email: `second-${newcomer}` }],
    }),
  claim: (send, { token }) => send('POST', 'customer-seats/claim', { invitation_token: token }),
  revoke: (send, { pending }) => send('DELETE', `customer-seats/${pending.id}`),
  'revoke with a key': (send, { claimed, key }) =>
    send('DELETE', `customer-seats/${claimed.id}`, undefined, key),
  'revoke in bulk': (send, { subscription, pending, claimed }) =>
    send('POST', 'customer-seats/bulk-revoke', {
      subscription_id: subscription.id,
      emails: [claimed.email, pending.email],
    }),
  'revoke all': (send, { subscription }) =>
    send('POST', 'customer-seats/bulk-revoke', { subscription_id: subscription.id, all: true }),
  replace: (send, { pending, newcomer }) =>
    send('POST', `customer-seats/${pending.id}/replace`, { email: newcomer }),
  resend: (send, { pending }) => send('POST', `customer-seats/${pending.id}/resend`),
  'change the metadata': (send, { pending, key }) =>
    send('PATCH', `customer-seats/${pending.id}`, { metadata: { key } }),
  shrink: (send, { subscription }) =>
    send('PATCH', `subscriptions/${subscription.id}`, { seats: 2 }),
  'shrink and keep': (send, { subscription }) =>
    send('PATCH', `subscriptions/${subscription.id}`, { seats: 1, on_overflow: 'keep' }),
  'shrink and revoke pending': (send, { subscription }) =>
    send('PATCH', `subscriptions/${subscription.id}`, { seats: 2, on_overflow: 'revoke_pending' }),
  'shrink and revoke the newest': (send, { subscription }) =>
    send('PATCH', `subscriptions/${subscription.id}`, { seats: 1, on_overflow: 'revoke_newest' }),
  'report the purchase': (send, { subscription }) =>
    send('PUT', `subscriptions/external/${subscription.external_id}`, {
      product_id: subscription.product_id,
      customer_id: subscription.customer_id,
      seats: 3,
    }),
  'end the purchase': (send, { subscription }) =>
    send('DELETE', `subscriptions/${subscription.id}`),
  'delete the member': (send, { pending }) => send('DELETE', `members/${pending.member_id}`),
  'change the e-mail': (send, { pending, newcomer }) =>
    send('PATCH', `members/${pending.member_id}`, { email: `new-${newcomer}` }),
};

/** Creates the objects of a round, for a buyer and a product that all rounds share. */
export async function newScene({ api }: Wire, tenant: Tenant, shared: object): Promise<Scene> {
  const key = newEmail().split('@')[0] as string;
  const sold = { ...shared, seats: 4, external_id: key };
  const subscription = await tenant.create('subscriptions', sold);
  const assign = async (more: object = {}): Promise<Seat> => {
    const body = { subscription_id: subscription.id, email: newEmail(), ...more };
    const { body: seat } = await tenant.call('POST', '/v1/customer-seats', { body });
    // If seats were created in the same millisecond, none of them would be the newest.
    api.clock.advance(0.001);
    return seat;
  };
  const claimed = await assign({ immediate_claim: true });
  const pending = await assign();
  const other = await assign({ immediate_claim: true });
  const token = await tokenOf(api, pending.id);
  return { subscription, pending, token, claimed, other, newcomer: newEmail(), key };
}

/** The state of a pool after a round, and the answers, without anything that differs by chance. */
export interface Outcome {
  answers: string[];
  pool: string;
  seats: string[];
  events: string[];
}

/** Reads the outcome. People have the names that they have in the scene. */
export async function outcomeOf(
  { api }: Wire,
  scene: Scene,
  answers: (Answer | undefined)[],
): Promise<Outcome> {
  const { subscription } = scene;
  const [pool] = await api.database.sql(
    'SELECT id, capacity, taken, active FROM pools WHERE subscription_id = $1',
    [subscription.id],
  );
  const seats = await api.database.sql(
    'SELECT id, status, email, metadata FROM seats WHERE pool_id = $1',
    [pool?.['id']],
  );
  const events = await api.database.sql(
    'SELECT type, reason, seat_id FROM events WHERE pool_id = $1',
    [pool?.['id']],
  );
  const named = [scene.pending, scene.claimed, scene.other];
  const nameOf = (id: string | null) =>
    ['pending', 'claimed', 'other'][named.findIndex((seat) => seat.id === id)] ?? 'another';
  const withoutChance = (text: unknown) => String(text).replaceAll(scene.key, 'key');
  const personOf = (email: string | null) =>
    email === null
      ? 'no person'
      : email.replace(scene.newcomer, 'newcomer').replace(/^[\da-f-]{13}@example.com$/, 'person');
  return {
    answers: answers.map((answer) =>
      answer === undefined ? 'not sent' : `${answer.status} ${answer.body?.error ?? ''}`,
    ),
    pool: `${pool?.['taken']} of ${pool?.['capacity']}, active: ${pool?.['active']}`,
    seats: seats
      .map(({ id, status, email, metadata }) =>
        [nameOf(id), status, personOf(email), withoutChance(JSON.stringify(metadata))].join(' '),
      )
      .sort(),
    events: events
      .map(({ type, reason, seat_id }) => [nameOf(seat_id), type, reason].join(' '))
      .sort(),
  };
}
