import { jest } from '@jest/globals';
import { CustomersRepository } from '../../src/purchases/customers/customers.repository.js';
import { OrdersRepository } from '../../src/purchases/orders/orders.repository.js';
import { ProductsRepository } from '../../src/purchases/products/products.repository.js';
import { SubscriptionsRepository } from '../../src/purchases/subscriptions/subscriptions.repository.js';
import { eventsOf, seatsOf } from './fixtures.js';
import { assign, newEmail, tryAssign } from '../seats/fixtures.js';
import { startApp, type Tenant, type TestApp } from '../support/app.js';
import { fill, patch, PURCHASES, sell } from './fixtures.js';

let api: TestApp;
let tenant: Tenant;

beforeAll(async () => {
  api = await startApp();
});
afterAll(() => api.close());
beforeEach(async () => {
  tenant = await api.tenant();
});

/** Deletes a product whose purchases go on, as the previous release allowed. */
const deleteProductInUse = (id: string) =>
  api.database.sql('UPDATE products SET deleted_at = now() WHERE id = $1', [id]);

const inDays = (days: number) =>
  new Date(api.clock.now().getTime() + days * 86_400_000).toISOString();

describe.each(PURCHASES)('PUT /v1/$path/external/{external_id}', (kind) => {
  const url = `/v1/${kind.path}/external/`;
  const put = (body: object, name = 'bill-1') => tenant.call('PUT', url + name, { body });
  const inline = (more = {}) => ({
    product: { external_id: 'pro', name: 'Pro' },
    customer: { external_id: 'acme', email: 'buyer@acme.example', name: 'Acme' },
    seats: 5,
    ...more,
  });
  const all = async (path: string): Promise<any[]> =>
    (await tenant.call('GET', `/v1/${path}?limit=100`)).body.items;
  const named = async (path: string, name: string) =>
    (await tenant.call('GET', `/v1/${path}/external/${name}`)).body;

  it('creates the purchase (201), and changes nothing when it is repeated (200)', async () => {
    const first = await put(inline({ metadata: { a: 1 } }));
    expect([first.status, first.body.external_id, first.body.seats]).toEqual([201, 'bill-1', 5]);
    api.clock.advance(60);
    const events = await eventsOf(api, first.body.id);
    for (let n = 0; n < 3; n += 1) {
      const again = await put(inline({ metadata: { a: 1 } }));
      expect([again.status, again.body]).toEqual([200, first.body]);
    }
    expect(await eventsOf(api, first.body.id)).toEqual(events);
    for (const [path, name] of Object.entries({ products: 'pro', customers: 'acme' })) {
      expect((await named(path, name)).modified_at).toBeNull();
    }
  });

  it('creates the product, the customer and the owner', async () => {
    const { body } = await put(inline());
    const product = await named('products', 'pro');
    const customer = await named('customers', 'acme');
    expect(body).toMatchObject({ product_id: product.id, customer_id: customer.id });
    expect(product.name).toBe('Pro');
    expect(customer).toMatchObject({ email: 'buyer@acme.example', name: 'Acme' });
    expect(await all('members')).toEqual([
      expect.objectContaining({ email: 'buyer@acme.example', role: 'owner' }),
    ]);
  });

  it('updates the product and the customer, except for keys that are not sent', async () => {
    const first = await put(inline());
    const second = await put(
      inline({
        product: { external_id: 'pro', name: 'Pro 2' },
        customer: { external_id: 'acme', email: 'new@acme.example' },
      }),
    );
    expect([second.status, second.body]).toEqual([200, first.body]);
    expect((await named('products', 'pro')).name).toBe('Pro 2');
    expect(await named('customers', 'acme')).toMatchObject({
      email: 'new@acme.example',
      name: 'Acme',
    });
    expect((await all('members')).map(({ email }) => email)).toEqual(['new@acme.example']);
  });

  it('accepts ids, also together with an inline object', async () => {
    const { product_id, customer_id } = await sell(tenant, kind, 1);
    const byIds = await put({ product_id, customer_id, seats: 2 });
    expect([byIds.status, byIds.body]).toEqual([
      201,
      expect.objectContaining({ product_id, customer_id, seats: 2 }),
    ]);
    const { customer } = inline();
    const mixed = await put({ product_id, customer, seats: 2 }, 'bill-2');
    expect([mixed.status, mixed.body.product_id]).toEqual([201, product_id]);
  });

  it.each(['product', 'customer'])('needs the %s either inline or by its id: 422', async (name) => {
    const { product_id, customer_id } = await sell(tenant, kind, 1);
    const id = { product: product_id, customer: customer_id }[name];
    for (const wrong of [{ [name]: undefined }, { [`${name}_id`]: id }]) {
      const { status, body } = await put(inline(wrong));
      expect([status, body.detail.length, body.detail[0]]).toEqual([
        422,
        1,
        expect.objectContaining({
          type: 'value_error',
          loc: ['body'],
          msg: `Send exactly one of ${name} and ${name}_id.`,
        }),
      ]);
    }
  });

  it.each([
    [{ product: { name: 'Pro' } }, 'missing', ['product', 'external_id']],
    [{ product: { external_id: 'pro' } }, 'missing', ['product', 'name']],
    [{ product: 'pro' }, 'dict_type', ['product']],
    [{ customer: { email: 'a@example.com' } }, 'missing', ['customer', 'external_id']],
    [{ customer: { external_id: 'a', email: 'nobody' } }, 'value_error', ['customer', 'email']],
    [{ external_id: 'another' }, 'value_error', ['external_id']],
    [{ seats: undefined }, 'missing', ['seats']],
    [{ on_overflow: 'shrink' }, 'enum', ['on_overflow']],
  ])('reports the place of a problem: %j', async (wrong, type, loc) => {
    const { status, body } = await put(inline(wrong));
    expect([status, body.detail]).toEqual([
      422,
      [expect.objectContaining({ type, loc: ['body', ...loc] })],
    ]);
    expect(await all('products')).toEqual([]);
  });

  it('accepts the external_id and the id of the purchase, and no other id', async () => {
    const { id } = (await put(inline({ external_id: 'bill-1' }))).body;
    expect((await put(inline({ id, external_id: 'bill-1' }))).status).toBe(200);
    const other = await put(inline({ id: 'f47ac10b-58cc-4372-8567-0e02b2c3d479' }));
    expect([other.status, other.body.error]).toEqual([409, 'Conflict']);
  });

  it('creates nothing when it is a 404', async () => {
    const unknown = 'f47ac10b-58cc-4372-8567-0e02b2c3d479';
    const { status, body } = await put(inline({ customer: undefined, customer_id: unknown }));
    expect([status, body.detail]).toEqual([404, `There is no customer with the id ${unknown}.`]);
    expect(await all('products')).toEqual([]);
  });

  it('changes keys that differ, except for keys that are not sent or null', async () => {
    const first = (await put(inline({ metadata: { a: 1 } }))).body;
    const second = await put(inline({ seats: 7, metadata: null }));
    expect(second.body).toMatchObject({ id: first.id, seats: 7, metadata: { a: 1 } });
    expect(second.body.modified_at).not.toBeNull();
    const types = (await eventsOf(api, first.id)).map(({ type }) => type);
    expect(types).toEqual([`${kind.path.slice(0, -1)}.seats_changed`]);
  });

  it('gives its external_id to a customer with the same e-mail and no external_id', async () => {
    const { id } = await tenant.create('customers', { email: 'BUYER@acme.example' });
    expect((await put(inline())).body.customer_id).toBe(id);
    expect((await named('customers', 'acme')).id).toBe(id);
  });

  it('is a 409 when a customer with another external_id has the e-mail', async () => {
    await tenant.create('customers', { email: 'buyer@acme.example', external_id: 'other' });
    const { status, body } = await put(inline());
    expect([status, body]).toMatchObject([
      409,
      {
        error: 'Conflict',
        detail: expect.stringMatching(/^A customer with this email already exists\./),
      },
    ]);
    expect(await all('products')).toEqual([]);
  });

  it('creates a deleted product again, and moves the purchase and its seats to it', async () => {
    const first = (await put(inline())).body;
    await fill(tenant, kind, first.id, 'c');
    await deleteProductInUse(first.product_id);
    const second = await put(inline());
    expect([second.status, second.body.assigned_seats]).toEqual([200, 1]);
    expect(second.body.product_id).not.toBe(first.product_id);
    expect((await named('products', 'pro')).id).toBe(second.body.product_id);
    const [seat] = await seatsOf(api, first.id);
    const access = await tenant.call(
      'GET',
      `/v1/access?product_id=${second.body.product_id}&email=${seat.email}`,
    );
    expect(access.body.has_access).toBe(true);
  });

  it('can be repeated after its product was deleted', async () => {
    const { product_id, customer_id } = await sell(tenant, kind, 1);
    const body = { product_id, customer_id, seats: 2 };
    await put(body);
    await deleteProductInUse(product_id);
    expect((await put(body)).status).toBe(200);
    expect((await put(body, 'bill-2')).status).toBe(404);
  });

  it('creates a deleted customer again for another purchase', async () => {
    const first = (await put(inline())).body;
    await patch(tenant, kind, first.id, kind.end);
    await tenant.call('DELETE', `/v1/customers/${first.customer_id}`);
    const second = await put(inline(), 'bill-2');
    expect(second.status).toBe(201);
    expect(second.body.customer_id).not.toBe(first.customer_id);
    expect((await named('customers', 'acme')).id).toBe(second.body.customer_id);
  });

  it('moves to another customer only without assigned seats, else it is a 403', async () => {
    const { id } = (await put(inline())).body;
    const [seat] = await fill(tenant, kind, id, 'p');
    const other = inline({ customer: { external_id: 'other' } });
    const refused = await put(other);
    expect([refused.status, refused.body.error]).toEqual([403, 'NotPermitted']);
    expect((await all('customers')).map((each) => each.external_id)).toEqual(['acme']);
    await tenant.call('DELETE', `/v1/customer-seats/${seat}`);
    const passed = await put(other);
    expect([passed.status, passed.body.customer_id]).toEqual([
      200,
      (await named('customers', 'other')).id,
    ]);
    const given = await assign(tenant, { [kind.key]: id, email: newEmail() });
    expect(given.customer_id).toBe(passed.body.customer_id);
  });

  it('succeeds 20 times concurrently with one purchase, one product and one customer', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => put(inline())));
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([...Array(19).fill(200), 201]);
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
    for (const path of [kind.path, 'products', 'customers', 'members']) {
      expect(await all(path)).toHaveLength(1);
    }
  });

  it('succeeds 20 times concurrently with different numbers of seats and one purchase', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => put(inline({ seats: n + 1 }))),
    );
    expect(answers.filter(({ status }) => status >= 300)).toEqual([]);
    expect(await all(kind.path)).toHaveLength(1);
  });

  it('succeeds for 20 external_ids concurrently with one product and one customer', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => put(inline(), `bill-${n}`)),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(201));
    expect(await all(kind.path)).toHaveLength(20);
    expect([await all('products'), await all('customers')].map((each) => each.length)).toEqual([
      1, 1,
    ]);
  });

  it('succeeds at the same time as a POST', async () => {
    for (let round = 0; round < 5; round += 1) {
      const { product_id, customer_id } = await sell(tenant, kind, 1);
      const body = { product_id, customer_id, seats: 2 };
      const external_id = `race-${round}`;
      const [put1, post, put2] = await Promise.all([
        put(body, external_id),
        tenant.call('POST', `/v1/${kind.path}`, { body: { ...body, external_id } }),
        put(body, external_id),
      ]);
      expect([201, 409]).toContain(post.status);
      expect([put1.status, put2.status].filter((status) => ![200, 201].includes(status))).toEqual(
        [],
      );
    }
  });

  describe('answers 503 after 10 attempts when other requests always win the race', () => {
    afterEach(() => {
      jest.restoreAllMocks();
    });

    const expectUnavailable = async (attempts: { mock: { calls: unknown[] } }) => {
      const { status, body, headers } = await put(inline());
      expect([status, body.error, headers['retry-after']]).toEqual([
        503,
        'ServiceUnavailable',
        '5',
      ]);
      expect(attempts.mock.calls).toHaveLength(10);
    };

    it.each([
      ['product', ProductsRepository],
      ['customer', CustomersRepository],
    ])('to create the %s', async (_, type) => {
      const repository: ProductsRepository | CustomersRepository = api.app.get(type);
      await expectUnavailable(jest.spyOn(repository, 'insertIfAbsent').mockResolvedValue(null));
      expect(await all(kind.path)).toEqual([]);
    });

    it.each([
      ['product', ProductsRepository],
      ['customer', CustomersRepository],
    ])('to lock the %s', async (_, type) => {
      await put(inline(), 'bill-2');
      const repository: ProductsRepository | CustomersRepository = api.app.get(type);
      const lock = jest.spyOn(repository, 'lockAgainstDeletion').mockResolvedValue(false);
      await expectUnavailable(lock);
      expect(await all(kind.path)).toHaveLength(1);
    });

    it('to create the purchase', async () => {
      await put(inline());
      const repository: OrdersRepository | SubscriptionsRepository = api.app.get(
        kind.path === 'orders' ? OrdersRepository : SubscriptionsRepository,
      );
      // The row exists, but each attempt finds it missing.
      const lock = jest.spyOn(repository, 'lockByExternalId').mockResolvedValue(null);
      await expectUnavailable(lock);
    });
  });

  it('needs the write scope', async () => {
    const token = await tenant.tokenWith(`${kind.path}:read`);
    const { status } = await tenant.call('PUT', `${url}x`, { body: inline(), token });
    expect(status).toBe(403);
    const writer = await tenant.tokenWith(`${kind.path}:write`);
    const created = await tenant.call('PUT', `${url}x`, { body: inline(), token: writer });
    expect(created.status).toBe(201);
  });

  it('creates another purchase for another tenant with the same external_id', async () => {
    const first = (await put(inline())).body;
    const stranger = await api.tenant();
    const second = await stranger.call('PUT', `${url}bill-1`, { body: inline() });
    expect(second.status).toBe(201);
    expect(second.body.id).not.toBe(first.id);
  });
});

