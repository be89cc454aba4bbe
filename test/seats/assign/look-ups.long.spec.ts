import { systemCaller } from '../../../src/platform/caller.js';
import { AssignRepository } from '../../../src/seats/assign/assign.repository.js';
import type { Recipient } from '../../../src/seats/seats.rules.js';
import type { PoolRow } from '../../../src/seats/seats.sql.js';
import { startApp, type Tenant, type TestApp } from '../../support/app.js';
import { stepsOf } from '../../support/plans.js';
import { setOrganization, UNKNOWN_ID } from '../fixtures.js';

/*
 * A buyer with many members, all seated in one pool. The facts about one recipient must cost a few
 * index look-ups, also with statistics from a time when the tables were small.
 */

const SEATS = 20_000;

let api: TestApp;
let tenant: Tenant;
let pool: PoolRow;

beforeAll(async () => {
  api = await startApp();
  // The test decides when PostgreSQL gets its statistics.
  for (const table of ['customers', 'members', 'seats']) {
    await api.database.sql(`ALTER TABLE ${table} SET (autovacuum_enabled = off)`);
  }
  tenant = await api.tenant();
  const { id } = await tenant.subscription(2 * SEATS);
  await fill(id, 1, SEATS / 20);
  await api.database.sql('ANALYZE');
  await fill(id, SEATS / 20 + 1, SEATS);
  const [row] = await api.database.sql<PoolRow>(
    `SELECT pool.*, organization.member_model_enabled FROM pools pool
     JOIN organizations organization ON organization.id = pool.organization_id
     WHERE subscription_id = $1`,
    [id],
  );
  pool = row as PoolRow;
}, 180_000);
afterAll(() => api?.close());

/** Seats new members of the buyer, and creates customers with the same e-mails. */
async function fill(subscription: string, from: number, to: number): Promise<void> {
  await api.database.sql(
    `WITH p AS (SELECT * FROM pools WHERE subscription_id = $1), m AS (
       INSERT INTO members (organization_id, id, created_at, customer_id, email, external_id)
       SELECT p.organization_id, gen_random_uuid(), now(), p.customer_id,
         'f' || n || '@example.com', 'e' || n
       FROM p, generate_series($2::int, $3::int) n RETURNING *)
     INSERT INTO seats (organization_id, id, created_at, pool_id, status, customer_id, member_id,
       email, claimed_at)
     SELECT m.organization_id, gen_random_uuid(), now(), p.id, 'claimed', m.customer_id, m.id,
       m.email, now() FROM p, m`,
    [subscription, from, to],
  );
  await api.database.sql(
    `INSERT INTO customers (organization_id, id, created_at, email, external_id)
     SELECT $1, gen_random_uuid(), now(), 'f' || n || '@example.com', 'e' || n
     FROM generate_series($2::int, $3::int) n`,
    [tenant.id, from, to],
  );
}

const RECIPIENTS: Recipient[] = [
  { by: 'email', email: 'F1@example.com' },
  { by: 'email', email: 'nobody@example.com' },
  { by: 'member', id: UNKNOWN_ID },
  { by: 'external_member', external_id: 'e2', email: 'f2@example.com' },
  { by: 'external_member', external_id: 'nobody', email: undefined },
  { by: 'customer', id: UNKNOWN_ID },
  { by: 'external_customer', external_id: 'e3' },
];

/** The steps of the look-ups that read more than one row of a big table. */
async function longSteps(member_model_enabled: boolean, recipients: Recipient[]) {
  await setOrganization(api, tenant, { member_model_enabled });
  const ref = { subscription_id: pool.subscription_id as string };
  const caller = systemCaller(tenant.id);
  const steps = await stepsOf(api.database, async (database) => {
    const repository = new AssignRepository(database);
    await repository.findCandidates(tenant.id, { ...pool, member_model_enabled }, recipients);
    await repository.findPoolAndCandidate(caller, ref, recipients[0] as Recipient);
  });
  const isBig = (table: string | undefined) =>
    ['customers', 'members', 'seats'].includes(table ?? '');
  expect(steps.filter(({ table }) => isBig(table)).length).toBeGreaterThan(0);
  return steps.filter(({ table, rows }) => isBig(table) && rows > 1);
}

describe.each(['with old statistics', 'with new statistics'])(
  'the look-up of people, %s',
  (how) => {
    beforeAll(async () => {
      if (how === 'with new statistics') await api.database.sql('ANALYZE');
    });

    it.each(RECIPIENTS)('reads a row of each table at most: %j', async (recipient) => {
      expect(await longSteps(true, [recipient])).toEqual([]);
      expect(await longSteps(false, [recipient])).toEqual([]);
    });

    it('reads a row of each table for each of many people', async () => {
      const many = Array.from({ length: 1_000 }, (_, index): Recipient => ({
        by: 'email',
        email: `f${index}@example.com`,
      }));
      expect(await longSteps(true, many)).toEqual([]);
    });
  },
);
