import { startApp, type Tenant, type TestApp } from '../../support/app.js';
import {
  anonymous,
  errorOf,
  newEmail,
  UNKNOWN_ID,
  problems,
  SEAT_KEYS,
  setOrganization,
  tryAssign,
} from '../fixtures.js';

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

describe('POST /v1/customer-seats with a checkout', () => {
  it('assigns a seat of its subscription, and does not show the checkout', async () => {
    const checkout = await open();
    const subscription = await tenant.subscription(2, { checkout_id: checkout.id });
    const answer = await give(checkout.id);
    expect(answer.status).toBe(200);
    expect(Object.keys(answer.body).sort()).toEqual([...SEAT_KEYS].sort());
    expect(answer.body).toMatchObject({ subscription_id: subscription.id, order_id: null });
  });

  it('assigns a seat of its earliest order when it has no subscription', async () => {
    const checkout = await open();
    const first = await tenant.order(1, { checkout_id: checkout.id });
    api.clock.advance(1);
    await tenant.order(1, { checkout_id: checkout.id });
    expect((await give(checkout.id)).body).toMatchObject({ order_id: first.id });
    expect(errorOf(await give(checkout.id))).toEqual([400, 'SeatNotAvailable']);
  });

  it('prefers its subscription to its orders', async () => {
    const checkout = await open();
    await tenant.order(1, { checkout_id: checkout.id });
    const { id } = await tenant.subscription(1, { checkout_id: checkout.id });
    expect((await give(checkout.id)).body.subscription_id).toBe(id);
  });

  it('answers 404 when it led to no purchase', async () => {
    const checkout = await open();
    expect(errorOf(await give(checkout.id))).toEqual([404, 'ResourceNotFound']);
  });

  it.each(['open', 'confirmed', 'failed', 'expired'])(
    'answers 403 when it is %s',
    async (status) => {
      const checkout = await open({ status });
      await tenant.subscription(1, { checkout_id: checkout.id });
      expect(errorOf(await give(checkout.id))).toEqual([403, 'NotPermitted']);
    },
  );

  it('answers the same 404 for a checkout of another tenant and an unknown one', async () => {
    const checkout = await open();
    await tenant.subscription(1, { checkout_id: checkout.id });
    const other = await api.tenant();
    const body = { checkout_id: checkout.id, email: newEmail() };
    const foreign = await tryAssign(other, body);
    expect(errorOf(foreign)).toEqual([404, 'ResourceNotFound']);
    const unknown = await tryAssign(other, { ...body, checkout_id: UNKNOWN_ID });
    expect(anonymous(foreign, checkout.id)).toEqual(anonymous(unknown));
  });

  it('answers 403 when seats are switched off', async () => {
    const checkout = await open();
    await tenant.subscription(1, { checkout_id: checkout.id });
    await setOrganization(api, tenant, { seats_enabled: false });
    expect(errorOf(await give(checkout.id))).toEqual([403, 'FeatureNotEnabled']);
  });
});

describe('the client secret of a checkout', () => {
  it('is accepted when it matches', async () => {
    const checkout = await open();
    await tenant.subscription(1, { checkout_id: checkout.id });
    const answer = await give(checkout.id, { checkout_client_secret: checkout.client_secret });
    expect(answer.status).toBe(200);
  });

  it('is refused when it does not match', async () => {
    const [checkout, other] = [await open(), await open()];
    await tenant.subscription(1, { checkout_id: checkout.id });
    for (const checkout_client_secret of ['x', other.client_secret]) {
      const answer = await give(checkout.id, { checkout_client_secret });
      expect(errorOf(answer)).toEqual([403, 'NotPermitted']);
    }
  });

  it('is never shown in an error', async () => {
    const checkout = await open();
    const sent = { checkout_client_secret: checkout.client_secret };
    const rule = await give(checkout.id, { ...sent, customer_id: UNKNOWN_ID });
    const field = await give(checkout.id, { checkout_client_secret: [checkout.client_secret] });
    expect(problems(rule)).toEqual([['value_error', 'body']]);
    expect(problems(field)).toEqual([['string_type', 'body', 'checkout_client_secret']]);
    expect(JSON.stringify([rule.body, field.body])).not.toContain(checkout.client_secret);
  });

  it('does not open a checkout that has not succeeded', async () => {
    const checkout = await open({ status: 'open' });
    const answer = await give(checkout.id, { checkout_client_secret: checkout.client_secret });
    expect(errorOf(answer)).toEqual([403, 'NotPermitted']);
  });
});