describe('a subscription that has ended', () => {
  const url = '/v1/subscriptions/external/bill-1';
  const body = {
    product: { external_id: 'p', name: 'P' },
    customer: { external_id: 'c' },
    seats: 2,
  };
  const put = (more = {}) => tenant.call('PUT', url, { body: { ...body, ...more } });

  it('accepts its own state again, and refuses a change: 403', async () => {
    await put();
    const ended = await put({ status: 'canceled' });
    expect([ended.status, ended.body.status]).toEqual([200, 'canceled']);
    for (const same of [{}, { status: 'canceled' }]) {
      const again = await put(same);
      expect([again.status, again.body]).toEqual([200, ended.body]);
    }
    for (const other of [
      { seats: 3 },
      { status: 'active' },
      { status: 'incomplete_expired' },
      { metadata: { a: 1 } },
      { product: { external_id: 'q', name: 'Q' } },
      { current_period_end: inDays(30) },
    ]) {
      const refused = await put(other);
      expect([refused.status, refused.body.error]).toEqual([403, 'AlreadyCanceledSubscription']);
    }
  });

  it('accepts a repeat of the request that scheduled its cancellation', async () => {
    const canceling = {
      status: 'active',
      cancel_at_period_end: true,
      current_period_end: inDays(1),
    };
    const first = await put(canceling);
    expect([first.status, first.body.status]).toEqual([201, 'active']);
    api.clock.advance(2 * 86_400);
    const ended = await put(canceling);
    expect([ended.status, ended.body.status]).toEqual([200, 'canceled']);
    const again = await put(canceling);
    expect([again.status, again.body]).toEqual([200, ended.body]);
    const renewed = await put({ ...canceling, current_period_end: inDays(30) });
    expect(renewed.body.error).toBe('AlreadyCanceledSubscription');
  });

  it('is created when the period is over already, and accepts the same request again', async () => {
    const canceling = { cancel_at_period_end: true, current_period_end: inDays(-1) };
    const first = await put(canceling);
    expect([first.status, first.body.status]).toEqual([201, 'canceled']);
    const again = await put(canceling);
    expect([again.status, again.body]).toEqual([200, first.body]);
  });

  it('needs a current_period_end for cancel_at_period_end, sent now or earlier: 422', async () => {
    const refused = await put({ cancel_at_period_end: true });
    expect([refused.status, refused.body.detail[0].loc]).toEqual([422, ['body']]);
    await put({ current_period_end: inDays(1) });
    expect((await put({ cancel_at_period_end: true })).status).toBe(200);
  });
});

