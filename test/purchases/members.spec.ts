import { assign, newEmail } from '../seats/fixtures.js';
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

describe('a member', () => {
  it('needs a customer of this tenant', async () => {
    const foreign = await (await api.tenant()).create('customers', {});
    const { status, body } = await tenant.call('POST', '/v1/members', {
      body: { customer_id: foreign.id, email: newEmail() },
    });
    expect([status, body]).toMatchObject([
      404,
      { error: 'ResourceNotFound', detail: `There is no customer with the id ${foreign.id}.` },
    ]);
  });

  it('needs a customer and an e-mail: a 422 names both when they are missing', async () => {
    const { status, body } = await tenant.call('POST', '/v1/members', { body: {} });
    expect(status).toBe(422);
    expect(body.detail).toEqual([
      {
        type: 'missing',
        loc: ['body', 'customer_id'],
        msg: 'The field customer_id is required.',
        input: null,
      },
      { type: 'missing', loc: ['body', 'email'], msg: 'The field email is required.', input: null },
    ]);
  });

  it('has an e-mail, regardless of case, and an external_id that are unique per customer', async () => {
    const [one, other] = [
      await tenant.create('customers', {}),
      await tenant.create('customers', {}),
    ];
    const member = { email: 'ada@example.com', external_id: 'x' };
    await tenant.create('members', { customer_id: one.id, ...member });
    await tenant.create('members', { customer_id: other.id, ...member });
    const post = (body: object) =>
      tenant.call('POST', '/v1/members', { body: { customer_id: one.id, ...body } });
    const email = await post({ email: 'ADA@example.com' });
    const external = await post({ email: newEmail(), external_id: 'x' });
    expect([email.status, email.body.detail]).toEqual([
      409,
      expect.stringMatching(/^This customer has a member with this email already\./),
    ]);
    expect([external.status, external.body.detail]).toEqual([
      409,
      expect.stringMatching(/^This customer has a member with this external_id already\./),
    ]);
  });

  it('is created once when two concurrent requests use the same e-mail: one gets a 201, the other a 409', async () => {
    const { id: customer_id } = await tenant.create('customers', {});
    const body = { customer_id, email: newEmail() };
    const answers = await Promise.all(
      [1, 2].map(() => tenant.call('POST', '/v1/members', { body })),
    );
    expect(answers.map((each) => each.status).sort()).toEqual([201, 409]);
  });

  it('is listed by customer and by e-mail, regardless of case and without wildcards', async () => {
    const [one, other] = [
      await tenant.create('customers', {}),
      await tenant.create('customers', {}),
    ];
    const ada = await tenant.create('members', { customer_id: one.id, email: 'a_a@example.com' });
    const also = await tenant.create('members', {
      customer_id: other.id,
      email: 'a_a@example.com',
    });
    await tenant.create('members', { customer_id: one.id, email: 'aba@example.com' });
    const ids = async (query: string) =>
      (await tenant.call('GET', `/v1/members?${query}`)).body.items
        .map((each: any) => each.id)
        .sort();
    expect(await ids('email=A_A@example.com')).toEqual([ada.id, also.id].sort());
    expect(await ids(`email=a_a@example.com&customer_id=${one.id}`)).toEqual([ada.id]);
    expect(await ids(`customer_id=${other.id}`)).toEqual([also.id]);
  });

  it('is read by external_id only together with the customer', async () => {
    const { id: customer_id } = await tenant.create('customers', {});
    const body = { customer_id, email: newEmail(), external_id: 'x' };
    const member = await tenant.create('members', body);
    const url = '/v1/members/external/x';
    expect((await tenant.call('GET', `${url}?customer_id=${customer_id}`)).body).toEqual(member);
    const without = await tenant.call('GET', url);
    expect([without.status, without.body.detail[0].loc]).toEqual([422, ['query', 'customer_id']]);
  });

  it('passes a new e-mail on to its active seats, with an event for each', async () => {
    const subscription = await tenant.subscription(3);
    const order = await tenant.order(3, { customer_id: subscription.customer_id });
    const email = newEmail();
    const seat = await assign(tenant, { subscription_id: subscription.id, email });
    await assign(tenant, { order_id: order.id, email, immediate_claim: true });
    const changed = newEmail();
    const { status, body } = await tenant.call('PATCH', `/v1/members/${seat.member_id}`, {
      body: { email: changed },
    });
    expect([status, body.email]).toEqual([200, changed]);
    for (const container of [subscription, order]) {
      expect(await seatsOf(api, container.id)).toEqual([
        expect.objectContaining({ email: changed }),
      ]);
      const event = (await eventsOf(api, container.id))[1];
      expect([event.type, event.data.email]).toEqual(['customer_seat.updated', changed]);
    }
  });

  it('is returned as it was and erased when it is deleted, and is a 404 from then on', async () => {
    const { id: customer_id } = await tenant.create('customers', {});
    const body = {
      customer_id,
      email: 'secret@example.com',
      name: 'secret',
      external_id: 'secret',
    };
    const member = await tenant.create('members', body);
    const url = `/v1/members/${member.id}`;
    const deleted = await tenant.call('DELETE', url);
    expect([deleted.status, deleted.body]).toEqual([200, member]);
    const rows = await api.database.sql('SELECT * FROM members WHERE id = $1', [member.id]);
    expect(JSON.stringify(rows)).not.toContain('secret');
    const statuses = [
      await tenant.call('GET', url),
      await tenant.call('PATCH', url, { body: {} }),
      await tenant.call('DELETE', url),
      await tenant.call('GET', `/v1/members/external/secret?customer_id=${customer_id}`),
    ].map((each) => each.status);
    expect(statuses).toEqual([404, 404, 404, 404]);
    await tenant.create('members', body);
  });

  it('loses its seats when it is deleted; other members keep theirs', async () => {
    const subscription = await tenant.subscription(3);
    const email = newEmail();
    const seat = await assign(tenant, { subscription_id: subscription.id, email });
    await assign(tenant, { subscription_id: subscription.id, email: newEmail() });
    await tenant.call('DELETE', `/v1/members/${seat.member_id}`);
    const statuses = (await seatsOf(api, subscription.id)).map((each) => each.status);
    expect(statuses).toEqual(['revoked', 'pending']);
    const last = (await eventsOf(api, subscription.id)).at(-1);
    expect([last.type, last.reason, last.data.email, last.data.member.email]).toEqual([
      'customer_seat.revoked',
      'member_deleted',
      email,
      email,
    ]);
    const again = await assign(tenant, { subscription_id: subscription.id, email });
    expect(again.member_id).not.toBe(seat.member_id);
  });
});
