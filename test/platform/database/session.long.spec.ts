import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { assign, newEmail, SEATS, tryAssign } from '../../seats/fixtures.js';
import { startApp, type Tenant, type TestApp } from '../../support/app.js';
import { type TestDatabase, testDatabase } from '../../support/database.js';

let database: TestDatabase;
let api: TestApp;
let tenant: Tenant;

async function start(url: (database: TestDatabase) => string): Promise<void> {
  database = await testDatabase();
  await database.sql(
    `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET timezone = ''America/New_York''', current_database()); END $$`,
  );
  api = await startApp({ DATABASE_URL: url(database) });
  tenant = await api.tenant();
}
afterEach(async () => {
  await api.close();
  await database.drop();
});

describe.each([
  ['', (url: string) => url],
  [' with options in the URL', (url: string) => `${url}?options=-c%20work_mem%3D8MB`],
])('a connection to a server in another time zone%s', (_, address) => {
  beforeEach(() => start(({ url }) => address(url)));

  it('keeps the length of an hour', async () => {
    const { id } = await tenant.subscription(3);
    const options = { subscription_id: id, invitation_expires_in: 3600 };
    const one = await assign(tenant, { ...options, email: newEmail() });
    const body = {
      subscription_id: id,
      seats: [{ email: newEmail(), invitation_expires_in: 3600 }],
    };
    const many = await tenant.call('POST', `${SEATS}/bulk`, { body });
    for (const seat of [one, many.body.seats[0]]) {
      const lasts = Date.parse(seat.invitation_token_expires_at) - Date.parse(seat.created_at);
      expect(lasts).toBe(3600 * 1000);
      expect(Math.abs(Date.parse(seat.created_at) - Date.now())).toBeLessThan(60_000);
    }
  });

  it('keeps cursors valid', async () => {
    const { id } = await tenant.subscription(3);
    for (let n = 0; n < 3; n += 1) await assign(tenant, { subscription_id: id, email: newEmail() });
    const list = `${SEATS}?subscription_id=${id}&limit=2`;
    const first = (await tenant.call('GET', list)).body;
    const second = (await tenant.call('GET', `${list}&cursor=${first.next_cursor}`)).body;
    const ids = [...first.seats, ...second.seats].map((seat) => seat.id);
    expect(new Set(ids).size).toBe(3);
  });
});

describe('a transaction that keeps a pool locked', () => {
  beforeEach(() => start(({ url }) => `${url}?options=-c%20lock_timeout%3D500`));

  it('causes 503s for that pool only', async () => {
    const [held, other] = [await tenant.subscription(20), await tenant.subscription(1)];
    const holder = new Client(database.url);
    await holder.connect();
    await holder.query('BEGIN');
    await holder.query('SELECT FROM pools WHERE subscription_id = $1 FOR UPDATE', [held.id]);
    const waiting = Array.from({ length: 12 }, () =>
      tryAssign(tenant, { subscription_id: held.id, email: `${randomUUID()}@example.com` }),
    );
    const [elsewhere] = await Promise.all([
      tryAssign(tenant, { subscription_id: other.id, email: newEmail() }),
      ...waiting,
    ]);
    await holder.end();
    expect(elsewhere.status).toBe(200);
    const refused = await Promise.all(waiting);
    expect(refused.map((answer) => answer.status)).toEqual(Array(12).fill(503));
    expect(refused[0]?.headers['retry-after']).toMatch(/^\d+$/);
  });
});
