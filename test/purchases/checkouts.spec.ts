import { randomUUID } from 'node:crypto';
import { newEmail, tryAssign } from '../seats/fixtures.js';
import { startApp, type Tenant, type TestApp } from '../support/app.js';

let api: TestApp;
let tenant: Tenant;
let product: any;

beforeAll(async () => {
  api = await startApp();
});
afterAll(() => api.close());
beforeEach(async () => {
  tenant = await api.tenant();
  product = await tenant.create('products', { name: 'Pro' });
});

const patch = (id: string, body: object) => tenant.call('PATCH', `/v1/checkouts/${id}`, { body });

describe('a checkout', () => {
  it('is open for 24 hours when it is new', async () => {
    const checkout = await tenant.create('checkouts', { product_id: product.id, seats: 4 });
    expect(checkout).toMatchObject({ status: 'open', seats: 4, customer_id: null });
    const life = Date.parse(checkout.expires_at) - Date.parse(checkout.created_at);
    expect(life).toBe(24 * 60 * 60 * 1000);
  });

  it('shows its client secret only to the token that created it', async () => {
    const checkout = await tenant.create('checkouts', { product_id: product.id, external_id: 'x' });
    expect(checkout.client_secret).toMatch(/^seat_cs_[\w-]{43}$/);
    const other = await tenant.tokenWith('checkouts:read', 'checkouts:write');
    const answers = async (token: string) => {
      const url = `/v1/checkouts/${checkout.id}`;
      const list = await api.call('GET', '/v1/checkouts', { token });
      return [
        (await api.call('GET', url, { token })).body.client_secret,
        (await api.call('GET', '/v1/checkouts/external/x', { token })).body.client_secret,
        (await api.call('PATCH', url, { token, body: {} })).body.client_secret,
        list.body.items[0].client_secret,
      ];
    };
    expect(await answers(tenant.token)).toEqual(Array(4).fill(checkout.client_secret));
    expect(await answers(other)).toEqual(Array(4).fill(null));
  });

  it('does not store its client secret in plain text', async () => {
    const { id, client_secret } = await tenant.create('checkouts', { product_id: product.id });
    const rows = await api.database.sql('SELECT * FROM checkouts WHERE id = $1', [id]);
    expect(JSON.stringify(rows)).not.toContain(client_secret.slice('seat_cs_'.length));
  });

  it("has a different client secret from another tenant's checkout with the same id", async () => {
    const id = randomUUID();
    const stranger = await api.tenant();
    const other = await stranger.create('products', { name: 'Pro' });
    const ours = await tenant.create('checkouts', { product_id: product.id, id });
    const theirs = await stranger.create('checkouts', { product_id: other.id, id });
    expect(ours.client_secret).not.toBe(theirs.client_secret);
  });

  it('leads to its order once it has succeeded, given its client secret', async () => {
    const checkout = await tenant.create('checkouts', { product_id: product.id });
    await patch(checkout.id, { status: 'succeeded' });
    const order = await tenant.order(2, { checkout_id: checkout.id });
    const assign = (secret: string) =>
      tryAssign(tenant, {
        checkout_id: checkout.id,
        checkout_client_secret: secret,
        email: newEmail(),
      });
    const good = await assign(checkout.client_secret);
    const bad = await assign('seat_cs_wrong');
    expect([good.status, good.body.order_id]).toEqual([200, order.id]);
    expect([bad.status, bad.body.error]).toEqual([403, 'NotPermitted']);
  });

  it.each(['succeeded', 'failed', 'expired'])('cannot leave the status %s', async (status) => {
    const { id } = await tenant.create('checkouts', { product_id: product.id, status });
    const left = await patch(id, { status: 'open' });
    expect([left.status, left.body.error]).toEqual([403, 'NotPermitted']);
    expect((await patch(id, { status })).status).toBe(200);
  });

  it('takes a customer later, who must be one of this tenant', async () => {
    const { id } = await tenant.create('checkouts', { product_id: product.id });
    const customer = await tenant.create('customers', {});
    const foreign = await (await api.tenant()).create('customers', {});
    const refused = await patch(id, { customer_id: foreign.id });
    expect([refused.status, refused.body.detail]).toEqual([
      404,
      `There is no customer with the id ${foreign.id}.`,
    ]);
    const told = await patch(id, { customer_id: customer.id, seats: null });
    expect(told.body).toMatchObject({ customer_id: customer.id, seats: null });
  });

  it('needs a product of this tenant', async () => {
    const foreign = await (await api.tenant()).create('products', { name: 'Pro' });
    const { status, body } = await tenant.call('POST', '/v1/checkouts', {
      body: { product_id: foreign.id },
    });
    expect([status, body.detail]).toEqual([404, `There is no product with the id ${foreign.id}.`]);
  });
});
