import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { newEmail, SEATS } from '../seats/fixtures.js';
import { type Answer, startApp, type Tenant, type TestApp } from '../support/app.js';
import { eventually } from '../support/eventually.js';

const CONNECTIONS = 6;
const HALF = 3;

describe('a tenant whose requests wait for locks', () => {
  let api: TestApp;
  let tenant: Tenant;
  let other: Tenant;
  let holder: Client;
  beforeAll(async () => {
    api = await startApp({ DATABASE_POOL_SIZE: String(CONNECTIONS) });
    [tenant, other] = [await api.tenant(), await api.tenant()];
  });
  afterAll(() => api.close());
  beforeEach(async () => {
    holder = new Client(api.database.url);
    await holder.connect();
    await holder.query('BEGIN');
  });
  afterEach(() => holder.end());

  const sell = (count: number) =>
    Promise.all(Array.from({ length: count }, () => tenant.subscription(50)));
  const lock = (subscriptions: { id: string }[]) =>
    holder.query('SELECT FROM pools WHERE subscription_id = ANY($1) FOR UPDATE', [
      subscriptions.map(({ id }) => id),
    ]);
  const bulk = (subscription_id: string, headers: Record<string, string> = {}) =>
    tenant.call('POST', `${SEATS}/bulk`, {
      body: { subscription_id, seats: [{ email: newEmail() }] },
      headers,
    });

  /** The sessions of the service that are in a transaction or wait for a lock. */
  const busy = async () =>
    (
      await api.database.sql(
        `SELECT FROM pg_stat_activity WHERE datname = current_database()
           AND application_name = 'seats' AND state <> 'idle'`,
      )
    ).length;

  /** Asks as another tenant while the requests wait, and then lets them go on. */
  async function whileWaiting(sent: Promise<Answer>[], sessions: number): Promise<Answer[]> {
    await eventually('the requests wait', async () => (await busy()) === sessions);
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => other.call('GET', '/v1/organization')),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200));
    // A request that learns its pool inside of its transaction holds a connection for a moment.
    await eventually('the requests wait again', async () => (await busy()) === sessions);
    await holder.query('COMMIT');
    return Promise.all(sent);
  }

  it('holds one connection for the bulk calls on one pool', async () => {
    const [subscription] = await sell(1);
    await lock([subscription]);
    const sent = Array.from({ length: 20 }, () => bulk(subscription.id));
    const answers = await whileWaiting(sent, 1);
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
  });

  it('holds one connection for bulk calls with idempotency keys on one pool', async () => {
    const [subscription] = await sell(1);
    await lock([subscription]);
    const sent = Array.from({ length: 20 }, () =>
      bulk(subscription.id, { 'idempotency-key': randomUUID() }),
    );
    const answers = await whileWaiting(sent, 1);
    expect(answers.map(({ body }) => body.seats?.length)).toEqual(Array(20).fill(1));
  });

  it('holds one connection for changes of one subscription', async () => {
    const [subscription] = await sell(1);
    await lock([subscription]);
    const path = `/v1/subscriptions/${subscription.id}`;
    const sent = Array.from({ length: 10 }, (_, n) =>
      tenant.call('PATCH', path, { body: { seats: 60 + n } }),
    );
    const answers = await whileWaiting(sent, 1);
    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200));
  });

  it('holds half of the connections for requests of any kind on many pools', async () => {
    const subscriptions = await sell(12);
    await lock(subscriptions);
    const sent = subscriptions.flatMap(({ id }) => [
      bulk(id),
      tenant.call('POST', SEATS, { body: { subscription_id: id, email: newEmail() } }),
    ]);
    const answers = await whileWaiting(sent, HALF);
    expect(answers.map(({ status }) => status)).toEqual(Array(24).fill(200));
  });

  it('holds half of the connections for single assignments to one pool', async () => {
    const [subscription] = await sell(1);
    await lock([subscription]);
    const sent = Array.from({ length: 20 }, () =>
      tenant.call('POST', SEATS, { body: { subscription_id: subscription.id, email: newEmail() } }),
    );
    const answers = await whileWaiting(sent, HALF);
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
  });

  it('holds one connection for revocations of the seats of one pool', async () => {
    const [subscription] = await sell(1);
    const seats = (await Promise.all(Array.from({ length: 12 }, () => bulk(subscription.id)))).map(
      ({ body }) => body.seats[0].id as string,
    );
    await lock([subscription]);
    const sent = seats.map((id) =>
      tenant.call('POST', `${SEATS}/bulk-revoke`, { body: { seat_ids: [id] } }),
    );
    const answers = await whileWaiting(sent, 1);
    expect(answers.map(({ body }) => body.revoked_count)).toEqual(Array(12).fill(1));
  });
});
