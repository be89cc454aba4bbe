import {
  assign,
  claimed,
  errorOf,
  newEmail,
  UNKNOWN_ID,
  problems,
  revoke,
  SEATS,
  type Seat,
  setOrganization,
} from './fixtures.js';
import { SeatsRepository } from '../../src/seats/seats.repository.js';
import { type Answer, startApp, type Tenant, type TestApp } from '../support/app.js';
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

const list = (query: string) => tenant.call('GET', `${SEATS}?${query}`);
const idsOf = ({ body }: Answer): string[] => body.seats.map(({ id }: Seat) => id);
const cursorOf = (...keys: unknown[]) => Buffer.from(JSON.stringify(keys)).toString('base64url');

/** Inserts claimed seats, each with its own member, directly into the database. */
async function fill(container: { id: string }, count: number): Promise<void> {
  await api.database.sql(
    `WITH p AS (SELECT * FROM pools WHERE subscription_id = $1), m AS (
       INSERT INTO members (organization_id, id, created_at, customer_id, email)
       SELECT p.organization_id, gen_random_uuid(), now(), p.customer_id, 'f' || n || '@example.com'
       FROM p, generate_series(1, $2::int) n RETURNING *)
     INSERT INTO seats (organization_id, id, created_at, pool_id, status, customer_id, member_id,
       email, claimed_at)
     SELECT m.organization_id, gen_random_uuid(), now() - interval '1 ms' * (row_number() OVER ()),
       p.id, 'claimed', m.customer_id, m.id, m.email, now() FROM p, m`,
    [container.id, count],
  );
  await api.database.sql('ANALYZE');
}

/** The ids of all pages. `between` runs after each page. */
async function visit(query: string, between = async () => {}): Promise<string[]> {
  const seen: string[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const answer = await list(`${query}${cursor && `&cursor=${cursor}`}`);
    expect(answer.status).toBe(200);
    seen.push(...idsOf(answer));
    cursor = answer.body.next_cursor;
    await between();
  }
  return seen;
}

describe('GET /v1/customer-seats with filters', () => {
  let id: string;
  let pending: Seat;
  let taken: Seat;
  let gone: Seat;

  beforeEach(async () => {
    ({ id } = await tenant.subscription(5));
    pending = await assign(tenant, { subscription_id: id, email: newEmail() });
    taken = await assign(tenant, { subscription_id: id, email: newEmail() });
    await claimed(api, taken);
    gone = await assign(tenant, { subscription_id: id, email: newEmail() });
    await revoke(tenant, gone.id);
  });

  it.each([
    ['status=pending', () => [pending]],
    ['status=claimed', () => [taken]],
    ['status=revoked', () => [gone]],
    ['status=pending&status=revoked', () => [pending, gone]],
    ['', () => [pending, taken, gone]],
  ])('selects the seats by "%s" and counts all', async (query, expected) => {
    const answer = await list(`subscription_id=${id}&${query}`);
    expect(new Set(idsOf(answer))).toEqual(new Set(expected().map((seat) => seat.id)));
    expect(answer.body).toMatchObject({ available_seats: 3, total_seats: 5 });
    expect('next_cursor' in answer.body).toBe(false);
  });

  it('finds active seats by person, regardless of case', async () => {
    const email = encodeURIComponent(pending.email.toUpperCase());
    expect(idsOf(await list(`subscription_id=${id}&email=${email}`))).toEqual([pending.id]);
    const byMember = `subscription_id=${id}&member_id=${taken.member_id}`;
    expect(idsOf(await list(byMember))).toEqual([taken.id]);
    const byCustomer = await list(`subscription_id=${id}&customer_id=${taken.customer_id}`);
    expect(new Set(idsOf(byCustomer))).toEqual(new Set([pending.id, taken.id]));
    const combined = await list(`${byMember}&status=pending`);
    expect(combined.body).toEqual({ seats: [], available_seats: 3, total_seats: 5 });
  });

  it('finds no revoked seat by person', async () => {
    for (const filter of [`email=${gone.email}`, `member_id=${gone.member_id}`]) {
      expect(idsOf(await list(`subscription_id=${id}&${filter}`))).toEqual([]);
      expect(idsOf(await list(`subscription_id=${id}&${filter}&status=revoked`))).toEqual([]);
    }
  });

  it('finds the seat of a person who is a customer', async () => {
    await setOrganization(api, tenant, { member_model_enabled: false });
    const own = await assign(tenant, { subscription_id: id, email: newEmail() });
    const answer = await list(`subscription_id=${id}&customer_id=${own.customer_id}`);
    expect(idsOf(answer)).toEqual([own.id]);
  });

  it.each([
    ['status=lost', ['enum', 'query', 'status', 0]],
    ['email=nobody', ['value_error', 'query', 'email']],
    ['member_id=x', ['uuid_parsing', 'query', 'member_id']],
    ['customer_id=c232ab00-9414-11ec-b3c8-9f6bdeced846', ['uuid_version', 'query', 'customer_id']],
    ['limit=0', ['greater_than_equal', 'query', 'limit']],
    ['limit=1001', ['less_than_equal', 'query', 'limit']],
    ['limit=ten', ['int_parsing', 'query', 'limit']],
  ])('answers 422 for %s', async (query, expected) => {
    expect(problems(await list(`subscription_id=${id}&${query}`))).toEqual([expected]);
  });
});

