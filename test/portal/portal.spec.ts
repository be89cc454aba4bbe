import type { SubscriptionDto } from '../../src/purchases/subscriptions/subscriptions.dto.js';
import type { HeldSubscriptionPage } from '../../src/portal/portal.dto.js';
import type { CustomerSeatDto, SeatsListDto } from '../../src/seats/seats.dto.js';
import { type Answer, startApp, type Tenant, type TestApp } from '../support/app.js';
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
let subscription: SubscriptionDto;
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
const tryAssign = (more: object = {}) =>
  post({ subscription_id: subscription.id, email: newEmail(), ...more });
/** Assigns a seat. Fails the test if the assignment is refused. */
const assignSeat = async (more: object = {}): Promise<CustomerSeatDto> => {
  const answer = await tryAssign(more);
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
  return answer.body;
};
const list = (query = `?subscription_id=${subscription.id}`) =>
  api.call('GET', PORTAL + query, { token });
const seatsIn = (answer: Answer) => (answer.body as SeatsListDto).seats;

describe('The seat routes of the portal', () => {
  it('The portal shows a buyer the same seats as the organization', async () => {
    const seat = await assignSeat();
    await assignSeat();
    const organizationList = await tenant.call(
      'GET',
      `/v1/customer-seats?subscription_id=${subscription.id}`,
    );
    expect((await list()).body).toEqual(organizationList.body);
    const revoked = await api.call('DELETE', `${PORTAL}/${seat.id}`, { token });
    expect(revoked.body).toMatchObject({ id: seat.id, status: 'revoked', email: null });
  });

  it('The events of a session have the session as their actor', async () => {
    const { id } = await assignSeat();
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
      ['assigned', 'invitation_resent', 'revoked'].map((name) => {
        return { type: `customer_seat.${name}`, actor_type: 'session', customer_id };
      }),
    );
  });

  it('Filters and pages work as for an organization', async () => {
    const first = await assignSeat();
    await assignSeat();
    const page = await list(`?subscription_id=${subscription.id}&limit=1`);
    expect(seatsIn(page)).toHaveLength(1);
    expect(page.body.next_cursor).not.toBeNull();
    const filtered = await list(`?subscription_id=${subscription.id}&email=${first.email}`);
    expect(seatsIn(filtered)).toEqual([first]);
  });

  it('A list without a container is a BadRequest', async () => {
    expect(errorOf(await list(''))).toEqual([400, 'BadRequest']);
  });

  it('The response to an assignment never contains the invitation', async () => {
    const body = { subscription_id: subscription.id, email: newEmail() };
    const asked = await api.call('POST', `${PORTAL}?include=invitation`, { token, body });
    expect(asked.status).toBe(422);
    const answer = await api.call('POST', PORTAL, { token, body });
    expect(answer.status).toBe(200);
    expect(answer.body).not.toHaveProperty('invitation');
  });

  it('An assignment follows the same rules as for an organization', async () => {
    expect(problems(await post({ email: newEmail() }))).toEqual([['value_error', 'body']]);
    const email = newEmail();
    await assignSeat({ email });
    expect(errorOf(await tryAssign({ email }))).toEqual([400, 'SeatAlreadyAssigned']);
    await assignSeat();
    await assignSeat();
    expect(errorOf(await tryAssign())).toEqual([400, 'SeatNotAvailable']);
  });

  it('The checkout of another buyer is not found, whatever its status', async () => {
    const { customer_id, product_id } = await tenant.subscription(1);
    for (const status of ['open', 'succeeded']) {
      const body = { product_id, customer_id, seats: 1, status };
      const checkout = await tenant.create('checkouts', body);
      const answer = await post({ checkout_id: checkout.id, email: newEmail() });
      expect(errorOf(answer)).toEqual([404, 'ResourceNotFound']);
    }
  });

  it('A checkout of the buyer names its order', async () => {
    const { customer_id, product_id } = subscription;
    const checkout = await tenant.create('checkouts', {
      product_id,
      seats: 1,
      status: 'succeeded',
    });
    const bought = await tenant.create('orders', {
      ...{ product_id, customer_id, seats: 1, checkout_id: checkout.id },
    });
    const answer = await post({ checkout_id: checkout.id, email: newEmail() });
    expect(answer.body).toMatchObject({ order_id: bought.id });
  });

  it.each([
    [true, 400, 'InvalidSeatAssignmentRequest'],
    [false, 404, 'CustomerNotFound'],
  ])(
    'A customer outside of the buyer’s team is not found (member_model_enabled: %s)',
    async (member_model_enabled, status, error) => {
      await setOrganization(api, tenant, { member_model_enabled });
      const body = { email: newEmail(), external_id: 'stranger' };
      const { id } = await tenant.create('customers', body);
      const byId = await tryAssign({ email: undefined, customer_id: id });
      expect(errorOf(byId)).toEqual([status, error]);
      const byExternalId = await tryAssign({ email: undefined, external_customer_id: 'stranger' });
      expect(errorOf(byExternalId)).toEqual([status, error]);
    },
  );

  it('The buyer and customers who are members of the buyer can get a seat', async () => {
    await setOrganization(api, tenant, { member_model_enabled: false });
    const email = newEmail();
    const customer = await tenant.create('customers', { email });
    await newMember(tenant, subscription.customer_id, 'member', { email });
    const buyer = await tryAssign({ email: undefined, customer_id: subscription.customer_id });
    expect(buyer.status).toBe(200);
    const seat = await assignSeat({ email: undefined, customer_id: customer.id });
    expect(seat).toMatchObject({ email });
  });

  it('An idempotency key belongs to the customer of the session', async () => {
    const headers = { 'idempotency-key': 'invite-1' };
    const body = { subscription_id: subscription.id, email: newEmail() };
    const first = await post(body, headers);
    const replayed = await post(body, headers);
    expect(replayed.body).toEqual(first.body);
    expect(replayed.headers['idempotent-replayed']).toBe('true');
    expect(seatsIn(await list())).toHaveLength(1);

    const other = await tenant.subscription(1);
    const answer = await api.call('POST', PORTAL, {
      token: await sessionFor(tenant, { customer_id: other.customer_id }),
      body: { subscription_id: other.id, email: newEmail() },
      headers,
    });
    expect(answer.status).toBe(200);
  });

  it('A member cannot replay the response to an owner', async () => {
    const headers = { 'idempotency-key': 'revoke-1' };
    const { id } = await assignSeat();
    await api.call('DELETE', `${PORTAL}/${id}`, { token, headers });
    const member = await newMember(tenant, subscription.customer_id);
    const answer = await api.call('DELETE', `${PORTAL}/${id}`, {
      token: await sessionFor(tenant, { member_id: member.id }),
      headers,
    });
    expect(answer.status).toBe(403);
  });

  it('While seats are disabled, own seats are a 403 and the seats of others a 404', async () => {
    const { id } = await assignSeat();
    const foreign = await newSeat(tenant);
    await setOrganization(api, tenant, { seats_enabled: false });
    expect(errorOf(await list())).toEqual([403, 'FeatureNotEnabled']);
    expect(errorOf(await tryAssign())).toEqual([403, 'FeatureNotEnabled']);
    for (const [seat, expected] of [
      [id, [403, 'FeatureNotEnabled']],
      [foreign.id, [404, 'ResourceNotFound']],
    ] as const) {
      const url = `${PORTAL}/${seat}`;
      expect(errorOf(await api.call('DELETE', url, { token }))).toEqual(expected);
      expect(errorOf(await api.call('POST', `${url}/resend`, { token }))).toEqual(expected);
    }
    expect((await list('/subscriptions')).status).toBe(200);
  });
});

