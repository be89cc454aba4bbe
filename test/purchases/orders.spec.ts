import { assign, newEmail, setOrganization, tryAssign } from '../seats/fixtures.js';
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

const patch = (id: string, body: object) => tenant.call('PATCH', `/v1/orders/${id}`, { body });
const get = async (id: string) => (await tenant.call('GET', `/v1/orders/${id}`)).body;
const give = (id: string) => tryAssign(tenant, { order_id: id, email: newEmail() });

describe('an order', () => {
  it('is paid when it is new, and all its seats are available', async () => {
    expect(await tenant.order(5)).toMatchObject({
      status: 'paid',
      seats: 5,
      assigned_seats: 0,
      available_seats: 5,
      checkout_id: null,
      metadata: {},
    });
  });

  it.each([
    ['paid', 200],
    ['partially_refunded', 200],
    ['pending', 400],
    ['refunded', 400],
    ['void', 400],
  ])('with the status %s answers an assignment with %i', async (status, expected) => {
    const order = await tenant.order(1, { status });
    expect((await give(order.id)).status).toBe(expected);
  });

  it('gives seats once it is paid', async () => {
    const { id } = await tenant.order(1, { status: 'pending' });
    expect((await patch(id, { status: 'paid' })).body.status).toBe('paid');
    expect((await give(id)).status).toBe(200);
  });

  it.each(['product', 'customer', 'checkout'])('needs a %s that exists', async (thing) => {
    const product = await tenant.create('products', { name: 'Pro' });
    const customer = await tenant.create('customers', {});
    const unknown = 'f47ac10b-58cc-4372-8567-0e02b2c3d479';
    const ids = { product_id: product.id, customer_id: customer.id, [`${thing}_id`]: unknown };
    const { status, body } = await tenant.call('POST', '/v1/orders', {
      body: { ...ids, seats: 1 },
    });
    expect([status, body.detail]).toEqual([404, `There is no ${thing} with the id ${unknown}.`]);
  });

  it('resizes its pool with one event; the same number of seats again writes none', async () => {
    const { id } = await tenant.order(1);
    await assign(tenant, { order_id: id, email: newEmail() });
    const { body } = await patch(id, { seats: 3 });
    expect(body).toMatchObject({ seats: 3, assigned_seats: 1, available_seats: 2 });
    expect((await patch(id, { seats: 3 })).body).toEqual(body);
    const types = (await eventsOf(api, id)).map((event) => event.type);
    expect(types).toEqual(['customer_seat.assigned', 'order.seats_changed']);
  });

  it('cannot have fewer seats than are assigned: a 400 names both numbers', async () => {
    const { id } = await tenant.order(5);
    await assign(tenant, { order_id: id, email: newEmail() });
    await assign(tenant, { order_id: id, email: newEmail() });
    const { status, body } = await patch(id, { seats: 1 });
    expect([status, body.error]).toEqual([400, 'SeatsAlreadyAssigned']);
    expect(body.detail).toMatch(/1.*2/);
    expect((await get(id)).seats).toBe(5);
  });

  it.each(['refunded', 'void'])('revokes its seats when it becomes %s', async (status) => {
    const { id } = await tenant.order(3);
    await assign(tenant, { order_id: id, email: newEmail() });
    await assign(tenant, { order_id: id, email: newEmail(), immediate_claim: true });
    await setOrganization(api, tenant, { seats_enabled: false });
    expect((await patch(id, { status })).body).toMatchObject({ status, assigned_seats: 0 });
    expect((await seatsOf(api, id)).map((seat) => seat.status)).toEqual(['revoked', 'revoked']);
    const told = (await eventsOf(api, id)).slice(2).map(({ type, reason }) => [type, reason]);
    expect(told).toEqual(Array(2).fill(['customer_seat.revoked', 'order_refunded']));
  });

  it('keeps its seats after a partial refund', async () => {
    const { id } = await tenant.order(3);
    await assign(tenant, { order_id: id, email: newEmail() });
    const { body } = await patch(id, { status: 'partially_refunded' });
    expect(body.assigned_seats).toBe(1);
  });

  it('changes only its external_id and metadata once it is final', async () => {
    const { id } = await tenant.order(3, { status: 'refunded' });
    for (const body of [{ status: 'paid' }, { status: 'void' }, { seats: 4 }]) {
      const answer = await patch(id, body);
      expect([answer.status, answer.body.error]).toEqual([403, 'NotPermitted']);
    }
    const repeated = await patch(id, { status: 'refunded', seats: 3, metadata: { a: 1 } });
    expect([repeated.status, repeated.body.metadata]).toEqual([200, { a: 1 }]);
  });

  it('cannot be deleted', async () => {
    const { id } = await tenant.order(1);
    expect((await tenant.call('DELETE', `/v1/orders/${id}`)).status).toBe(405);
    expect((await get(id)).id).toBe(id);
  });
});
