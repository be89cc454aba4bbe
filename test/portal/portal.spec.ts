import { startApp, type Tenant, type TestApp } from '../support/app.js';
import {
  assign,
  claimed,
  errorOf,
  newEmail,
  newSeat,
  problems,
  setOrganization,
} from '../seats/fixtures.js';
import { newMember, PORTAL, sessionFor } from './fixtures.js';

let api: TestApp;
let tenant: Tenant;
let subscription: any;
let token: string;

beforeAll(async () => {
  api = await startApp();
});
beforeEach(async () => {
  tenant = await api.tenant();
  subscription = await tenant.subscription(3);
  token = await sessionFor(tenant, { customer_id: subscription.customer_id });
});
afterAll(() => api?.close());

const post = (body: object, headers = {}) => api.call('POST', PORTAL, { token, body, headers });
const give = (more: object = {}) =>
  post({ subscription_id: subscription.id, email: newEmail(), ...more });
const list = (query = `?subscription_id=${subscription.id}`) =>
  api.call('GET', PORTAL + query, { token });

test('what the portal shows of seats is what the organization sees', async () => {
  const seat = (await give()).body;
  await give();
  const ofOrganization = await tenant.call(
    'GET',
    `/v1/customer-seats?subscription_id=${subscription.id}`,
  );
  expect((await list()).body).toEqual(ofOrganization.body);
  const revoked = await api.call('DELETE', `${PORTAL}/${seat.id}`, { token });
  expect(revoked.body).toMatchObject({ id: seat.id, status: 'revoked', email: null });
});

test('what a session does is told as done by the session', async () => {
  const { id } = (await give()).body;
  await api.call('POST', `${PORTAL}/${id}/resend`, { token });
  await api.call('DELETE', `${PORTAL}/${id}`, { token });
  const rows = await api.database.sql(
    `SELECT e.type, e.actor_type, s.customer_id FROM events e
     LEFT JOIN customer_sessions s ON s.id::text = e.actor_id
     WHERE e.seat_id = $1 ORDER BY e.position`,
    [id],
  );
  const { customer_id } = subscription;
  expect(rows).toEqual(
    ['assigned', 'invitation_resent', 'revoked'].map((what) => {
      return { type: `customer_seat.${what}`, actor_type: 'session', customer_id };
    }),
  );
});

test('filters and pages work as for the organization', async () => {
  const first = (await give()).body;
  await give();
  const page = await list(`?subscription_id=${subscription.id}&limit=1`);
  expect(page.body.seats).toHaveLength(1);
  expect(page.body.next_cursor).not.toBeNull();
  const found = await list(`?subscription_id=${subscription.id}&email=${first.email}`);
  expect(found.body.seats).toEqual([first]);
});

test('a list needs a container', async () => {
  expect(errorOf(await list(''))).toEqual([400, 'BadRequest']);
});

test('the invitation is shown to nobody', async () => {
  const answer = await api.call('POST', `${PORTAL}?include=invitation`, {
    token,
    body: { subscription_id: subscription.id, email: newEmail() },
  });
  expect(answer.status).toBe(200);
  expect(answer.body).not.toHaveProperty('invitation');
});

test('an assignment is checked as that of an organization', async () => {
  expect(problems(await post({ email: newEmail() }))).toEqual([['value_error', 'body']]);
  const email = newEmail();
  await give({ email });
  expect(errorOf(await give({ email }))).toEqual([400, 'SeatAlreadyAssigned']);
  await give();
  await give();
  expect(errorOf(await give())).toEqual([400, 'SeatNotAvailable']);
});

test('the checkout of another buyer does not exist, whatever its state', async () => {
  const { customer_id, product_id } = await tenant.subscription(1);
  for (const status of ['open', 'succeeded']) {
    const body = { product_id, customer_id, seats: 1, status };
    const checkout = await tenant.create('checkouts', body);
    const answer = await post({ checkout_id: checkout.id, email: newEmail() });
    expect(errorOf(answer)).toEqual([404, 'ResourceNotFound']);
  }
});

test('a checkout of the buyer leads to what was bought', async () => {
  const { customer_id, product_id } = subscription;
  const checkout = await tenant.create('checkouts', { product_id, seats: 1, status: 'succeeded' });
  const bought = await tenant.create('orders', {
    ...{ product_id, customer_id, seats: 1, checkout_id: checkout.id },
  });
  const answer = await post({ checkout_id: checkout.id, email: newEmail() });
  expect(answer.body).toMatchObject({ order_id: bought.id });
});

test.each([
  [true, 400, 'InvalidSeatAssignmentRequest'],
  [false, 404, 'CustomerNotFound'],
])(
  'a customer whom the buyer does not know does not exist (members: %s)',
  async (member_model_enabled, status, error) => {
    await setOrganization(api, tenant, { member_model_enabled });
    const body = { email: newEmail(), external_id: 'somebody' };
    const { id } = await tenant.create('customers', body);
    expect(errorOf(await give({ email: undefined, customer_id: id }))).toEqual([status, error]);
    const byExternal = await give({ email: undefined, external_customer_id: 'somebody' });
    expect(errorOf(byExternal)).toEqual([status, error]);
  },
);