describe('an order', () => {
  const url = '/v1/orders/external/bill-1';
  const body = {
    product: { external_id: 'p', name: 'P' },
    customer: { external_id: 'c' },
    seats: 2,
  };
  const put = (more = {}) => tenant.call('PUT', url, { body: { ...body, ...more } });

  it('accepts its own state again once it is refunded, and refuses a change: 403', async () => {
    const { id } = (await put()).body;
    await fill(tenant, PURCHASES[1]!, id, 'pc');
    const refunded = await put({ status: 'refunded' });
    expect(refunded.body).toMatchObject({ status: 'refunded', assigned_seats: 0 });
    expect((await put({ status: 'refunded' })).body).toEqual(refunded.body);
    expect((await put()).status).toBe(200);
    const passedOn = { product: { external_id: 'q', name: 'Q' } };
    for (const other of [{ status: 'paid' }, { seats: 3 }, passedOn]) {
      const refused = await put(other);
      expect([refused.status, refused.body.error]).toEqual([403, 'NotPermitted']);
    }
  });

  it.each(['paid', 'pending'])(
    'with the status %s moves from a deleted customer to the one that is created again',
    async (status) => {
      const first = (await put({ status })).body;
      await tenant.call('DELETE', `/v1/customers/${first.customer_id}`);
      const second = await put({ status: 'paid' });
      expect([second.status, second.body.status]).toEqual([200, 'paid']);
      expect(second.body.customer_id).not.toBe(first.customer_id);
      const seat = await tryAssign(tenant, { order_id: first.id, email: newEmail() });
      expect(seat.status).toBe(200);
    },
  );

  it('cannot become paid after its customer was deleted: 403', async () => {
    const order = await tenant.order(2, { status: 'pending' });
    await tenant.call('DELETE', `/v1/customers/${order.customer_id}`);
    const patched = (more: object) => patch(tenant, PURCHASES[1]!, order.id, more);
    const refused = await patched({ status: 'paid' });
    expect([refused.status, refused.body.error]).toEqual([403, 'NotPermitted']);
    expect((await patched({ status: 'void' })).body.status).toBe('void');
  });

  it('gives no seats after its customer was deleted while it became paid', async () => {
    for (let round = 0; round < 5; round += 1) {
      const { id, customer_id } = await tenant.order(2, { status: 'pending' });
      const [paid, deleted] = await Promise.all([
        patch(tenant, PURCHASES[1]!, id, { status: 'paid' }),
        tenant.call('DELETE', `/v1/customers/${customer_id}`),
      ]);
      expect([200, 403]).toContain(paid.status);
      expect(deleted.status).toBe(200);
      const seat = await tryAssign(tenant, { order_id: id, email: newEmail() });
      expect(seat.body.error).toBe('SeatNotAvailable');
    }
  });
});
