import type { Tenant, TestApp } from '../support/app.js';
import { startApp } from '../support/app.js';
import {
  errorOf,
  newEmail,
  NOBODY,
  problems,
  SEAT_KEYS,
  setOrganization,
  tryAssign,
} from './fixtures.js';

let api: TestApp;
let tenant: Tenant;

beforeAll(async () => {
  api = await startApp();
});
beforeEach(async () => {
  tenant = await api.tenant();
});
afterAll(() => api?.close());

const open = async (more: object = {}) =>
  tenant.create('checkouts', { product_id: (await product()).id, status: 'succeeded', ...more });
const product = () => tenant.create('products', { name: 'Pro' });
const give = (checkout_id: string, more: object = {}) =>
  tryAssign(tenant, { checkout_id, email: newEmail(), ...more });

test('a succeeded checkout gives a seat of its subscription, and is not echoed', async () => {
  const checkout = await open();
  const subscription = await tenant.subscription(2, { checkout_id: checkout.id });
  const answer = await give(checkout.id);
  expect(answer.status).toBe(200);
  expect(Object.keys(answer.body).sort()).toEqual([...SEAT_KEYS].sort());
  expect(answer.body).toMatchObject({ subscription_id: subscription.id, order_id: null });
});

test('without a subscription its earliest order counts', async () => {
  const checkout = await open();
  const first = await tenant.order(1, { checkout_id: checkout.id });
  api.clock.advance(1);
  await tenant.order(1, { checkout_id: checkout.id });
  expect((await give(checkout.id)).body).toMatchObject({ order_id: first.id });
  expect(errorOf(await give(checkout.id))).toEqual([400, 'SeatNotAvailable']);
});

test('its subscription goes before its orders', async () => {
  const checkout = await open();
  await tenant.order(1, { checkout_id: checkout.id });
  const { id } = await tenant.subscription(1, { checkout_id: checkout.id });
  expect((await give(checkout.id)).body.subscription_id).toBe(id);
});

test('one that has led to no purchase is a 404', async () => {
  const checkout = await open();
  expect(errorOf(await give(checkout.id))).toEqual([404, 'ResourceNotFound']);
});

test.each(['open', 'confirmed', 'failed', 'expired'])(
  'one that is %s gives none',
  async (status) => {
    const checkout = await open({ status });
    await tenant.subscription(1, { checkout_id: checkout.id });
    expect(errorOf(await give(checkout.id))).toEqual([403, 'NotPermitted']);
  },
);

test('one of another tenant is one that does not exist', async () => {
  const checkout = await open();
  await tenant.subscription(1, { checkout_id: checkout.id });
  const other = await api.tenant();
  const body = { checkout_id: checkout.id, email: newEmail() };
  const foreign = await tryAssign(other, body);
  expect(errorOf(foreign)).toEqual([404, 'ResourceNotFound']);
  expect((await tryAssign(other, { ...body, checkout_id: NOBODY })).body).toEqual(foreign.body);
});

describe('the client secret', () => {
  test('may be sent', async () => {
    const checkout = await open();
    await tenant.subscription(1, { checkout_id: checkout.id });
    const answer = await give(checkout.id, { checkout_client_secret: checkout.client_secret });
    expect(answer.status).toBe(200);
  });

  test('must match when it is sent', async () => {
    const [checkout, other] = [await open(), await open()];
    await tenant.subscription(1, { checkout_id: checkout.id });
    for (const checkout_client_secret of ['x', other.client_secret]) {
      const answer = await give(checkout.id, { checkout_client_secret });
      expect(errorOf(answer)).toEqual([403, 'NotPermitted']);
    }
  });

  test('is never echoed', async () => {
    const checkout = await open();
    const sent = { checkout_client_secret: checkout.client_secret };
    const rule = await give(checkout.id, { ...sent, customer_id: NOBODY });
    const field = await give(checkout.id, { checkout_client_secret: [checkout.client_secret] });
    expect(problems(rule)).toEqual([['value_error', 'body']]);
    expect(problems(field)).toEqual([['string_type', 'body', 'checkout_client_secret']]);
    expect(JSON.stringify([rule.body, field.body])).not.toContain(checkout.client_secret);
  });

  test('does not open a checkout that has not succeeded', async () => {
    const checkout = await open({ status: 'open' });
    const answer = await give(checkout.id, { checkout_client_secret: checkout.client_secret });
    expect(errorOf(answer)).toEqual([403, 'NotPermitted']);
  });
});

test('with seats switched off it is a 403', async () => {
  const checkout = await open();
  await tenant.subscription(1, { checkout_id: checkout.id });
  await setOrganization(api, tenant, { seats_enabled: false });
  expect(errorOf(await give(checkout.id))).toEqual([403, 'FeatureNotEnabled']);
});
