import type { Tenant, TestApp } from '../support/app.js';
import { startApp } from '../support/app.js';
import {
  assign,
  errorOf,
  newEmail,
  newSeat,
  NOBODY,
  SEATS,
  setOrganization,
  tokenOf,
  tryAssign,
  wholeDatabase,
} from './fixtures.js';

let api: TestApp;
let owner: Tenant;
let stranger: Tenant;
let seat: any;

beforeAll(async () => {
  api = await startApp();
});
beforeEach(async () => {
  owner = await api.tenant();
  stranger = await api.tenant();
  seat = await newSeat(owner);
});
afterAll(() => api?.close());

const ROUTES: [name: string, method: string, path: (seat: any) => string][] = [
  ['list', 'GET', ({ subscription_id }) => `?subscription_id=${subscription_id}`],
  ['revoke', 'DELETE', ({ id }) => `/${id}`],
  ['resend', 'POST', ({ id }) => `/${id}/resend`],
];

test.each(ROUTES)('%s answers a stranger as if there were nothing', async (_, method, path) => {
  const foreign = await stranger.call(method, SEATS + path(seat));
  const unknown = await stranger.call(
    method,
    SEATS + path({ id: NOBODY, subscription_id: NOBODY }),
  );
  expect(errorOf(foreign)).toEqual([404, 'ResourceNotFound']);
  expect(foreign.body).toEqual(unknown.body);
});

test('what a stranger tries changes nothing', async () => {
  const url = `${SEATS}?subscription_id=${seat.subscription_id}`;
  const before = (await owner.call('GET', url)).body;
  for (const [, method, path] of ROUTES) await stranger.call(method, SEATS + path(seat));
  const body = { subscription_id: seat.subscription_id, email: newEmail() };
  await stranger.call('POST', SEATS, { body });
  expect((await owner.call('GET', url)).body).toEqual(before);
});

test('a stranger cannot name a member or a customer of somebody else', async () => {
  const { id } = await stranger.subscription(1);
  const give = (body: object) =>
    stranger.call('POST', SEATS, { body: { subscription_id: id, ...body } });
  expect(errorOf(await give({ member_id: seat.member_id }))).toEqual([404, 'MemberNotFound']);
  expect(errorOf(await give({ customer_id: seat.customer_id }))).toEqual([
    400,
    'InvalidSeatAssignmentRequest',
  ]);
});

test('the same external ids and e-mails may be used by every tenant', async () => {
  const people = { external_member_id: 'e-1', email: 'ada@example.com' };
  const seats = [];
  for (const tenant of [owner, stranger]) {
    const { id } = await tenant.subscription(1);
    seats.push(await assign(tenant, { subscription_id: id, ...people }));
  }
  expect(seats[0].member_id).not.toBe(seats[1].member_id);
});

test('the same ids may be used by every tenant, and each sees its own', async () => {
  const ids = { id: NOBODY };
  const mine = await owner.subscription(1, ids);
  const theirs = await stranger.subscription(2, ids);
  expect(mine.id).toBe(theirs.id);
  await assign(owner, { subscription_id: NOBODY, email: 'ada@example.com' });
  const url = `${SEATS}?subscription_id=${NOBODY}`;
  expect((await owner.call('GET', url)).body).toMatchObject({ total_seats: 1, available_seats: 0 });
  expect((await stranger.call('GET', url)).body).toEqual({
    seats: [],
    total_seats: 2,
    available_seats: 2,
  });
});

