import {
  assign,
  claimed,
  errorOf,
  newEmail,
  UNKNOWN_ID,
  problems,
  revoke,
  setOrganization,
} from '../fixtures.js';
import type { Recipient } from '../../../src/seats/seats.rules.js';
import { AccessRepository } from '../../../src/seats/access/access.repository.js';
import { startApp, type Tenant, type TestApp } from '../../support/app.js';
import { stepsOf } from '../../support/plans.js';

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

/** A claimed seat of a subscription or an order. */
async function claimedSeat(sold: { id: string }, body: object = { email: newEmail() }) {
  const key = 'current_period_end' in sold ? 'subscription_id' : 'order_id';
  return assign(tenant, { [key]: sold.id, immediate_claim: true, ...body });
}

describe('GET /v1/access', () => {
  it('gives access by a claimed seat, and shows the seat', async () => {
    for (const sold of [await tenant.subscription(1), await tenant.order(1)]) {
      const seat = await claimedSeat(sold);
      expect(await ask(sold.product_id, { email: seat.email })).toMatchObject({
        status: 200,
        body: { has_access: true, seat },
      });
    }
  });

  it('gives access by a seat only after it is claimed and until it is revoked', async () => {
    const sold = await tenant.subscription(1);
    const seat = await assign(tenant, { subscription_id: sold.id, email: newEmail() });
    expect(await ask(sold.product_id, { email: seat.email })).toMatchObject(NO);
    await claimed(api, seat);
    expect((await ask(sold.product_id, { email: seat.email })).body.has_access).toBe(true);
    await revoke(tenant, seat.id);
    expect(await ask(sold.product_id, { email: seat.email })).toMatchObject(NO);
  });

  it.each([
    ['subscription', 'trialing', true],
    ['subscription', 'past_due', true],
    ['subscription', 'unpaid', false],
    ['subscription', 'canceled', false],
    ['order', 'partially_refunded', true],
    ['order', 'refunded', false],
    ['order', 'void', false],
  ] as const)('answers for a %s that is %s with has_access %s', async (kind, status, expected) => {
    const sold = await tenant[kind](1);
    const seat = await claimedSeat(sold);
    const body = { status };
    const change = await tenant.call('PATCH', `/v1/${kind}s/${sold.id}`, { body });
    expect(change.status).toBe(200);
    const answer = await ask(sold.product_id, { email: seat.email });
    expect(answer.body.has_access).toBe(expected);
  });

  it('gives access only to the product of the seat', async () => {
    const seat = await claimedSeat(await tenant.subscription(1));
    const other = await tenant.create('products', { name: 'Other' });
    expect(await ask(other.id, { email: seat.email })).toMatchObject(NO);
  });

  it('answers 404 for an unknown, deleted or foreign product', async () => {
    const foreign = await (await api.tenant()).create('products', { name: 'Theirs' });
    const gone = await tenant.create('products', { name: 'Gone' });
    await tenant.call('DELETE', `/v1/products/${gone.id}`);
    for (const id of [UNKNOWN_ID, foreign.id, gone.id]) {
      expect(errorOf(await ask(id, { email: newEmail() }))).toEqual([404, 'ResourceNotFound']);
    }
  });

  it.each([
    { email: 'nobody@example.com' },
    { customer_id: UNKNOWN_ID },
    { external_customer_id: 'nobody' },
    { member_id: UNKNOWN_ID },
    { external_member_id: 'nobody' },
    { external_member_id: 'nobody', email: 'nobody@example.com' },
  ])('answers without access for an unknown person: %j', async (person) => {
    const sold = await tenant.subscription(1);
    expect(await ask(sold.product_id, person)).toMatchObject(NO);
  });

  it('answers 403 when seats are switched off', async () => {
    const sold = await tenant.subscription(1);
    await setOrganization(api, tenant, { seats_enabled: false });
    expect(errorOf(await ask(sold.product_id, { email: newEmail() }))).toEqual([
      403,
      'FeatureNotEnabled',
    ]);
  });

  it('gives no access by a seat of another tenant', async () => {
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

describe('the person of GET /v1/access', () => {
  it('can be named by every key with the member model', async () => {
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

  it('can be named by every key without the member model', async () => {
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

  it('keeps access after a change of e-mail without the member model', async () => {
    await setOrganization(api, tenant, { member_model_enabled: false });
    const sold = await tenant.subscription(3);
    const person = await tenant.create('customers', { email: newEmail() });
    const seat = await claimedSeat(sold, { customer_id: person.id });
    const body = { email: newEmail() };
    await tenant.call('PATCH', `/v1/customers/${person.id}`, { body });
    const answer = await ask(sold.product_id, { customer_id: person.id });
    expect(answer.body.seat?.id).toBe(seat.id);
  });

  it('has no access merely as the buyer', async () => {
    const sold = await tenant.subscription(3);
    await claimedSeat(sold);
    expect(await ask(sold.product_id, { customer_id: sold.customer_id })).toMatchObject(NO);
  });

  it('has access by a seat of either of two buyers', async () => {
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

  it.each([
    [{}, ['value_error', 'query']],
    [{ email: 'a@example.com', member_id: UNKNOWN_ID }, ['value_error', 'query']],
    [{ email: 'nobody' }, ['value_error', 'query', 'email']],
  ])('is refused when it is %j', async (person, expected) => {
    expect(problems(await ask(UNKNOWN_ID, person))).toEqual([expected]);
  });

  it('is refused without a product', async () => {
    const answer = await tenant.call('GET', '/v1/access?email=a@example.com');
    expect(problems(answer)).toEqual([['missing', 'query', 'product_id']]);
  });
});

const LARGE = ['seats', 'members', 'customers'];

describe('the access query', () => {
  it('uses only index look-ups among 50,000 people', async () => {
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
        new AccessRepository(database).findAccess(tenant.id, sold.product_id, person),
      );
      const scans = steps.filter(({ table }) => LARGE.includes(table ?? ''));
      const most = Math.max(...scans.map(({ rows }) => rows));
      expect([person.by, most < 10]).toEqual([person.by, true]);
      expect(scans.map(({ kind }) => kind)).not.toContain('Seq Scan');
    }
  }, 120_000);
});
