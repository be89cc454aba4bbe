import { startApp, type Tenant, type TestApp } from '../support/app.js';
import {
  assign,
  errorOf,
  newEmail,
  newSeat,
  anonymous,
  UNKNOWN_ID,
  type Seat,
  SEATS,
  setOrganization,
  type SubscriptionSeat,
  tokenOf,
  tryAssign,
  wholeDatabase,
} from '../seats/fixtures.js';

let api: TestApp;
let owner: Tenant;
let stranger: Tenant;
let seat: SubscriptionSeat;

beforeAll(async () => {
  api = await startApp();
});
beforeEach(async () => {
  owner = await api.tenant();
  stranger = await api.tenant();
  seat = await newSeat(owner);
});
afterAll(() => api?.close());

type SeatIds = Pick<SubscriptionSeat, 'id' | 'subscription_id'>;
const ROUTES: [name: string, method: string, path: (seat: SeatIds) => string][] = [
  ['list', 'GET', ({ subscription_id }) => `?subscription_id=${subscription_id}`],
  ['revoke', 'DELETE', ({ id }) => `/${id}`],
  ['resend', 'POST', ({ id }) => `/${id}/resend`],
];

describe('a seat of another tenant', () => {
  it.each(ROUTES)(
    'is answered with the same 404 as an unknown one: %s',
    async (_, method, path) => {
      const foreign = await stranger.call(method, SEATS + path(seat));
      const unknown = await stranger.call(
        method,
        SEATS + path({ id: UNKNOWN_ID, subscription_id: UNKNOWN_ID }),
      );
      expect(errorOf(foreign)).toEqual([404, 'ResourceNotFound']);
      expect(anonymous(foreign, seat.id, seat.subscription_id)).toEqual(anonymous(unknown));
    },
  );

  it('is not changed by any request of a stranger', async () => {
    const url = `${SEATS}?subscription_id=${seat.subscription_id}`;
    const before = (await owner.call('GET', url)).body;
    for (const [, method, path] of ROUTES) await stranger.call(method, SEATS + path(seat));
    const body = { subscription_id: seat.subscription_id, email: newEmail() };
    await stranger.call('POST', SEATS, { body });
    expect((await owner.call('GET', url)).body).toEqual(before);
  });

  it('has only events of its own tenant', async () => {
    await stranger.call('DELETE', `${SEATS}/${seat.id}`);
    const rows = await api.database.sql('SELECT organization_id FROM events WHERE seat_id = $1', [
      seat.id,
    ]);
    expect(rows).toEqual([{ organization_id: owner.id }]);
  });
});

describe('POST /v1/customer-seats', () => {
  it('refuses a member or a customer of another tenant', async () => {
    const { id } = await stranger.subscription(1);
    const give = (body: object) =>
      stranger.call('POST', SEATS, { body: { subscription_id: id, ...body } });
    expect(errorOf(await give({ member_id: seat.member_id }))).toEqual([404, 'MemberNotFound']);
    expect(errorOf(await give({ customer_id: seat.customer_id }))).toEqual([
      400,
      'InvalidSeatAssignmentRequest',
    ]);
  });
});

describe('two tenants', () => {
  it('may use the same external ids and e-mails', async () => {
    const people = { external_member_id: 'e-1', email: 'ada@example.com' };
    const seats: Seat[] = [];
    for (const tenant of [owner, stranger]) {
      const { id } = await tenant.subscription(1);
      seats.push(await assign(tenant, { subscription_id: id, ...people }));
    }
    const [mine, theirs] = seats as [Seat, Seat];
    expect(mine.member_id).not.toBe(theirs.member_id);
  });

  it('may use the same ids, and each sees its own objects', async () => {
    const ids = { id: UNKNOWN_ID };
    const mine = await owner.subscription(1, ids);
    const theirs = await stranger.subscription(2, ids);
    expect(mine.id).toBe(theirs.id);
    await assign(owner, { subscription_id: UNKNOWN_ID, email: 'ada@example.com' });
    const url = `${SEATS}?subscription_id=${UNKNOWN_ID}`;
    expect((await owner.call('GET', url)).body).toMatchObject({
      total_seats: 1,
      available_seats: 0,
    });
    expect((await stranger.call('GET', url)).body).toEqual({
      seats: [],
      total_seats: 2,
      available_seats: 2,
    });
  });
});

