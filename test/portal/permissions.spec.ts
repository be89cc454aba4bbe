import type { OrderDto } from '../../src/purchases/orders/orders.dto.js';
import type { SubscriptionDto } from '../../src/purchases/subscriptions/subscriptions.dto.js';
import type { CustomerSeatDto } from '../../src/seats/seats.dto.js';
import { type Answer, startApp, type Tenant, type TestApp } from '../support/app.js';
import { anonymous, assign, newEmail, newSeat, UNKNOWN_ID } from '../seats/fixtures.js';
import { newMember, PORTAL, sessionFor } from './fixtures.js';

/*
 * The permissions of every kind of token on every route of the portal.
 */

let api: TestApp;
let tenant: Tenant;
let subscription: SubscriptionDto;
let order: OrderDto;
const tokens: Record<string, string> = {};

beforeAll(async () => {
  api = await startApp();
  tenant = await api.tenant();
  subscription = await tenant.subscription(50);
  const { customer_id, product_id } = subscription;
  order = await tenant.create('orders', { customer_id, product_id, seats: 50 });
  const other = await tenant.subscription(5);
  const sessionWithRole = async (role: string) => {
    const { id } = await newMember(tenant, customer_id, role);
    return sessionFor(tenant, { member_id: id });
  };
  // The expired session is opened first; the others after its lifetime of one hour.
  tokens['an expired session'] = await sessionFor(tenant, { customer_id });
  api.clock.advance(3601);
  tokens['the session of the buyer'] = await sessionFor(tenant, { customer_id });
  tokens['the session of an owner'] = await sessionWithRole('owner');
  tokens['the session of a billing manager'] = await sessionWithRole('billing_manager');
  tokens['the session of a member'] = await sessionWithRole('member');
  tokens['the session of another buyer'] = await sessionFor(tenant, {
    customer_id: other.customer_id,
  });
  tokens['the session of another buyer’s owner'] = await sessionFor(tenant, {
    member_id: (await newMember(tenant, other.customer_id, 'owner')).id,
  });
  tokens['the session of a buyer of another organization'] = await (async () => {
    const otherTenant = await api.tenant();
    const { customer_id: id } = await otherTenant.subscription(1);
    return sessionFor(otherTenant, { customer_id: id });
  })();
  tokens['an access token'] = tenant.token;
  tokens['the session of a deleted member'] = await (async () => {
    const { id } = await newMember(tenant, customer_id, 'owner');
    const token = await sessionFor(tenant, { member_id: id });
    await tenant.call('DELETE', `/v1/members/${id}`);
    return token;
  })();
  tokens['no token'] = '';
});
afterAll(() => api?.close());

const newSeatOf = (container: object): Promise<CustomerSeatDto> =>
  assign(tenant, { ...container, email: newEmail() });
const inSubscription = () => ({ subscription_id: subscription.id });
const inOrder = () => ({ order_id: order.id });

const ROUTES: Record<string, (token: string | null) => Promise<Answer>> = {
  'list the seats of a subscription': (token) =>
    api.call('GET', `${PORTAL}?subscription_id=${subscription.id}`, { token }),
  'list the seats of an order': (token) =>
    api.call('GET', `${PORTAL}?order_id=${order.id}`, { token }),
  'assign a seat of a subscription': (token) =>
    api.call('POST', PORTAL, { token, body: { ...inSubscription(), email: newEmail() } }),
  'assign a seat of an order': (token) =>
    api.call('POST', PORTAL, { token, body: { ...inOrder(), email: newEmail() } }),
  'revoke a seat of a subscription': async (token) =>
    api.call('DELETE', `${PORTAL}/${(await newSeatOf(inSubscription())).id}`, { token }),
  'revoke a seat of an order': async (token) =>
    api.call('DELETE', `${PORTAL}/${(await newSeatOf(inOrder())).id}`, { token }),
  'resend an invitation of a subscription': async (token) =>
    api.call('POST', `${PORTAL}/${(await newSeatOf(inSubscription())).id}/resend`, { token }),
  'resend an invitation of an order': async (token) =>
    api.call('POST', `${PORTAL}/${(await newSeatOf(inOrder())).id}/resend`, { token }),
};

/** The responses to the seat routes, and to the route for own subscriptions, by kind of token. */
const EXPECTED: [token: string, seats: string, subscriptions: string][] = [
  ['the session of the buyer', '200', '200'],
  ['the session of an owner', '200', '200'],
  ['the session of a billing manager', '200', '200'],
  ['the session of a member', '403 NotPermitted', '200'],
  ['the session of another buyer', '404 ResourceNotFound', '200'],
  ['the session of another buyer’s owner', '404 ResourceNotFound', '200'],
  ['the session of a buyer of another organization', '404 ResourceNotFound', '200'],
  ['an access token', '401 invalid_token', '401 invalid_token'],
  ['an expired session', '401 invalid_token', '401 invalid_token'],
  ['the session of a deleted member', '401 invalid_token', '401 invalid_token'],
  ['no token', '401 Unauthorized', '401 Unauthorized'],
];

const CASES = EXPECTED.flatMap(([name, seats, subscriptions]): [string, string, string][] => [
  ...Object.keys(ROUTES).map((route): [string, string, string] => [name, route, seats]),
  [name, 'list own subscriptions', subscriptions],
]);

type SeatKeys = Pick<CustomerSeatDto, 'id' | 'subscription_id'>;

const SEAT_ROUTES: [name: string, method: string, path: (seat: SeatKeys) => string][] = [
  ['list', 'GET', ({ subscription_id }) => `?subscription_id=${subscription_id}`],
  ['revoke', 'DELETE', ({ id }) => `/${id}`],
  ['resend', 'POST', ({ id }) => `/${id}/resend`],
];

describe('Permissions in the portal', () => {
  it.each(CASES)('A request with %s to %s is a %s', async (name, route, expected) => {
    const call =
      ROUTES[route] ?? ((token) => api.call('GET', `${PORTAL}/subscriptions`, { token }));
    const { status, body } = await call(tokens[name] || null);
    expect(`${status} ${body.error ?? ''}`.trim()).toBe(expected);
  });

  it.each(SEAT_ROUTES)(
    'A %s answers for the seat of another buyer as for an unknown seat',
    async (_, method, path) => {
      const token = tokens['the session of another buyer'] as string;
      const seat: CustomerSeatDto = await newSeat(tenant);
      const foreign = await api.call(method, PORTAL + path(seat), { token });
      const unknownPath = path({ id: UNKNOWN_ID, subscription_id: UNKNOWN_ID });
      const unknown = await api.call(method, PORTAL + unknownPath, { token });
      const ids = [seat.id, seat.subscription_id as string];
      expect(anonymous(foreign, ...ids)).toEqual(anonymous(unknown));
    },
  );

  it('A demotion to the role member takes effect at once', async () => {
    const member = await newMember(tenant, subscription.customer_id, 'owner');
    const token = await sessionFor(tenant, { member_id: member.id });
    const list = ROUTES['list the seats of a subscription'] as (token: string) => Promise<Answer>;
    expect((await list(token)).status).toBe(200);
    await tenant.call('PATCH', `/v1/members/${member.id}`, { body: { role: 'member' } });
    expect((await list(token)).status).toBe(403);
  });

  it('The role is checked before the body', async () => {
    const token = tokens['the session of a member'] as string;
    const answer = await api.call('POST', PORTAL, { token, body: { email: 5 } });
    expect(answer.status).toBe(403);
  });
});