test('the buyer may take a seat, and give one to a customer among their people', async () => {
  await setOrganization(api, tenant, { member_model_enabled: false });
  const email = newEmail();
  const known = await tenant.create('customers', { email });
  await newMember(tenant, subscription.customer_id, 'member', { email });
  const own = await give({ email: undefined, customer_id: subscription.customer_id });
  expect(own.status).toBe(200);
  expect((await give({ email: undefined, customer_id: known.id })).body).toMatchObject({ email });
});

test('the same key does the work once, per customer', async () => {
  const headers = { 'idempotency-key': 'invite-1' };
  const body = { subscription_id: subscription.id, email: newEmail() };
  const first = await post(body, headers);
  const again = await post(body, headers);
  expect(again.body).toEqual(first.body);
  expect(again.headers['idempotent-replayed']).toBe('true');
  expect((await list()).body.seats).toHaveLength(1);

  const other = await tenant.subscription(1);
  const answer = await api.call('POST', PORTAL, {
    token: await sessionFor(tenant, { customer_id: other.customer_id }),
    body: { subscription_id: other.id, email: newEmail() },
    headers,
  });
  expect(answer.status).toBe(200);
});

test('a member cannot have the answer of an owner replayed', async () => {
  const headers = { 'idempotency-key': 'revoke-1' };
  const { id } = (await give()).body;
  await api.call('DELETE', `${PORTAL}/${id}`, { token, headers });
  const member = await newMember(tenant, subscription.customer_id);
  const answer = await api.call('DELETE', `${PORTAL}/${id}`, {
    token: await sessionFor(tenant, { member_id: member.id }),
    headers,
  });
  expect(answer.status).toBe(403);
});

test('with seats switched off, found seats are refused, unknown ones are not found', async () => {
  const { id } = (await give()).body;
  const foreign = await newSeat(tenant);
  await setOrganization(api, tenant, { seats_enabled: false });
  expect(errorOf(await list())).toEqual([403, 'FeatureNotEnabled']);
  expect(errorOf(await give())).toEqual([403, 'FeatureNotEnabled']);
  for (const [seat, expected] of [
    [id, [403, 'FeatureNotEnabled']],
    [foreign.id, [404, 'ResourceNotFound']],
  ]) {
    const url = `${PORTAL}/${seat}`;
    expect(errorOf(await api.call('DELETE', url, { token }))).toEqual(expected);
    expect(errorOf(await api.call('POST', `${url}/resend`, { token }))).toEqual(expected);
  }
  expect((await list('/subscriptions')).status).toBe(200);
});

describe('own subscriptions', () => {
  const heldBy = async (session: string, query = '') =>
    (await api.call('GET', `${PORTAL}/subscriptions${query}`, { token: session })).body;

  test('are those in which the person has claimed a seat', async () => {
    const email = newEmail();
    const seat = await assign(tenant, { subscription_id: subscription.id, email });
    const session = await sessionFor(tenant, { member_id: seat.member_id });
    expect((await heldBy(session)).items).toEqual([]);
    const { customer_session_token } = await claimed(api, seat);
    const { items, pagination } = await heldBy(customer_session_token);
    const { metadata: _, ...shown } = subscription;
    expect(items).toEqual([
      {
        ...shown,
        assigned_seats: 1,
        available_seats: 2,
        product: { id: subscription.product_id, name: 'Pro' },
      },
    ]);
    expect(pagination).toEqual({ total_count: 1, max_page: 1 });
    await tenant.call('DELETE', `/v1/customer-seats/${seat.id}`);
    expect((await heldBy(session)).items).toEqual([]);
  });

  test('of the buyer are not those that others hold', async () => {
    await give({ immediate_claim: true });
    expect((await heldBy(token)).items).toEqual([]);
    await give({ email: undefined, customer_id: subscription.customer_id, immediate_claim: true });
    expect((await heldBy(token)).items).toMatchObject([{ id: subscription.id }]);
  });

  test('of a person who is a customer of their own are those that others bought', async () => {
    await setOrganization(api, tenant, { member_model_enabled: false });
    const seat = await assign(tenant, { subscription_id: subscription.id, email: newEmail() });
    const { customer_session_token } = await claimed(api, seat);
    expect(customer_session_token).toMatch(/^seat_cst_/);
    expect((await heldBy(customer_session_token)).items).toMatchObject([{ id: subscription.id }]);
    expect((await heldBy(token)).items).toEqual([]);
  });

  test('come in pages, newest first', async () => {
    const { customer_id, product_id } = subscription;
    const member = await newMember(tenant, customer_id);
    const session = await sessionFor(tenant, { member_id: member.id });
    const ids = [];
    for (let n = 0; n < 3; n += 1) {
      api.clock.advance(1);
      const { id } = await tenant.create('subscriptions', { customer_id, product_id, seats: 1 });
      ids.unshift(id);
      const body = { subscription_id: id, member_id: member.id, immediate_claim: true };
      await assign(tenant, body);
    }
    const page = await heldBy(session, '?page=2&limit=2');
    expect(page.items.map(({ id }: any) => id)).toEqual(ids.slice(2));
    expect(page.pagination).toEqual({ total_count: 3, max_page: 2 });
  });
});