describe('where every id is used by two tenants', () => {
  const [CUSTOMER, MEMBER, PRODUCT, CHECKOUT, SUBSCRIPTION, ORDER, SEAT] = Array.from(
    { length: 7 },
    (_, index) => NOBODY.replace(/1$/, String(index + 2)),
  ) as [string, string, string, string, string, string, string];
  const POOLS = {
    [SUBSCRIPTION]: NOBODY.replace(/1$/, 'a'),
    [ORDER]: NOBODY.replace(/1$/, 'b'),
  };

  /** The same objects for each, but for what is written in them. The stranger's are older. */
  async function furnish(tenant: Tenant, seats: number): Promise<void> {
    const customer = { id: CUSTOMER, email: newEmail(), external_id: 'c' };
    await tenant.create('customers', customer);
    await tenant.create('products', { id: PRODUCT, name: 'Pro' });
    const ids = { customer_id: CUSTOMER, product_id: PRODUCT };
    await tenant.create('members', { id: MEMBER, customer_id: CUSTOMER, email: newEmail() });
    const checkout = { id: CHECKOUT, product_id: PRODUCT, status: 'succeeded' };
    await tenant.create('checkouts', checkout);
    const sold = { ...ids, checkout_id: CHECKOUT, seats };
    await tenant.create('subscriptions', { ...sold, id: SUBSCRIPTION });
    await tenant.create('orders', { ...sold, id: ORDER });
    for (const [sold, pool] of Object.entries(POOLS)) {
      await api.database.sql(
        `UPDATE pools SET id = $3 WHERE organization_id = $1 AND $2 IN (subscription_id, order_id)`,
        [tenant.id, sold, pool],
      );
    }
    const given = await assign(tenant, { subscription_id: SUBSCRIPTION, member_id: MEMBER });
    await api.database.sql(`UPDATE seats SET id = $1 WHERE id = $2`, [SEAT, given.id]);
    await assign(tenant, { order_id: ORDER, member_id: MEMBER });
  }

  const rowsOf = async (tenant: Tenant) =>
    (await wholeDatabase(api))
      .split('\n')
      .filter((row) => row.includes(tenant.id))
      .sort();

  beforeEach(async () => {
    await furnish(stranger, 7);
    await furnish(owner, 5);
  });

  test.each<[what: string, method: string, path: string, body: object]>([
    ['a revoke', 'DELETE', `customer-seats/${SEAT}`, {}],
    ['a resend', 'POST', `customer-seats/${SEAT}/resend`, {}],
    ['a revoke of many', 'POST', 'customer-seats/bulk-revoke', { seat_ids: [SEAT] }],
    ['a change of metadata', 'PATCH', `customer-seats/${SEAT}`, { metadata: { a: 1 } }],
    ['an assign', 'POST', 'customer-seats', { checkout_id: CHECKOUT, email: newEmail() }],
    ['a new e-mail', 'PATCH', `members/${MEMBER}`, { email: newEmail() }],
    ['the end of a member', 'DELETE', `members/${MEMBER}`, {}],
    ['another size', 'PATCH', `subscriptions/${SUBSCRIPTION}`, { seats: 6 }],
    ['too small a size', 'PATCH', `orders/${ORDER}`, { seats: 1, on_overflow: 'revoke_newest' }],
    ['a missed payment', 'PATCH', `subscriptions/${SUBSCRIPTION}`, { status: 'unpaid' }],
    ['the end of a subscription', 'DELETE', `subscriptions/${SUBSCRIPTION}`, {}],
    ['a refund', 'PATCH', `orders/${ORDER}`, { status: 'refunded' }],
  ])('%s of one leaves what the other has', async (_, method, path, body) => {
    const before = await rowsOf(stranger);
    const answer = await owner.call(method, `/v1/${path}`, { body });
    expect(answer.status).toBe(200);
    expect(await rowsOf(stranger)).toEqual(before);
  });

  test('the end of a customer is that of one, whatever the other has', async () => {
    await owner.call('DELETE', `/v1/subscriptions/${SUBSCRIPTION}`);
    const before = await rowsOf(stranger);
    const answer = await owner.call('DELETE', `/v1/customers/${CUSTOMER}`);
    expect(answer.status).toBe(200);
    expect(await rowsOf(stranger)).toEqual(before);
  });

  test('a checkout leads to the purchases of its own tenant', async () => {
    const give = async (tenant: Tenant) =>
      (await tryAssign(tenant, { checkout_id: CHECKOUT, email: newEmail() })).body;
    const gone = { body: { status: 'canceled' } };
    await api.database.sql(
      `UPDATE subscriptions SET checkout_id = NULL WHERE organization_id = $1`,
      [owner.id],
    );
    await stranger.call('PATCH', `/v1/subscriptions/${SUBSCRIPTION}`, gone);
    expect(await give(owner)).toMatchObject({ order_id: ORDER });
    await api.database.sql(`UPDATE orders SET checkout_id = NULL WHERE organization_id = $1`, [
      owner.id,
    ]);
    expect(await give(owner)).toMatchObject({ error: 'ResourceNotFound' });
  });

  test.each(['subscriptions', 'orders'])('%s show how full their own are', async (path) => {
    const id = path === 'orders' ? ORDER : SUBSCRIPTION;
    const seatsOf = async (tenant: Tenant) =>
      (await tenant.call('GET', `/v1/${path}/${id}`)).body.seats;
    expect([await seatsOf(owner), await seatsOf(stranger)]).toEqual([5, 7]);
  });

  describe.each([true, false])('with member_model_enabled %s', (member_model_enabled) => {
    const PERSON = NOBODY.replace(/1$/, 'c');

    test.each<[key: string, member: object, customer: object]>([
      ['member_id', { id: PERSON }, {}],
      ['external_member_id', { external_id: 'e' }, {}],
      ['email', { email: 'ada@example.com' }, { email: 'ada@example.com' }],
      ['customer_id', {}, { id: PERSON }],
      ['external_customer_id', {}, { external_id: 'e' }],
    ])('an assign by the same %s seats a person of its own', async (key, member, customer) => {
      const own = new Map<Tenant, string>();
      for (const tenant of [owner, stranger]) {
        await setOrganization(api, tenant, { member_model_enabled });
        const email = newEmail();
        const person = await tenant.create('members', { customer_id: CUSTOMER, email, ...member });
        await tenant.create('customers', { email, ...customer });
        own.set(tenant, person.email);
      }
      const values: object = { ...member, ...customer };
      const named = { [key]: Object.values(values)[0] };
      for (const [tenant, email] of own) {
        const seat = await assign(tenant, { order_id: ORDER, ...named });
        expect(seat.email).toBe(email);
        // Of two, since a person too many would push the second one off their place.
        const seats = [named, { email: newEmail() }];
        const body = { subscription_id: SUBSCRIPTION, seats };
        const many = (await tenant.call('POST', `${SEATS}/bulk`, { body })).body.seats;
        expect(many.map((each: any) => each.email)).toEqual([email, seats[1]?.['email']]);
      }
    });
  });
});

test('events belong to the tenant whose seat it is', async () => {
  await stranger.call('DELETE', `${SEATS}/${seat.id}`);
  const rows = await api.database.sql('SELECT organization_id FROM events WHERE seat_id = $1', [
    seat.id,
  ]);
  expect(rows).toEqual([{ organization_id: owner.id }]);
});

test('a claim needs no tenant: the token alone says whose seat it is', async () => {
  const token = await tokenOf(api, seat.id);
  const answer = await stranger.call('GET', `${SEATS}/claim/${token}`);
  expect(answer.body.organization_slug).toBe(owner.slug);
});