describe('The subscriptions in which a person has a seat', () => {
  const listHeld = async (session: string, query = ''): Promise<HeldSubscriptionPage> =>
    (await api.call('GET', `${PORTAL}/subscriptions${query}`, { token: session })).body;

  it('A subscription is listed from the claim to the revocation of the seat', async () => {
    const email = newEmail();
    const seat = await assign(tenant, { subscription_id: subscription.id, email });
    const session = await sessionFor(tenant, { member_id: seat.member_id });
    expect((await listHeld(session)).items).toEqual([]);
    const { customer_session_token } = await claimed(api, seat);
    const { items, pagination } = await listHeld(customer_session_token);
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
    expect((await listHeld(session)).items).toEqual([]);
  });

  it('A buyer does not see the subscriptions in which only others have a seat', async () => {
    await assignSeat({ immediate_claim: true });
    expect((await listHeld(token)).items).toEqual([]);
    const { customer_id } = subscription;
    await assignSeat({ email: undefined, customer_id, immediate_claim: true });
    expect((await listHeld(token)).items).toMatchObject([{ id: subscription.id }]);
  });

  it('A person without the member model sees the subscriptions that others bought', async () => {
    await setOrganization(api, tenant, { member_model_enabled: false });
    const seat = await assign(tenant, { subscription_id: subscription.id, email: newEmail() });
    const { customer_session_token } = await claimed(api, seat);
    expect(customer_session_token).toMatch(/^seat_cst_/);
    expect((await listHeld(customer_session_token)).items).toMatchObject([{ id: subscription.id }]);
    expect((await listHeld(token)).items).toEqual([]);
  });

  it('The list is paginated, newest first', async () => {
    const { customer_id, product_id } = subscription;
    const member = await newMember(tenant, customer_id);
    const session = await sessionFor(tenant, { member_id: member.id });
    const ids: string[] = [];
    for (let n = 0; n < 3; n += 1) {
      api.clock.advance(1);
      const { id } = await tenant.create('subscriptions', { customer_id, product_id, seats: 1 });
      ids.unshift(id);
      const body = { subscription_id: id, member_id: member.id, immediate_claim: true };
      await assign(tenant, body);
    }
    const page = await listHeld(session, '?page=2&limit=2');
    expect(page.items.map(({ id }) => id)).toEqual(ids.slice(2));
    expect(page.pagination).toEqual({ total_count: 3, max_page: 2 });
  });
});
