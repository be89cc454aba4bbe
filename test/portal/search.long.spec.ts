import { PortalRepository } from '../../src/portal/portal.repository.js';
import { startApp, type Tenant, type TestApp } from '../support/app.js';
import { stepsOf } from '../support/plans.js';
import { browse, sessionFor } from './fixtures.js';

/*
 * The search of the portal in a pool of more than 50,000 people, where it finds the beginning of an
 * e-mail or a name.
 */

const SEATS = 50_001;

let api: TestApp;
let tenant: Tenant;
let sold: { id: string; customer_id: string };

beforeAll(async () => {
  api = await startApp();
  tenant = await api.tenant();
  sold = (await tenant.subscription(2 * SEATS)) as typeof sold;
  await api.database.sql(
    `WITH p AS (SELECT * FROM pools WHERE subscription_id = $1), m AS (
       INSERT INTO members (organization_id, id, created_at, customer_id, email, name)
       SELECT p.organization_id, gen_random_uuid(), now(), p.customer_id,
         'Person-' || n || '@example.com', CASE WHEN n % 10 = 0 THEN 'Grace 100%_ ' || n END
       FROM p, generate_series(1, $2::int) n RETURNING *)
     INSERT INTO seats (organization_id, id, created_at, pool_id, status, customer_id, member_id,
       email, claimed_at)
     SELECT m.organization_id, gen_random_uuid(), now(), p.id, 'claimed', m.customer_id, m.id,
       m.email, now() FROM p, m`,
    [sold.id, SEATS],
  );
  await api.database.sql('ANALYZE');
}, 180_000);
afterAll(() => api?.close());

/** The e-mails on the page of a search. */
async function found(search: string): Promise<string[]> {
  const token = await sessionFor(tenant, { customer_id: sold.customer_id });
  const url = `/portal/subscriptions/${sold.id}?q=${encodeURIComponent(search)}`;
  const { body } = await browse(api, token).open(url);
  return [...new Set(body.match(/Person-\d+@example\.com/g) ?? [])].sort();
}

describe('the search in a pool of 50,001 people', () => {
  it.each([
    ['the beginning of an e-mail, regardless of case', 'pERSON-4321@', ['Person-4321@example.com']],
    [
      'the beginning of a name, regardless of case',
      'gRACE 100%_ 43210',
      ['Person-43210@example.com'],
    ],
    ['no other part of an e-mail', '4321@example', []],
    ['no pattern', 'person-4_21@%', []],
  ])('finds %s', async (_, search, expected) => {
    expect(await found(search)).toEqual(expected);
  });

  it('shows a page of the many people who match a single letter', async () => {
    expect(await found('p')).toHaveLength(50);
  });

  it.each(['p', 'person-4321@', 'grace', 'nobody'])('reads little for "%s"', async (search) => {
    const buyer = {
      organizationId: tenant.id,
      customerId: sold.customer_id,
      actor: { type: 'session', id: null },
      requestId: null,
    } as const;
    const pool = { ref: { subscription_id: sold.id }, taken: SEATS };
    const steps = await stepsOf(api.database, (database) =>
      new PortalRepository(database).listPeople(buyer, pool, search, {
        after: undefined,
        limit: 51,
      }),
    );
    const isBig = (table: string | undefined) => table === 'seats' || table === 'members';
    expect(steps.filter(({ table, rows }) => isBig(table) && rows > 600)).toEqual([]);
  });
});