describe('GET /v1/customer-seats with a checkout', () => {
  it('lists the seats of the purchase of the checkout', async () => {
    const product = await tenant.create('products', { name: 'Pro' });
    const checkout = await tenant.create('checkouts', {
      product_id: product.id,
      status: 'succeeded',
    });
    expect(errorOf(await list(`checkout_id=${checkout.id}`))).toEqual([404, 'ResourceNotFound']);
    const sold = await tenant.order(2, { checkout_id: checkout.id });
    const seat = await assign(tenant, { order_id: sold.id, email: newEmail() });
    expect(idsOf(await list(`checkout_id=${checkout.id}`))).toEqual([seat.id]);
    const open = await tenant.create('checkouts', { product_id: product.id });
    expect(errorOf(await list(`checkout_id=${open.id}`))).toEqual([403, 'NotPermitted']);
    expect(errorOf(await list(`checkout_id=${UNKNOWN_ID}`))).toEqual([404, 'ResourceNotFound']);
  });
});

describe('GET /v1/customer-seats page by page', () => {
  it('ends with a null cursor, even when the last page is full', async () => {
    const { id } = await tenant.subscription(5);
    for (let n = 0; n < 4; n += 1) {
      await assign(tenant, { subscription_id: id, email: newEmail() });
    }
    const first = await list(`subscription_id=${id}&limit=2`);
    expect(first.body).toMatchObject({ available_seats: 1, total_seats: 5 });
    const second = await list(`subscription_id=${id}&limit=2&cursor=${first.body.next_cursor}`);
    expect(second.body.next_cursor).toBeNull();
    const whole = await list(`subscription_id=${id}`);
    expect([...idsOf(first), ...idsOf(second)]).toEqual(idsOf(whole));
    expect((await list(`subscription_id=${id}&limit=1000`)).body.next_cursor).toBeNull();
    expect(await visit(`subscription_id=${id}&limit=1&status=pending`)).toEqual(idsOf(whole));
  });

  it.each([
    ['random text', 'x'],
    ['JSON of another shape', cursorOf('a')],
    ['numbers', cursorOf(1, 2)],
    ['a day that does not exist', cursorOf('2026-02-31T00:00:00.000Z', UNKNOWN_ID)],
    ['the year 275760', cursorOf('+275760-01-01T00:00:00.000Z', UNKNOWN_ID)],
    ['the year 0', cursorOf('0000-01-01T00:00:00.000Z', UNKNOWN_ID)],
    ['a time that does not exist', cursorOf('2026-99-99T99:99:99.999Z', UNKNOWN_ID)],
    ['an id that is not a UUID', cursorOf('2026-01-01T00:00:00.000Z', '-'.repeat(36))],
    ['the position of an event', cursorOf('1', '2')],
    ['SQL', cursorOf("2026-01-01T00:00:00.000Z'; --", UNKNOWN_ID)],
  ])('answers 422 for a cursor that contains %s', async (_, cursor) => {
    const { id } = await tenant.subscription(1);
    const answer = await list(`subscription_id=${id}&limit=1&cursor=${cursor}`);
    expect(problems(answer)).toEqual([['value_error', 'query', 'cursor']]);
  });

  it('shows every seat once while others are added, revoked and replaced', async () => {
    const sold = await tenant.subscription(500);
    await fill(sold, 100);
    const before = idsOf(await list(`subscription_id=${sold.id}`));
    let round = 0;
    const seen = await visit(`subscription_id=${sold.id}&limit=7`, async () => {
      if (round >= 15) return;
      const body = { subscription_id: sold.id, email: newEmail() };
      await assign(tenant, body);
      const [one, two] = [before[round * 3], before[99 - round]] as [string, string];
      await tenant.call('POST', `${SEATS}/${one}/replace`, { body: { email: newEmail() } });
      await revoke(tenant, two);
      round += 1;
    });
    expect(new Set(seen).size).toBe(seen.length);
    expect(before.filter((id) => !seen.includes(id))).toEqual([]);
  });

  it('reads the last of 50,000 seats from the index like the first', async () => {
    const sold = await tenant.subscription(50_000);
    await fill(sold, 50_000);
    const rows = await api.database.sql(
      `SELECT s.created_at, s.id FROM seats s JOIN pools p ON p.id = s.pool_id
       WHERE p.subscription_id = $1 ORDER BY s.created_at DESC, s.id DESC OFFSET 10 LIMIT 1`,
      [sold.id],
    );
    const [{ created_at, id }] = rows as [{ created_at: Date; id: string }];
    const cursor = cursorOf(created_at.toISOString(), id);
    const last = await list(`subscription_id=${sold.id}&limit=1000&cursor=${cursor}`);
    expect(last.body.seats).toHaveLength(10);
    expect(last.body.next_cursor).toBeNull();
    const steps = await stepsOf(api.database, (database) =>
      new SeatsRepository(database).listSeats(
        tenant.id,
        { subscription_id: sold.id },
        {},
        { after: [created_at.toISOString(), id], limit: 1001 },
      ),
    );
    const [scan, ...others] = steps.filter(({ table }) => table === 'seats');
    expect(scan).toMatchObject({
      index: 'seats_pool_id_created_at_id_idx',
      rows: 10,
    });
    expect(others).toEqual([]);
    const sorts = steps.filter(({ kind }) => kind === 'Sort');
    expect(sorts.filter(({ rows }) => rows > 10)).toEqual([]);
    const whole = await list(`subscription_id=${sold.id}`);
    expect(whole.body.seats).toHaveLength(10_000);
    const next = await list(`subscription_id=${sold.id}&cursor=${whole.body.next_cursor}`);
    expect(idsOf(next).filter((each) => idsOf(whole).slice(-5).includes(each))).toEqual([]);
  }, 180_000);
});
