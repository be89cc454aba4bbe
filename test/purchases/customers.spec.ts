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

const membersOf = async (customerId: string): Promise<any[]> =>
  (await tenant.call('GET', `/v1/members?customer_id=${customerId}`)).body.items;
const patch = (id: string, body: object) => tenant.call('PATCH', `/v1/customers/${id}`, { body });

describe('the e-mail of a customer', () => {
  it('is unique regardless of case, on POST and PATCH, and its domain is stored in lower case', async () => {
    const ada = await tenant.create('customers', { email: 'Ada@EXAMPLE.com' });
    expect(ada.email).toBe('Ada@example.com');
    const post = await tenant.call('POST', '/v1/customers', { body: { email: 'aDA@example.COM' } });
    const other = await tenant.create('customers', {});
    const patched = await patch(other.id, { email: 'ADA@example.com' });
    for (const answer of [post, patched]) {
      expect([answer.status, answer.body]).toMatchObject([
        409,
        {
          error: 'Conflict',
          detail: expect.stringMatching(/^A customer with this email already exists\./),
        },
      ]);
    }
  });

  it('can be used by another tenant, and again after the customer was deleted', async () => {
    const email = newEmail();
    const { id } = await tenant.create('customers', { email });
    await (await api.tenant()).create('customers', { email });
    await tenant.call('DELETE', `/v1/customers/${id}`);
    await tenant.create('customers', { email });
  });

  it('is given to one of two concurrent requests, and the other gets a 409', async () => {
    const email = newEmail();
    const answers = await Promise.all(
      [1, 2].map(() => tenant.call('POST', '/v1/customers', { body: { email } })),
    );
    expect(answers.map((each) => each.status).sort()).toEqual([201, 409]);
  });

  it('is reported with its place when it is invalid', async () => {
    const { status, body } = await tenant.call('POST', '/v1/customers', {
      body: { email: 'nobody', type: 'robot' },
    });
    expect(status).toBe(422);
    expect(body.detail.map((each: any) => [each.type, each.loc])).toEqual([
      ['value_error', ['body', 'email']],
      ['enum', ['body', 'type']],
    ]);
  });
});

describe('the owner of a customer', () => {
  it('is created with a customer who has an e-mail', async () => {
    const email = newEmail();
    const customer = await tenant.create('customers', { email, name: 'Ada' });
    const members = await membersOf(customer.id);
    expect(members).toEqual([
      expect.objectContaining({ customer_id: customer.id, email, name: 'Ada', role: 'owner' }),
    ]);
  });

  it('is created when the customer gets an e-mail later', async () => {
    const customer = await tenant.create('customers', {});
    expect(await membersOf(customer.id)).toEqual([]);
    const email = newEmail();
    await patch(customer.id, { email });
    expect(await membersOf(customer.id)).toEqual([
      expect.objectContaining({ email, role: 'owner' }),
    ]);
  });

  it('is the member who has the new e-mail already', async () => {
    const customer = await tenant.create('customers', {});
    const email = newEmail();
    const member = await tenant.create('members', { customer_id: customer.id, email });
    await patch(customer.id, { email: email.toUpperCase() });
    expect(await membersOf(customer.id)).toEqual([
      expect.objectContaining({ id: member.id, role: 'owner' }),
    ]);
  });

  it('gets the new e-mail of the customer, as do the seats of the owner', async () => {
    const subscription = await tenant.subscription(3);
    const { customer_id } = subscription;
    const [owner] = await membersOf(customer_id);
    const seat = await assign(tenant, { subscription_id: subscription.id, email: owner.email });
    expect(seat.member_id).toBe(owner.id);
    const email = newEmail();
    expect((await patch(customer_id, { email })).status).toBe(200);
    expect(await membersOf(customer_id)).toEqual([
      expect.objectContaining({ id: owner.id, email, role: 'owner' }),
    ]);
    expect(await seatsOf(api, subscription.id)).toEqual([
      { id: seat.id, status: 'pending', email },
    ]);
    const events = await eventsOf(api, subscription.id);
    expect(events.map((event) => event.type)).toEqual([
      'customer_seat.assigned',
      'customer_seat.updated',
      'customer_seat.invitation_resent',
    ]);
  });

  it('cannot get the e-mail of another member: the request is a 409 and changes nothing', async () => {
    const customer = await tenant.create('customers', { email: newEmail() });
    const email = newEmail();
    await tenant.create('members', { customer_id: customer.id, email });
    const { status, body } = await patch(customer.id, { email });
    expect([status, body.error]).toEqual([409, 'Conflict']);
    expect((await tenant.call('GET', `/v1/customers/${customer.id}`)).body).toEqual(customer);
  });

  it('stays when the e-mail of the customer is cleared', async () => {
    const customer = await tenant.create('customers', { email: newEmail() });
    const cleared = await patch(customer.id, { email: null });
    expect([cleared.status, cleared.body.email]).toEqual([200, null]);
    expect(await membersOf(customer.id)).toHaveLength(1);
  });
});

