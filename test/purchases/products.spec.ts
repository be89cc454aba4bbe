import { assign, errorOf, newEmail } from '../seats/fixtures.js';
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

describe('deleting a product', () => {
  it('returns it as it was; later requests for it are a 404', async () => {
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

  it('frees its external_id, but not its id', async () => {
    const { id } = await tenant.create('products', { name: 'Pro', external_id: 'x' });
    await tenant.call('DELETE', `/v1/products/${id}`);
    await tenant.create('products', { name: 'Pro', external_id: 'x' });
    const again = await tenant.call('POST', '/v1/products', { body: { name: 'Pro', id } });
    expect(again.status).toBe(409);
  });

  describe('that was sold', () => {
    const remove = (id: string) => tenant.call('DELETE', `/v1/products/${id}`);
    const IN_USE = [409, 'Conflict'];

    it('is refused until every subscription of it has ended, so people keep their access', async () => {
      const { id, product_id } = await tenant.subscription(2);
      const { email } = await assign(tenant, {
        subscription_id: id,
        email: newEmail(),
        immediate_claim: true,
      });
      expect(errorOf(await remove(product_id))).toEqual(IN_USE);
      await tenant.call('PATCH', `/v1/products/${product_id}`, { body: { is_archived: true } });
      const access = await tenant.call('GET', `/v1/access?product_id=${product_id}&email=${email}`);
      expect(access.body.has_access).toBe(true);
      await tenant.call('PATCH', `/v1/subscriptions/${id}`, { body: { status: 'unpaid' } });
      expect(errorOf(await remove(product_id))).toEqual(IN_USE);
      await tenant.call('DELETE', `/v1/subscriptions/${id}`);
      expect((await remove(product_id)).status).toBe(200);
    });

    it('keeps the access of people when an earlier version deleted it', async () => {
      const { id, product_id } = await tenant.subscription(2);
      const { email } = await assign(tenant, {
        subscription_id: id,
        email: newEmail(),
        immediate_claim: true,
      });
      await api.database.sql('UPDATE products SET deleted_at = now() WHERE id = $1', [product_id]);
      const access = (person: string) =>
        tenant.call('GET', `/v1/access?product_id=${product_id}&email=${person}`);
      expect((await access(email)).body.has_access).toBe(true);
      expect((await access(newEmail())).status).toBe(404);
    });

    it('is refused while an order of it gives seats', async () => {
      const { id, product_id } = await tenant.order(2);
      expect(errorOf(await remove(product_id))).toEqual(IN_USE);
      await tenant.call('PATCH', `/v1/orders/${id}`, { body: { status: 'refunded' } });
      expect((await remove(product_id)).status).toBe(200);
    });

    it('keeps a pending order from giving seats, and prevents new orders', async () => {
      const { id, product_id, customer_id } = await tenant.order(2, { status: 'pending' });
      expect((await remove(product_id)).status).toBe(200);
      const paid = await tenant.call('PATCH', `/v1/orders/${id}`, { body: { status: 'paid' } });
      expect([paid.status, paid.body.error]).toEqual([403, 'NotPermitted']);
      const sale = await tenant.call('POST', '/v1/orders', {
        body: { product_id, customer_id, seats: 1 },
      });
      expect([sale.status, sale.body.detail]).toEqual([
        404,
        `There is no product with the id ${product_id}.`,
      ]);
    });

    it('never succeeds together with the payment of a pending order or a new subscription', async () => {
      for (let round = 0; round < 12; round += 1) {
        const { id, product_id, customer_id } = await tenant.order(2, { status: 'pending' });
        const body = { product_id, customer_id, seats: 1 };
        const [deleted, ...sales] = await Promise.all([
          remove(product_id),
          tenant.call('PATCH', `/v1/orders/${id}`, { body: { status: 'paid' } }),
          tenant.call('POST', '/v1/subscriptions', { body }),
        ]);
        const sold = sales.filter(({ status }) => status < 300).length;
        expect([round, deleted.status]).toEqual([round, sold > 0 ? 409 : 200]);
      }
    });
  });
});
