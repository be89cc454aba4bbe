import {
  assign,
  claimed,
  errorOf,
  newEmail,
  NOBODY,
  problems,
  revoke,
  setOrganization,
} from '../seats/fixtures.js';
import type { Recipient } from '../../src/seats/seat.js';
import { AccessRepository } from '../../src/seats/access.repository.js';
import { startApp, type Tenant, type TestApp } from '../support/app.js';
import { stepsOf } from '../support/plans.js';

let api: TestApp;
let tenant: Tenant;

beforeAll(async () => {
  api = await startApp();
});
beforeEach(async () => {
  tenant = await api.tenant();
});
afterAll(() => api?.close());

const ask = (product_id: string, person: object) =>
  tenant.call('GET', `/v1/access?${new URLSearchParams({ product_id, ...person }).toString()}`);

const NO = { status: 200, body: { has_access: false, seat: null } };

async function claimedSeat(sold: any, body: object = { email: newEmail() }) {
  const key = 'current_period_end' in sold ? 'subscription_id' : 'order_id';
  return assign(tenant, { [key]: sold.id, immediate_claim: true, ...body });
}

describe('the truth table', () => {
  test('a claimed seat gives access, and is shown', async () => {
    for (const sold of [await tenant.subscription(1), await tenant.order(1)]) {
      const seat = await claimedSeat(sold);
      expect(await ask(sold.product_id, { email: seat.email })).toMatchObject({
        status: 200,
        body: { has_access: true, seat },
      });
    }
  });

  test('a pending one does not, until it is claimed, and a revoked one no more', async () => {
    const sold = await tenant.subscription(1);
    const seat = await assign(tenant, { subscription_id: sold.id, email: newEmail() });
    expect(await ask(sold.product_id, { email: seat.email })).toMatchObject(NO);
    await claimed(api, seat);
    expect((await ask(sold.product_id, { email: seat.email })).body.has_access).toBe(true);
    await revoke(tenant, seat.id);
    expect(await ask(sold.product_id, { email: seat.email })).toMatchObject(NO);
  });

  test.each([
    ['subscription', 'trialing', true],
    ['subscription', 'past_due', true],
    ['subscription', 'unpaid', false],
    ['subscription', 'canceled', false],
    ['order', 'partially_refunded', true],
    ['order', 'refunded', false],
    ['order', 'void', false],
  ] as const)('a %s that is %s: %s', async (kind, status, expected) => {
    const sold = await tenant[kind](1);
    const seat = await claimedSeat(sold);
    const body = { status };
    const change = await tenant.call('PATCH', `/v1/${kind}s/${sold.id}`, { body });
    expect(change.status).toBe(200);
    const answer = await ask(sold.product_id, { email: seat.email });
    expect(answer.body.has_access).toBe(expected);
  });

  test('the seat of one product opens no other', async () => {
    const seat = await claimedSeat(await tenant.subscription(1));
    const other = await tenant.create('products', { name: 'Other' });
    expect(await ask(other.id, { email: seat.email })).toMatchObject(NO);
  });

  test('an unknown, deleted or foreign product is a 404', async () => {
    const foreign = await (await api.tenant()).create('products', { name: 'Theirs' });
    const gone = await tenant.create('products', { name: 'Gone' });
    await tenant.call('DELETE', `/v1/products/${gone.id}`);
    for (const id of [NOBODY, foreign.id, gone.id]) {
      expect(errorOf(await ask(id, { email: newEmail() }))).toEqual([404, 'ResourceNotFound']);
    }
  });

  test.each([
    { email: 'nobody@example.com' },
    { customer_id: NOBODY },
    { external_customer_id: 'nobody' },
    { member_id: NOBODY },
    { external_member_id: 'nobody' },
    { external_member_id: 'nobody', email: 'nobody@example.com' },
  ])('an unknown person simply has none: %j', async (person) => {
    const sold = await tenant.subscription(1);
    expect(await ask(sold.product_id, person)).toMatchObject(NO);
  });

  test('with seats switched off a 403', async () => {
    const sold = await tenant.subscription(1);
    await setOrganization(api, tenant, { seats_enabled: false });
    expect(errorOf(await ask(sold.product_id, { email: newEmail() }))).toEqual([
      403,
      'FeatureNotEnabled',
    ]);
  });

  test("another tenant's person of that e-mail has none here", async () => {
    const other = await api.tenant();
    const { id } = await other.subscription(1);
    const body = { subscription_id: id, email: newEmail(), immediate_claim: true };
    const seat = await assign(other, body);
    const sold = await tenant.subscription(1);
    for (const person of [{ email: seat.email }, { member_id: seat.member_id }]) {
      expect(await ask(sold.product_id, person)).toMatchObject(NO);
    }
  });
});

