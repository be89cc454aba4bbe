import pg from 'pg';
import { startApp, type Tenant, type TestApp } from '../support/app.js';
import { assign, claim, newEmail, SEATS, tokenOf, tryAssign } from './fixtures.js';

/*
 * How many statements a request sends to PostgreSQL. Each is a round trip. The requests that an
 * application sends most often must not need more of them than they do today.
 */

let api: TestApp;
let tenant: Tenant;
let statements: string[] = [];
const { query } = pg.Client.prototype;

beforeAll(async () => {
  api = await startApp();
  pg.Client.prototype.query = function (this: pg.Client, ...input: unknown[]) {
    const [first] = input as [string | { text: string }];
    statements.push(typeof first === 'string' ? first : first.text);
    return Reflect.apply(query, this, input);
  } as typeof query;
});
beforeEach(async () => {
  tenant = await api.tenant();
});
afterAll(async () => {
  pg.Client.prototype.query = query;
  await api?.close();
});

/**
 * The statements that `work` sends. The access token has been used before, so it is cached. The
 * notification that wakes the workers follows the response, at most ten times a second.
 */
async function statementsOf(work: () => Promise<{ status: number }>): Promise<string[]> {
  await tenant.call('GET', '/v1/organization');
  statements = [];
  const { status } = await work();
  const sent = statements.filter((text) => !text.includes('pg_notify'));
  expect(status).toBeLessThan(500);
  return sent;
}

describe('the number of statements', () => {
  it('of an assign by e-mail is one', async () => {
    const { id } = await tenant.subscription(2);
    const assigning = () => tryAssign(tenant, { subscription_id: id, email: newEmail() });
    expect(await statementsOf(assigning)).toHaveLength(1);
  });

  it.each(['error', 'return'])(
    'of an assign of a person who has a seat is two, without a transaction (if_assigned: %s)',
    async (if_assigned) => {
      const { id } = await tenant.subscription(2);
      const { email } = await assign(tenant, { subscription_id: id, email: newEmail() });
      const again = () => tryAssign(tenant, { subscription_id: id, email, if_assigned });
      expect(await statementsOf(again)).toHaveLength(2);
    },
  );

  it('of a question for access is one', async () => {
    const { id, product_id } = await tenant.subscription(1);
    const email = newEmail();
    await assign(tenant, { subscription_id: id, email, immediate_claim: true });
    const url = `/v1/access?product_id=${product_id}&email=${email}`;
    expect(await statementsOf(() => tenant.call('GET', url))).toHaveLength(1);
  });

  it('of a page of seats is one', async () => {
    const { id } = await tenant.subscription(2);
    await assign(tenant, { subscription_id: id, email: newEmail() });
    const url = `${SEATS}?subscription_id=${id}&limit=100`;
    expect(await statementsOf(() => tenant.call('GET', url))).toHaveLength(1);
  });

  it('of a claim is two: the token is looked up once', async () => {
    const { id } = await tenant.subscription(1);
    const seat = await assign(tenant, { subscription_id: id, email: newEmail() });
    const token = await tokenOf(api, seat.id);
    expect(await statementsOf(() => claim(api, token))).toHaveLength(2);
  });
});
