import { Database, sql } from '../../../src/platform/database/database.js';
import { EndpointsRepository } from '../../../src/webhooks/endpoints.repository.js';
import { WebhooksRepository } from '../../../src/webhooks/webhooks.repository.js';
import { testSettings } from '../../support/app.js';
import { testDatabase, type TestDatabase } from '../../support/database.js';

const ID = '00000000-0000-4000-8000-000000000000';

let test: TestDatabase;
let database: Database;

beforeAll(async () => {
  test = await testDatabase();
  database = new Database(testSettings({ DATABASE_URL: test.url }));
});
afterAll(async () => {
  await database.onApplicationShutdown();
  await test.drop();
});

const heldLocks = async () =>
  (
    await database.query<{ held: number }>(
      sql`SELECT count(*)::int AS held FROM pg_locks
          WHERE locktype = 'advisory' AND pid = pg_backend_pid()`,
    )
  )[0]?.held;

describe('a method whose effect lasts until the end of the transaction', () => {
  it.each<[string, () => Promise<unknown>]>([
    ['lockName', () => database.lockName('a name')],
    ['tryLockName', () => database.tryLockName('a name')],
    ['planFor few rows', () => database.planFor(1)],
    ['planFor many rows', () => database.planFor(10_000)],
    ['messages of events', () => new WebhooksRepository(database).enqueue([], new Date())],
    [
      'the end of a secret',
      () => new EndpointsRepository(database).retireSecrets(ID, ID, new Date(), new Date()),
    ],
  ])('is refused outside of one: %s', async (_, work) => {
    await expect(work()).rejects.toThrow('needs a transaction');
  });

  it('is allowed within one', async () => {
    const done = database.transaction(async () => {
      await database.lockName('a name');
      expect(await database.tryLockName('another')).toBe(true);
      await database.planFor(10_000);
      return heldLocks();
    });
    expect(await done).toBe(2);
  });
});
