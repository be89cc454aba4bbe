import {
  assign,
  newEmail,
  UNKNOWN_ID,
  problems,
  setOrganization,
  tryAssign,
} from '../seats/fixtures.js';
import { startApp, type Tenant, type TestApp } from '../support/app.js';
import { eventsOf, seatsOf } from './fixtures.js';

let api: TestApp;
let tenant: Tenant;

beforeAll(async () => {
  api = await startApp();
});
afterAll(() => api.close());
beforeEach(async () => {
  tenant = await api.tenant();
});

const patch = (id: string, body: object) =>
  tenant.call('PATCH', `/v1/subscriptions/${id}`, { body });
const get = async (id: string) => (await tenant.call('GET', `/v1/subscriptions/${id}`)).body;
const inDays = (days: number) =>
  new Date(api.clock.now().getTime() + days * 86_400_000).toISOString();
const give = (id: string) => tryAssign(tenant, { subscription_id: id, email: newEmail() });

describe('a new subscription', () => {
  it('is active, and all its seats are available', async () => {
    const subscription = await tenant.subscription(5);
    expect(subscription).toMatchObject({
      status: 'active',
      seats: 5,
      assigned_seats: 0,
      available_seats: 5,
      checkout_id: null,
      current_period_end: null,
      cancel_at_period_end: false,
      canceled_at: null,
      ended_at: null,
      metadata: {},
    });
  });

  it.each([
    '0000-06-01T00:00:00Z',
    '0001-01-01T00:00:00+01:00',
    '9999-12-31T23:59:59-01:00',
    '+010000-01-01T00:00:00Z',
    '2026-13-01T00:00:00Z',
  ])('cannot have a period that ends at %s: 422', async (time) => {
    const body = {
      product_id: UNKNOWN_ID,
      customer_id: UNKNOWN_ID,
      seats: 1,
      current_period_end: time,
    };
    const answer = await tenant.call('POST', '/v1/subscriptions', { body });
    expect(problems(answer)).toEqual([['datetime_parsing', 'body', 'current_period_end']]);
  });

  it.each(['0001-01-01T00:00:00Z', '9999-12-31T23:59:59.999Z'])(
    'can have a period that ends at %s',
    async (time) => {
      const sold = await tenant.subscription(1, { current_period_end: time });
      expect(new Date(sold.current_period_end)).toEqual(new Date(time));
    },
  );

  it.each([0, -1, 1.5, '5x', null])('cannot have %p seats: 422', async (seats) => {
    const { product_id, customer_id } = await tenant.subscription(1);
    const { status, body } = await tenant.call('POST', '/v1/subscriptions', {
      body: { product_id, customer_id, seats },
    });
    expect([status, body.detail[0].loc]).toEqual([422, ['body', 'seats']]);
  });

  it.each([
    ['active', 200],
    ['trialing', 200],
    ['past_due', 200],
    ['incomplete', 400],
    ['incomplete_expired', 400],
    ['unpaid', 400],
    ['canceled', 400],
  ])('with the status %s answers an assignment with %i', async (status, expected) => {
    const subscription = await tenant.subscription(1, { status });
    expect((await give(subscription.id)).status).toBe(expected);
  });

  it('has ended when it is created as canceled', async () => {
    const subscription = await tenant.subscription(1, { status: 'canceled' });
    expect(subscription.canceled_at).toBe(subscription.created_at);
    expect(subscription.ended_at).toBe(subscription.created_at);
  });

  it.each(['product', 'customer', 'checkout'])(
    'needs a %s that exists in this tenant',
    async (thing) => {
      const stranger = await api.tenant();
      const foreignProduct = await stranger.create('products', { name: 'Pro' });
      const foreign = {
        product: foreignProduct,
        customer: await stranger.create('customers', {}),
        checkout: await stranger.create('checkouts', { product_id: foreignProduct.id }),
      }[thing];
      const product = await tenant.create('products', { name: 'Pro' });
      const customer = await tenant.create('customers', {});
      const { status, body } = await tenant.call('POST', '/v1/subscriptions', {
        body: {
          product_id: product.id,
          customer_id: customer.id,
          seats: 1,
          [`${thing}_id`]: foreign.id,
        },
      });
      expect([status, body]).toMatchObject([
        404,
        { error: 'ResourceNotFound', detail: `There is no ${thing} with the id ${foreign.id}.` },
      ]);
      expect((await tenant.call('GET', '/v1/subscriptions')).body.items).toEqual([]);
    },
  );

  it('cannot be for a deleted customer', async () => {
    const product = await tenant.create('products', { name: 'Pro' });
    const customer = await tenant.create('customers', {});
    await tenant.call('DELETE', `/v1/customers/${customer.id}`);
    const { status } = await tenant.call('POST', '/v1/subscriptions', {
      body: { product_id: product.id, customer_id: customer.id, seats: 1 },
    });
    expect(status).toBe(404);
  });
});