describe('every way to name a person', () => {
  test('with the member model', async () => {
    const sold = await tenant.subscription(3);
    const { id: customer_id, email } = await tenant.create('customers', {
      email: newEmail(),
      external_id: 'user-1',
    });
    const member = await tenant.create('members', {
      customer_id: sold.customer_id,
      email,
      external_id: 'emp-1',
    });
    const seat = await claimedSeat(sold, { member_id: member.id });
    for (const person of [
      { email: email.toUpperCase() },
      { customer_id },
      { external_customer_id: 'user-1' },
      { member_id: member.id },
      { external_member_id: 'emp-1' },
      { external_member_id: 'emp-1', email },
    ]) {
      const answer = await ask(sold.product_id, person);
      expect([person, answer.body.seat?.id]).toEqual([person, seat.id]);
    }
    const mismatch = { external_member_id: 'emp-1', email: newEmail() };
    expect(await ask(sold.product_id, mismatch)).toMatchObject(NO);
  });

  test('without it', async () => {
    await setOrganization(api, tenant, { member_model_enabled: false });
    const sold = await tenant.subscription(3);
    const person = await tenant.create('customers', { email: newEmail(), external_id: 'user-1' });
    const seat = await claimedSeat(sold, { customer_id: person.id });
    for (const name of [
      { email: person.email },
      { customer_id: person.id },
      { external_customer_id: 'user-1' },
      { member_id: seat.member_id },
    ]) {
      const answer = await ask(sold.product_id, name);
      expect([name, answer.body.seat?.id]).toEqual([name, seat.id]);
    }
  });

  test('without it, a customer who has changed their e-mail keeps their access', async () => {
    await setOrganization(api, tenant, { member_model_enabled: false });
    const sold = await tenant.subscription(3);
    const person = await tenant.create('customers', { email: newEmail() });
    const seat = await claimedSeat(sold, { customer_id: person.id });
    const body = { email: newEmail() };
    await tenant.call('PATCH', `/v1/customers/${person.id}`, { body });
    const answer = await ask(sold.product_id, { customer_id: person.id });
    expect(answer.body.seat?.id).toBe(seat.id);
  });

  test('the customer who bought has no access by having bought', async () => {
    const sold = await tenant.subscription(3);
    await claimedSeat(sold);
    expect(await ask(sold.product_id, { customer_id: sold.customer_id })).toMatchObject(NO);
  });

  test('a person of two buyers has access by either', async () => {
    const one = await tenant.subscription(1);
    const { product_id } = one;
    const buyer = await tenant.create('customers', { email: newEmail() });
    const two = await tenant.create('subscriptions', {
      product_id,
      customer_id: buyer.id,
      seats: 1,
    });
    const email = newEmail();
    const first = await claimedSeat(one, { email });
    const second = await claimedSeat(two, { email });
    expect((await ask(product_id, { email })).body.seat.id).toBe(first.id);
    await revoke(tenant, first.id);
    expect((await ask(product_id, { email })).body.seat.id).toBe(second.id);
  });

  test.each([
    [{}, ['value_error', 'query']],
    [{ email: 'a@example.com', member_id: NOBODY }, ['value_error', 'query']],
    [{ email: 'nobody' }, ['value_error', 'query', 'email']],
  ])('%j is a 422', async (person, expected) => {
    expect(problems(await ask(NOBODY, person))).toEqual([expected]);
  });

  test('without a product it is a 422', async () => {
    const answer = await tenant.call('GET', '/v1/access?email=a@example.com');
    expect(problems(answer)).toEqual([['missing', 'query', 'product_id']]);
  });
});

const LARGE = ['seats', 'members', 'customers'];

test('costs look-ups only, among 50,000 people', async () => {
  const sold = await tenant.subscription(50_000);
  await api.database.sql(
    `WITH p AS (SELECT * FROM pools WHERE subscription_id = $1), c AS (
       INSERT INTO customers (organization_id, id, created_at, email, external_id)
       SELECT p.organization_id, gen_random_uuid(), now(), 'p' || n || '@example.com', 'x' || n
       FROM p, generate_series(1, 50000) n), m AS (
       INSERT INTO members (organization_id, id, created_at, customer_id, email, external_id)
       SELECT p.organization_id, gen_random_uuid(), now(), p.customer_id, 'p' || n || '@example.com',
         'x' || n FROM p, generate_series(1, 50000) n RETURNING *)
     INSERT INTO seats (organization_id, id, created_at, pool_id, status, customer_id, member_id,
       email, claimed_at)
     SELECT m.organization_id, gen_random_uuid(), now(), p.id, 'claimed', m.customer_id, m.id,
       m.email, now() FROM p, m`,
    [sold.id],
  );
  await api.database.sql('ANALYZE');
  const email = 'p77@example.com';
  const [member] = await api.database.sql('SELECT id FROM members WHERE email = $1', [email]);
  const [customer] = await api.database.sql('SELECT id FROM customers WHERE email = $1', [email]);
  const people: Recipient[] = [
    { by: 'email', email },
    { by: 'member', id: member?.['id'] },
    { by: 'external_member', external_id: 'x77' },
    { by: 'customer', id: customer?.['id'] },
    { by: 'external_customer', external_id: 'x77' },
  ];
  for (const person of people) {
    const steps = await stepsOf(api.database, (database) =>
      new AccessRepository(database).find(tenant.id, sold.product_id, person),
    );
    const scans = steps.filter(({ table }) => LARGE.includes(table ?? ''));
    const most = Math.max(...scans.map(({ rows }) => rows));
    expect([person.by, most < 10]).toEqual([person.by, true]);
    expect(scans.map(({ kind }) => kind)).not.toContain('Seq Scan');
  }
}, 120_000);