describe('two tenants with the same ids', () => {
  const [CUSTOMER, MEMBER, PRODUCT, CHECKOUT, SUBSCRIPTION, ORDER, SEAT] = Array.from(
    { length: 7 },
    (_, index) => UNKNOWN_ID.replace(/1$/, String(index + 2)),
  ) as [string, string, string, string, string, string, string];
  const POOLS = {
    [SUBSCRIPTION]: UNKNOWN_ID.replace(/1$/, 'a'),
    [ORDER]: UNKNOWN_ID.replace(/1$/, 'b'),
  };

  /** Creates the same objects for each tenant. Only their contents differ. */
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

  // The stranger's objects are older, so a query that forgets the tenant finds them first.
  beforeEach(async () => {
    await furnish(stranger, 7);
    await furnish(owner, 5);
  });

  it.each<[what: string, method: string, path: string, body: object]>([
    ['a revoke', 'DELETE', `customer-seats/${SEAT}`, {}],
    ['a resend', 'POST', `customer-seats/${SEAT}/resend`, {}],
    ['a bulk revoke', 'POST', 'customer-seats/bulk-revoke', { seat_ids: [SEAT] }],
    ['a change of metadata', 'PATCH', `customer-seats/${SEAT}`, { metadata: { a: 1 } }],
    ['an assign', 'POST', 'customer-seats', { checkout_id: CHECKOUT, email: newEmail() }],
    ['a new e-mail', 'PATCH', `members/${MEMBER}`, { email: newEmail() }],
    ['the deletion of a member', 'DELETE', `members/${MEMBER}`, {}],
    ['a new size', 'PATCH', `subscriptions/${SUBSCRIPTION}`, { seats: 6 }],
    [
      'a size that is too small',
      'PATCH',
      `orders/${ORDER}`,
      { seats: 1, on_overflow: 'revoke_newest' },
    ],
    ['a missed payment', 'PATCH', `subscriptions/${SUBSCRIPTION}`, { status: 'unpaid' }],
    ['the deletion of a subscription', 'DELETE', `subscriptions/${SUBSCRIPTION}`, {}],
    ['a refund', 'PATCH', `orders/${ORDER}`, { status: 'refunded' }],
  ])('are independent: %s changes nothing of the other tenant', async (_, method, path, body) => {
    const before = await rowsOf(stranger);
    const answer = await owner.call(method, `/v1/${path}`, { body });
    expect(answer.status).toBe(200);
    expect(await rowsOf(stranger)).toEqual(before);
  });

  it('are independent: the deletion of a customer changes nothing of the other tenant', async () => {
    await owner.call('DELETE', `/v1/subscriptions/${SUBSCRIPTION}`);
    const before = await rowsOf(stranger);
    const answer = await owner.call('DELETE', `/v1/customers/${CUSTOMER}`);
    expect(answer.status).toBe(200);
    expect(await rowsOf(stranger)).toEqual(before);
  });

  it('find only their own purchases by a checkout', async () => {
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

  it.each(['subscriptions', 'orders'])('see the size of their own %s', async (path) => {
    const id = path === 'orders' ? ORDER : SUBSCRIPTION;
    const seatsOf = async (tenant: Tenant) =>
      (await tenant.call('GET', `/v1/${path}/${id}`)).body.seats;
    expect([await seatsOf(owner), await seatsOf(stranger)]).toEqual([5, 7]);
  });

  describe.each([true, false])('with member_model_enabled %s', (member_model_enabled) => {
    const PERSON = UNKNOWN_ID.replace(/1$/, 'c');

    it.each<[key: string, member: object, customer: object]>([
      ['member_id', { id: PERSON }, {}],
      ['external_member_id', { external_id: 'e' }, {}],
      ['email', { email: 'ada@example.com' }, { email: 'ada@example.com' }],
      ['customer_id', {}, { id: PERSON }],
      ['external_customer_id', {}, { external_id: 'e' }],
    ])('seat their own person when they assign by the same %s', async (key, member, customer) => {
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
        // Two items, because a second person found for the first item would displace the second item.
        const seats = [named, { email: newEmail() }];
        const body = { subscription_id: SUBSCRIPTION, seats };
        const many = (await tenant.call('POST', `${SEATS}/bulk`, { body })).body.seats;
        expect(many.map((each: Seat) => each.email)).toEqual([email, seats[1]?.['email']]);
      }
    });
  });
});

describe('GET /v1/customer-seats/claim/{invitation_token}', () => {
  it('finds the seat by the token alone', async () => {
    const token = await tokenOf(api, seat.id);
    const answer = await stranger.call('GET', `${SEATS}/claim/${token}`);
    expect(answer.body.organization_slug).toBe(owner.slug);
  });
});