describe('deleting a customer', () => {
  it('is a 409 while one of their subscriptions has not ended', async () => {
    const subscription = await tenant.subscription(1, { status: 'unpaid' });
    const url = `/v1/customers/${subscription.customer_id}`;
    const refused = await tenant.call('DELETE', url);
    expect([refused.status, refused.body.error]).toEqual([409, 'Conflict']);
    await tenant.call('DELETE', `/v1/subscriptions/${subscription.id}`);
    expect((await tenant.call('DELETE', url)).status).toBe(200);
    const kept = await tenant.call('GET', `/v1/subscriptions/${subscription.id}`);
    expect(kept.body).toMatchObject({ status: 'canceled', customer_id: subscription.customer_id });
  });

  it('returns them as they were; later requests for them and their members are a 404', async () => {
    const customer = await tenant.create('customers', { email: newEmail(), external_id: 'x' });
    const [owner] = await membersOf(customer.id);
    const url = `/v1/customers/${customer.id}`;
    const deleted = await tenant.call('DELETE', url);
    expect([deleted.status, deleted.body]).toEqual([200, customer]);
    const answers = [
      await tenant.call('GET', url),
      await tenant.call('GET', '/v1/customers/external/x'),
      await tenant.call('PATCH', url, { body: {} }),
      await tenant.call('DELETE', url),
      await tenant.call('GET', `/v1/members/${owner.id}`),
      await tenant.call('POST', '/v1/members', {
        body: { customer_id: customer.id, email: newEmail() },
      }),
    ];
    expect(answers.map((each) => each.body.error)).toEqual(Array(6).fill('ResourceNotFound'));
    expect(answers[5]?.body.detail).toBe(`There is no customer with the id ${customer.id}.`);
  });

  it('erases their personal data and that of their members', async () => {
    const customer = await tenant.create('customers', {
      email: 'secret-mail@example.com',
      name: 'secret-name',
      external_id: 'secret-id',
      metadata: { a: 'secret-data' },
    });
    const body = { customer_id: customer.id, email: 'secret-2@example.com', name: 'secret-name' };
    await tenant.create('members', { ...body, external_id: 'secret-id' });
    await tenant.call('DELETE', `/v1/customers/${customer.id}`);
    for (const table of ['customers', 'members']) {
      const rows = await api.database.sql(`SELECT * FROM ${table} WHERE organization_id = $1`, [
        tenant.id,
      ]);
      expect(rows.length).toBeGreaterThan(0);
      expect(JSON.stringify(rows)).not.toContain('secret');
      expect(rows.every((row) => row['deleted_at'] !== null)).toBe(true);
    }
  });

  it('revokes the seats of their members, with events that name the people', async () => {
    const order = await tenant.order(3);
    const [ada, bob] = [newEmail(), newEmail()];
    await assign(tenant, { order_id: order.id, email: ada });
    await assign(tenant, { order_id: order.id, email: bob, immediate_claim: true });
    await tenant.call('DELETE', `/v1/customers/${order.customer_id}`);
    expect(await seatsOf(api, order.id)).toEqual([
      expect.objectContaining({ status: 'revoked', email: null }),
      expect.objectContaining({ status: 'revoked', email: null }),
    ]);
    const revokes = (await eventsOf(api, order.id)).slice(2);
    expect(revokes.map(({ type, reason }) => [type, reason])).toEqual([
      ['customer_seat.revoked', 'customer_deleted'],
      ['customer_seat.revoked', 'customer_deleted'],
    ]);
    expect(revokes.map(({ data }) => data.email).sort()).toEqual([ada, bob].sort());
  });

  it('revokes the seats that they hold from another buyer', async () => {
    await setOrganization(api, tenant, { member_model_enabled: false });
    const subscription = await tenant.subscription(2);
    const person = await tenant.create('customers', { email: newEmail() });
    const other = await tenant.create('customers', { email: newEmail() });
    await assign(tenant, { subscription_id: subscription.id, customer_id: person.id });
    await assign(tenant, { subscription_id: subscription.id, customer_id: other.id });
    await tenant.call('DELETE', `/v1/customers/${person.id}`);
    const statuses = (await seatsOf(api, subscription.id)).map((seat) => seat.status);
    expect(statuses).toEqual(['revoked', 'pending']);
  });

  it('closes their orders to new assignments', async () => {
    const order = await tenant.order(3);
    await tenant.call('DELETE', `/v1/customers/${order.customer_id}`);
    const { status, body } = await tryAssign(tenant, {
      order_id: order.id,
      email: newEmail(),
    });
    expect([status, body.error]).toEqual([400, 'SeatNotAvailable']);
  });

  it('does not leave a live subscription when one is created at the same time', async () => {
    for (let round = 0; round < 5; round += 1) {
      const product = await tenant.create('products', { name: 'Pro' });
      const customer = await tenant.create('customers', { email: newEmail() });
      const body = { product_id: product.id, customer_id: customer.id, seats: 1 };
      const [sale, deletion] = await Promise.all([
        tenant.call('POST', '/v1/subscriptions', { body }),
        tenant.call('DELETE', `/v1/customers/${customer.id}`),
      ]);
      expect([
        [201, 409],
        [404, 200],
      ]).toContainEqual([sale.status, deletion.status]);
    }
  });

  it('leaves no seats and no members when seats are assigned at the same time', async () => {
    for (let round = 0; round < 5; round += 1) {
      const order = await tenant.order(50);
      const seat = () => tryAssign(tenant, { order_id: order.id, email: newEmail() });
      const answers = await Promise.all([
        seat(),
        seat(),
        tenant.call('DELETE', `/v1/customers/${order.customer_id}`),
        seat(),
        seat(),
      ]);
      expect(answers.map((each) => each.status).filter((status) => status >= 500)).toEqual([]);
      const active = (await seatsOf(api, order.id)).filter((each) => each.status !== 'revoked');
      expect(active).toEqual([]);
      expect(await membersOf(order.customer_id)).toEqual([]);
    }
  });
});