describe('the number of seats', () => {
  it('resizes the pool at once, with an event', async () => {
    const { id } = await tenant.subscription(1);
    await assign(tenant, { subscription_id: id, email: newEmail() });
    expect((await give(id)).status).toBe(400);
    const { status, body } = await patch(id, { seats: 3 });
    expect([status, body.seats, body.assigned_seats, body.available_seats]).toEqual([200, 3, 1, 2]);
    expect(body.modified_at).not.toBeNull();
    expect((await give(id)).status).toBe(200);
    const types = (await eventsOf(api, id)).map((event) => event.type);
    expect(types.filter((type) => type === 'subscription.seats_changed')).toHaveLength(1);
  });

  it('cannot be less than the assigned seats: a 400 names both numbers', async () => {
    const { id } = await tenant.subscription(5);
    for (let n = 0; n < 3; n += 1) {
      await assign(tenant, { subscription_id: id, email: newEmail() });
    }
    const refused = await patch(id, { seats: 2, metadata: { a: 1 } });
    expect([refused.status, refused.body.error]).toEqual([400, 'SeatsAlreadyAssigned']);
    expect(refused.body.detail).toMatch(/2.*3/);
    expect(await get(id)).toMatchObject({ seats: 5, metadata: {} });
    expect((await patch(id, { seats: 3 })).body).toMatchObject({ seats: 3, available_seats: 0 });
  });

  it('can be sent unchanged: a 200 without an event', async () => {
    const subscription = await tenant.subscription(5);
    const { status, body } = await patch(subscription.id, { seats: 5 });
    expect([status, body]).toEqual([200, subscription]);
    expect(await eventsOf(api, subscription.id)).toEqual([]);
  });

  it('must be 1 or more: 422', async () => {
    const { id } = await tenant.subscription(5);
    const { status, body } = await patch(id, { seats: 0 });
    expect(status).toBe(422);
    expect(body.detail).toEqual([
      {
        type: 'greater_than_equal',
        loc: ['body', 'seats'],
        msg: 'The field seats must be at least 1.',
        input: 0,
      },
    ]);
  });
});

describe('ending a subscription', () => {
  it.each([
    ['DELETE', undefined],
    ['PATCH', { status: 'canceled' }],
  ])('by %s revokes its seats in the same transaction', async (method, body) => {
    const { id } = await tenant.subscription(3);
    await assign(tenant, { subscription_id: id, email: newEmail() });
    await assign(tenant, { subscription_id: id, email: newEmail(), immediate_claim: true });
    const ended = await tenant.call(method, `/v1/subscriptions/${id}`, { body });
    expect(ended.status).toBe(200);
    expect(ended.body).toMatchObject({
      status: 'canceled',
      canceled_at: expect.any(String),
      ended_at: expect.any(String),
      seats: 3,
      assigned_seats: 0,
    });
    expect(await get(id)).toEqual(ended.body);
    const statuses = (await seatsOf(api, id)).map((seat) => seat.status);
    expect(statuses).toEqual(['revoked', 'revoked']);
    const told = (await eventsOf(api, id)).slice(2).map(({ type, reason }) => [type, reason]);
    expect(told).toEqual(Array(2).fill(['customer_seat.revoked', 'subscription_ended']));
    expect((await give(id)).body.error).toBe('SeatNotAvailable');
  });

  it('revokes the seats even with seats disabled', async () => {
    const { id } = await tenant.subscription(3);
    await assign(tenant, { subscription_id: id, email: newEmail() });
    await setOrganization(api, tenant, { seats_enabled: false });
    await tenant.call('DELETE', `/v1/subscriptions/${id}`);
    expect((await seatsOf(api, id)).map((seat) => seat.status)).toEqual(['revoked']);
  });

  it('by incomplete_expired revokes the seats as well', async () => {
    const { id } = await tenant.subscription(3);
    await assign(tenant, { subscription_id: id, email: newEmail() });
    const { body } = await patch(id, { status: 'incomplete_expired' });
    expect(body).toMatchObject({ ended_at: expect.any(String), canceled_at: null });
    expect((await seatsOf(api, id)).map((seat) => seat.status)).toEqual(['revoked']);
  });

  it('a second time is a 200 with the same body, without another event', async () => {
    const { id } = await tenant.subscription(3);
    const first = await tenant.call('DELETE', `/v1/subscriptions/${id}`);
    api.clock.advance(5);
    const answers = [
      await tenant.call('DELETE', `/v1/subscriptions/${id}`),
      await patch(id, { status: 'canceled' }),
    ];
    expect(answers.map((each) => [each.status, each.body])).toEqual(
      Array(2).fill([200, first.body]),
    );
  });

  it('is final: any later change is a 403', async () => {
    const { id } = await tenant.subscription(3);
    await tenant.call('DELETE', `/v1/subscriptions/${id}`);
    const bodies = [
      { status: 'active' },
      { status: 'incomplete_expired' },
      { seats: 9 },
      { metadata: { a: 1 } },
      { cancel_at_period_end: false },
      { status: 'canceled', external_id: 'x' },
    ];
    for (const body of bodies) {
      const answer = await patch(id, body);
      expect([answer.status, answer.body.error]).toEqual([403, 'AlreadyCanceledSubscription']);
    }
  });

  it('cannot be undone from incomplete_expired: PATCH and DELETE return 403 NotPermitted', async () => {
    const { id } = await tenant.subscription(3, { status: 'incomplete_expired' });
    const answers = [
      await patch(id, { status: 'active' }),
      await patch(id, { status: 'canceled' }),
      await tenant.call('DELETE', `/v1/subscriptions/${id}`),
    ];
    expect(answers.map((each) => [each.status, each.body.error])).toEqual(
      Array(3).fill([403, 'NotPermitted']),
    );
    expect((await patch(id, { status: 'incomplete_expired' })).status).toBe(200);
    expect((await patch(id, { seats: 9 })).body.error).toBe('AlreadyCanceledSubscription');
  });
});

