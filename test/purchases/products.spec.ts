import { newEmail, tryAssign } from '../seats/fixtures.js';
import { startApp, type Tenant, type TestApp } from '../support/app.js';

let api: TestApp;
let tenant: Tenant;

beforeAll(async () => {
  api = await startApp();
});
afterAll(() => api.close());
beforeEach(async () => {
  tenant = await api.tenant();
});

test('a deleted product is answered as it was, and is a 404 from then on', async () => {
  const product = await tenant.create('products', { name: 'Pro', external_id: 'x' });
  const url = `/v1/products/${product.id}`;
  const deleted = await tenant.call('DELETE', url);
  expect([deleted.status, deleted.body]).toEqual([200, product]);
  const answers = [
    await tenant.call('GET', url),
    await tenant.call('GET', '/v1/products/external/x'),
    await tenant.call('PATCH', url, { body: { name: 'New' } }),
    await tenant.call('DELETE', url),
  ];
  expect(answers.map((each) => each.body.error)).toEqual(Array(4).fill('ResourceNotFound'));
  const list = await tenant.call('GET', '/v1/products');
  expect(list.body.pagination.total_count).toBe(0);
});

test('the external_id of a deleted product is free again, its id is not', async () => {
  const { id } = await tenant.create('products', { name: 'Pro', external_id: 'x' });
  await tenant.call('DELETE', `/v1/products/${id}`);
  await tenant.create('products', { name: 'Pro', external_id: 'x' });
  const again = await tenant.call('POST', '/v1/products', { body: { name: 'Pro', id } });
  expect(again.status).toBe(409);
});

test('what was sold of a deleted product goes on, and nothing new is sold of it', async () => {
  const subscription = await tenant.subscription(2);
  await tenant.call('DELETE', `/v1/products/${subscription.product_id}`);
  const assigned = await tryAssign(tenant, {
    subscription_id: subscription.id,
    email: newEmail(),
  });
  expect(assigned.status).toBe(200);
  const { product_id, customer_id } = subscription;
  const sale = await tenant.call('POST', '/v1/orders', {
    body: { product_id, customer_id, seats: 1 },
  });
  expect([sale.status, sale.body.detail]).toEqual([404, `There is no product ${product_id}.`]);
});
