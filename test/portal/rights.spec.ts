import type { Answer } from '../support/app.js';
import { startApp, type Tenant, type TestApp } from '../support/app.js';
import { assign, newEmail, newSeat } from '../seats/fixtures.js';
import { newMember, PORTAL, sessionFor } from './fixtures.js';

/*
 * Who may do what in the portal: every kind of token at every route.
 */

let api: TestApp;
let tenant: Tenant;
let subscription: any;
let order: any;
const tokens: Record<string, string> = {};

beforeAll(async () => {
  api = await startApp();
  tenant = await api.tenant();
  subscription = await tenant.subscription(50);
  const { customer_id, product_id } = subscription;
  order = await tenant.create('orders', { customer_id, product_id, seats: 50 });
  const other = await tenant.subscription(5);
  const ofRole = async (role: string) => {
    const { id } = await newMember(tenant, customer_id, role);
    return sessionFor(tenant, { member_id: id });
  };
  // The session that is to be expired comes first, the others when its hour is over.
  tokens['an expired session'] = await sessionFor(tenant, { customer_id });
  api.clock.advance(3601);
  tokens['the buyer'] = await sessionFor(tenant, { customer_id });
  tokens['an owner'] = await ofRole('owner');
  tokens['a billing manager'] = await ofRole('billing_manager');
  tokens['a member'] = await ofRole('member');
  tokens['another buyer'] = await sessionFor(tenant, { customer_id: other.customer_id });
  tokens['another buyer’s owner'] = await sessionFor(tenant, {
    member_id: (await newMember(tenant, other.customer_id, 'owner')).id,
  });
  tokens['a stranger’s buyer'] = await (async () => {
    const stranger = await api.tenant();
    const { customer_id: id } = await stranger.subscription(1);
    return sessionFor(stranger, { customer_id: id });
  })();
  tokens['an organization'] = tenant.token;
  tokens['a deleted member'] = await (async () => {
    const { id } = await newMember(tenant, customer_id, 'owner');
    const token = await sessionFor(tenant, { member_id: id });
    await tenant.call('DELETE', `/v1/members/${id}`);
    return token;
  })();
  tokens['nobody'] = '';
});
afterAll(() => api?.close());

const seatOf = (container: object) => assign(tenant, { ...container, email: newEmail() });
const inSubscription = () => ({ subscription_id: subscription.id });
const inOrder = () => ({ order_id: order.id });

const ROUTES: Record<string, (token: string | null) => Promise<Answer>> = {
  'list of a subscription': (token) =>
    api.call('GET', `${PORTAL}?subscription_id=${subscription.id}`, { token }),
  'list of an order': (token) => api.call('GET', `${PORTAL}?order_id=${order.id}`, { token }),
  'assign of a subscription': (token) =>
    api.call('POST', PORTAL, { token, body: { ...inSubscription(), email: newEmail() } }),
  'assign of an order': (token) =>
    api.call('POST', PORTAL, { token, body: { ...inOrder(), email: newEmail() } }),
  'revoke in a subscription': async (token) =>
    api.call('DELETE', `${PORTAL}/${(await seatOf(inSubscription())).id}`, { token }),
  'revoke in an order': async (token) =>
    api.call('DELETE', `${PORTAL}/${(await seatOf(inOrder())).id}`, { token }),
  'resend in a subscription': async (token) =>
    api.call('POST', `${PORTAL}/${(await seatOf(inSubscription())).id}/resend`, { token }),
  'resend in an order': async (token) =>
    api.call('POST', `${PORTAL}/${(await seatOf(inOrder())).id}/resend`, { token }),
};

const WHO: [who: string, answer: string, own: string][] = [
  ['the buyer', '200', '200'],
  ['an owner', '200', '200'],
  ['a billing manager', '200', '200'],
  ['a member', '403 NotPermitted', '200'],
  ['another buyer', '404 ResourceNotFound', '200'],
  ['another buyer’s owner', '404 ResourceNotFound', '200'],
  ['a stranger’s buyer', '404 ResourceNotFound', '200'],
  ['an organization', '401 invalid_token', '401 invalid_token'],
  ['an expired session', '401 invalid_token', '401 invalid_token'],
  ['a deleted member', '401 invalid_token', '401 invalid_token'],
  ['nobody', '401 Unauthorized', '401 Unauthorized'],
];

const table = WHO.flatMap(([who, answer, own]) => [
  ...Object.keys(ROUTES).map((route): [string, string, string] => [who, route, answer]),
  [who, 'own subscriptions', own] as [string, string, string],
]);

test.each(table)('%s, %s: %s', async (who, route, expected) => {
  const ask = ROUTES[route] ?? ((token) => api.call('GET', `${PORTAL}/subscriptions`, { token }));
  const { status, body } = await ask(tokens[who] || null);
  expect(`${status} ${body.error ?? ''}`.trim()).toBe(expected);
});

const FOREIGN: [string, string, (seat: any) => string, object?][] = [
  ['list', 'GET', ({ subscription_id }) => `?subscription_id=${subscription_id}`],
  ['revoke', 'DELETE', ({ id }) => `/${id}`],
  ['resend', 'POST', ({ id }) => `/${id}/resend`],
];

test.each(FOREIGN)('%s answers another buyer as if there were nothing', async (_, method, path) => {
  const token = tokens['another buyer'] as string;
  const nobody = '11111111-1111-4111-8111-111111111111';
  const seat = await newSeat(tenant);
  const foreign = await api.call(method, PORTAL + path(seat), { token });
  const unknown = await api.call(method, PORTAL + path({ id: nobody, subscription_id: nobody }), {
    token,
  });
  expect(foreign.body).toEqual(unknown.body);
});

test('a demotion takes effect at once', async () => {
  const member = await newMember(tenant, subscription.customer_id, 'owner');
  const token = await sessionFor(tenant, { member_id: member.id });
  const list = ROUTES['list of a subscription'] as (token: string) => Promise<Answer>;
  expect((await list(token)).status).toBe(200);
  await tenant.call('PATCH', `/v1/members/${member.id}`, { body: { role: 'member' } });
  expect((await list(token)).status).toBe(403);
});

test('the role counts before the schema', async () => {
  const token = tokens['a member'] as string;
  const answer = await api.call('POST', PORTAL, { token, body: { email: 5 } });
  expect(answer.status).toBe(403);
});
