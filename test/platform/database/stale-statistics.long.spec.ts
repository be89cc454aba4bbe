import { jest } from '@jest/globals';
import { expectNoFailures, startWire, type Wire } from '../../races/wire.js';
import { eventually } from '../../support/eventually.js';
import type { Answer, Tenant } from '../../support/app.js';

// Each operation handles thousands of seats.
jest.setTimeout(300_000);

const TABLES = ['members', 'seats', 'pools', 'customers'];
const PEOPLE = 3_000;
// A plan that reads the tenant's members, seats or pools for each seat would exceed it 20 times over.
const READS_PER_PERSON = 150;

let wire: Wire;
let tenant: Tenant;

beforeAll(async () => {
  wire = await startWire();
});
afterAll(() => wire?.api.close());

const send = async (method: string, path: string, body?: object): Promise<Answer> => {
  const answer = await wire.send(tenant, method, path, body);
  expectNoFailures([answer]);
  expect(answer.status).toBe(200);
  return answer;
};

const people = (prefix: string) =>
  Array.from({ length: PEOPLE }, (_, index) => ({ email: `${prefix}-${index}@example.com` }));

/** How many rows of the large tables all statements so far have read. */
async function rowsRead(): Promise<number> {
  const { sql } = wire.api.database;
  // PostgreSQL adds the counters of a session at the latest when the session ends.
  const ended = await sql<{ pid: number }>(
    `SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid()`,
  );
  await eventually('the sessions have ended', async () => {
    const left = await sql('SELECT FROM pg_stat_activity WHERE pid = ANY($1::int[])', [
      ended.map(({ pid }) => pid),
    ]);
    return left.length === 0;
  });
  const counters = await sql<{ relname: string; reads: number }>(
    `SELECT relname, (seq_tup_read + coalesce(idx_tup_fetch, 0))::int AS reads
     FROM pg_stat_user_tables WHERE relname = ANY($1::text[])`,
    [TABLES],
  );

  return counters.reduce((total, { reads }) => total + reads, 0);
}

async function expectFewReads(work: () => Promise<unknown>): Promise<void> {
  const before = await rowsRead();
  await work();
  expect((await rowsRead()) - before).toBeLessThan(PEOPLE * READS_PER_PERSON);
}

/** Statistics from a time when the only tenant had this many seats of this status. */
async function keepStatisticsOf(seats: number, status: 'claimed' | 'revoked'): Promise<void> {
  const { sql } = wire.api.database;
  const other = await wire.api.tenant();
  const { id } = await other.subscription(seats);
  await sql(
    `WITH pool AS (SELECT * FROM pools WHERE subscription_id = $1), member AS (
       INSERT INTO members (organization_id, id, created_at, customer_id, email)
       SELECT organization_id, gen_random_uuid(), now(), customer_id, 'other' || n || '@example.com'
       FROM pool, generate_series(1, $2::int) n RETURNING *)
     INSERT INTO seats (organization_id, id, created_at, pool_id, status, customer_id, member_id,
       email, claimed_at, revoked_at)
     SELECT pool.organization_id, gen_random_uuid(), now(), pool.id, $3, holder.customer_id,
       holder.id, holder.email, now(), CASE $3 WHEN 'revoked' THEN now() END
     FROM member CROSS JOIN pool LEFT JOIN member holder ON holder.id = member.id AND $3 = 'claimed'`,
    [id, seats, status],
  );
  for (const table of TABLES) {
    await sql(`ALTER TABLE ${table} SET (autovacuum_enabled = off)`);
  }
  await sql('ANALYZE');
}

// In a small table, and in a large one where a look-up for each row is cheaper than a join.
describe.each([
  [100, 'claimed' as const],
  [100, 'revoked' as const],
  [30_000, 'revoked' as const],
])('with the statistics of another tenant of %i %s seats', (seats, status) => {
  let subscription: string;
  let ids: string[];

  beforeAll(() => keepStatisticsOf(seats, status));

  beforeEach(async () => {
    tenant = await wire.api.tenant();
    subscription = (await tenant.subscription(PEOPLE)).id;
    await expectFewReads(async () => {
      // Its plans stay in the session. They were made while the tables were small.
      await send('POST', 'customer-seats/bulk', {
        subscription_id: (await tenant.subscription(2)).id,
        seats: people('few').slice(0, 2),
      });
      const answer = await send('POST', 'customer-seats/bulk', {
        subscription_id: subscription,
        seats: people('one'),
      });
      ids = answer.body.seats.map(({ id }: { id: string }) => id);
    });
    expect(ids).toHaveLength(PEOPLE);
  });

  const bulkRevoke = (body: object) => send('POST', 'customer-seats/bulk-revoke', body);

  it.each<[string, () => Promise<unknown>]>([
    [
      'repeats a bulk',
      () =>
        send('POST', 'customer-seats/bulk', {
          subscription_id: subscription,
          seats: people('one').map((person) => ({ ...person, if_assigned: 'return' })),
        }),
    ],
    ['revokes by ids', () => bulkRevoke({ seat_ids: ids })],
    [
      'revokes by e-mails',
      () =>
        bulkRevoke({
          subscription_id: subscription,
          emails: people('one').map(({ email }) => email),
        }),
    ],
    ['revokes all', () => bulkRevoke({ subscription_id: subscription, all: true })],
    ['lists all', () => send('GET', `customer-seats?subscription_id=${subscription}`)],
    [
      'ends the subscription',
      () => send('PATCH', `subscriptions/${subscription}`, { status: 'canceled' }),
    ],
    [
      'deletes the buyer',
      async () => {
        const { body } = await send('DELETE', `subscriptions/${subscription}`);
        await send('DELETE', `customers/${body.customer_id}`);
      },
    ],
  ])('%s', async (_, work) => expectFewReads(work));
});
