import { WebhooksRepository } from '../../src/webhooks/webhooks.repository.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { stepsOf } from '../support/plans.js';

const NOW = new Date('2027-01-01T00:00:00Z');
const LATER = '2027-01-02T00:00:00Z';
const EARLIER = '2026-12-31T00:00:00Z';
const LIMITS = { limit: 200, perEndpoint: 8, leaseMs: 15_000 };
// How many of the 50,000 messages one step may read.
const FEW = 200;

let database: TestDatabase;

/** A thousand endpoints; the first ten of them get messages. */
beforeEach(async () => {
  database = await testDatabase();
  await database.sql(
    `INSERT INTO organizations (id, created_at, slug, name)
     SELECT gen_random_uuid(), now(), 'o' || n, 'o' FROM generate_series(1, 100) AS n`,
  );
  await database.sql(
    `INSERT INTO webhook_endpoints (organization_id, id, created_at, url, events, enabled)
     SELECT id, gen_random_uuid(), now(), 'http://x', '{customer_seat.assigned}', true
     FROM organizations, generate_series(1, 10)`,
  );
});
afterEach(() => database.drop());

const addMessages = (endpoints: number, each: number, time: string) =>
  database.sql(
    `INSERT INTO webhook_messages
       (organization_id, id, endpoint_id, event_id, event_type, created_at, next_attempt_at)
     SELECT organization_id, gen_random_uuid(), w.id, gen_random_uuid(), 'customer_seat.assigned',
       now(), $3::timestamptz
     FROM (SELECT * FROM webhook_endpoints ORDER BY id LIMIT $1) AS w, generate_series(1, $2)`,
    [endpoints, each, time],
  );

/** Sets the due time of every message. */
const moveAll = (time: string) =>
  database.sql('UPDATE webhook_messages SET next_attempt_at = $1::timestamptz', [time]);

/** The most messages that a lease reads in one run of a step, and the most runs of a step. */
async function leaseReads() {
  const steps = await stepsOf(database, (explained) =>
    new WebhooksRepository(explained).lease(NOW, LIMITS),
  );
  const reads = steps.filter(
    ({ table, index, kind }) =>
      kind.includes('Scan') && [table, index].some((name) => name?.startsWith('webhook_messages')),
  );
  return {
    rows: Math.max(...reads.map(({ rows }) => rows)),
    runs: Math.max(...reads.map(({ runs }) => runs)),
  };
}

async function expectFewReads(): Promise<void> {
  const { rows, runs } = await leaseReads();
  expect(rows).toBeLessThanOrEqual(FEW);
  expect(runs).toBeLessThanOrEqual(FEW);
}

describe.each(['old', 'new'])('with %s statistics of 50,000 messages, a lease reads few', (age) => {
  /** Collects statistics now, or while no message was due. */
  const count = async (when: string) => {
    if (when === age) await database.sql('ANALYZE');
  };
  beforeEach(async () => {
    await database.sql('ALTER TABLE webhook_messages SET (autovacuum_enabled = false)');
    await addMessages(10, 5_000, LATER);
    await count('old');
  });

  it('when none is due', async () => {
    await count('new');
    await expectFewReads();
  });

  it('when all are due', async () => {
    await moveAll(EARLIER);
    await count('new');
    await expectFewReads();
  });

  it('when most are of disabled endpoints', async () => {
    await moveAll(EARLIER);
    await database.sql(
      `UPDATE webhook_endpoints SET enabled = false
       WHERE id IN (SELECT endpoint_id FROM webhook_messages)`,
    );
    await addMessages(20, 8, EARLIER);
    await count('new');
    await expectFewReads();
    const [leased] = await database.sql(
      `SELECT count(*)::int AS count, bool_and(enabled) AS enabled FROM webhook_messages m
       JOIN webhook_endpoints w ON w.id = m.endpoint_id WHERE leased_until IS NOT NULL`,
    );
    expect(leased).toEqual({ count: 80, enabled: true });
  });
});