describe('a status that allows no assignments', () => {
  it('keeps the assigned seats, and a later status allows assignments again', async () => {
    const { id } = await tenant.subscription(3);
    await assign(tenant, { subscription_id: id, email: newEmail() });
    const unpaid = await patch(id, { status: 'unpaid' });
    expect(unpaid.body).toMatchObject({ status: 'unpaid', assigned_seats: 1, ended_at: null });
    expect((await give(id)).status).toBe(400);
    await patch(id, { status: 'past_due' });
    expect((await give(id)).status).toBe(200);
  });
});

describe('cancel_at_period_end', () => {
  const PROBLEM = {
    type: 'value_error',
    loc: ['body'],
    msg: 'Send current_period_end: cancel_at_period_end needs it.',
  };

  it('needs a current_period_end: POST and PATCH are a 422 without one', async () => {
    const { id, product_id, customer_id } = await tenant.subscription(1);
    const post = await tenant.call('POST', '/v1/subscriptions', {
      body: { product_id, customer_id, seats: 1, cancel_at_period_end: true },
    });
    const alone = await patch(id, { cancel_at_period_end: true });
    await patch(id, { cancel_at_period_end: true, current_period_end: inDays(1) });
    const taken = await patch(id, { current_period_end: null });
    for (const answer of [post, alone, taken]) {
      expect(answer.status).toBe(422);
      expect(answer.body.detail).toEqual([expect.objectContaining(PROBLEM)]);
    }
  });

  it('keeps the seats until then, and can be withdrawn', async () => {
    const { id } = await tenant.subscription(2, { current_period_end: inDays(3) });
    await assign(tenant, { subscription_id: id, email: newEmail() });
    const { body } = await patch(id, { cancel_at_period_end: true });
    expect(body).toMatchObject({
      status: 'active',
      cancel_at_period_end: true,
      canceled_at: expect.any(String),
      ended_at: null,
      assigned_seats: 1,
    });
    const back = await patch(id, { cancel_at_period_end: false });
    expect(back.body).toMatchObject({ cancel_at_period_end: false, canceled_at: null });
  });

  it('ends the subscription at once when the period is over', async () => {
    const { id } = await tenant.subscription(2, { current_period_end: inDays(-1) });
    await assign(tenant, { subscription_id: id, email: newEmail() });
    const { body } = await patch(id, { cancel_at_period_end: true });
    expect(body).toMatchObject({
      status: 'canceled',
      ended_at: expect.any(String),
      assigned_seats: 0,
    });
    const created = await tenant.subscription(2, {
      current_period_end: inDays(-1),
      cancel_at_period_end: true,
    });
    expect(created.status).toBe('canceled');
  });
});

describe('concurrent requests', () => {
  it('leave no seats when seats are assigned while the subscription ends', async () => {
    const { id } = await tenant.subscription(50);
    const answers = await Promise.all([
      ...Array.from({ length: 20 }, () => give(id)),
      tenant.call('DELETE', `/v1/subscriptions/${id}`),
      ...Array.from({ length: 20 }, () => give(id)),
    ]);
    expect(answers.filter((each) => each.status === 500)).toEqual([]);
    expect(await get(id)).toMatchObject({ status: 'canceled', assigned_seats: 0 });
    const seats = await seatsOf(api, id);
    expect(seats.filter((seat) => seat.status !== 'revoked')).toEqual([]);
  });

  it('cannot reopen a subscription that ends at the same time', async () => {
    for (let round = 0; round < 10; round += 1) {
      const { id } = await tenant.subscription(1);
      const answers = await Promise.all([
        patch(id, { status: 'trialing' }),
        tenant.call('DELETE', `/v1/subscriptions/${id}`),
        patch(id, { status: 'past_due' }),
      ]);
      expect(answers.filter((each) => ![200, 403].includes(each.status))).toEqual([]);
      expect(await get(id)).toMatchObject({ status: 'canceled', ended_at: expect.any(String) });
    }
  });
});
