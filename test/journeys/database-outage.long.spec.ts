import { startApp, type TestApp } from '../support/app.js';
import { type TestDatabase, testDatabase } from '../support/database.js';
import { TcpProxy } from '../support/tcp-proxy.js';

describe('the API during a failure of its database', () => {
  let api: TestApp;
  let database: TestDatabase;
  let proxy: TcpProxy;
  let token: string;
  let subscription: { id: string };

  beforeAll(async () => {
    database = await testDatabase();
    const url = new URL(database.url);
    proxy = new TcpProxy(Number(url.port));
    await proxy.open();
    url.port = String(proxy.port);
    api = await startApp({ DATABASE_URL: url.href });
    const close = api.close;
    api.close = async () => {
      await close();
      await database.drop();
    };
    const tenant = await api.tenant();
    token = tenant.token;
    subscription = await tenant.subscription(5);
  });
  afterAll(async () => {
    await api.close();
    await proxy.cut();
  });

  const assign = (email: string) =>
    api.call('POST', '/v1/customer-seats', {
      token,
      body: { subscription_id: subscription.id, email },
    });

  const showInvitation = () => api.call('GET', `/v1/customer-seats/claim/${'a'.repeat(43)}`);

  /** Advances the clock past the shared result, then checks readiness. */
  const ready = async () => {
    api.clock.advance(2);
    const { status, body } = await api.call('GET', '/health/ready');
    return [status, body.checks];
  };

  it('answers 503 with Retry-After while PostgreSQL is down, and recovers by itself', async () => {
    expect((await assign('before@example.com')).status).toBe(200);
    await proxy.cut();
    const down = await assign('during@example.com');
    expect(down.status).toBe(503);
    expect(down.body).toMatchObject({
      error: 'ServiceUnavailable',
      request_id: expect.any(String),
    });
    expect(down.headers['retry-after']).toMatch(/^\d+$/);
    // Once the broken connections are gone, new connections are refused, which is another error.
    for (const email of ['one@example.com', 'two@example.com', 'three@example.com']) {
      expect([(await assign(email)).status, (await showInvitation()).status]).toEqual([503, 503]);
    }
    expect(await ready()).toEqual([503, { database: 'failed', migrations: 'failed' }]);
    await proxy.open();
    expect((await assign('during@example.com')).status).toBe(200);
    expect(await ready()).toEqual([200, { database: 'ok', migrations: 'ok' }]);
  });

  it('is not ready while PostgreSQL hangs, and says so within seconds', async () => {
    proxy.pause();
    expect(await ready()).toEqual([503, { database: 'failed', migrations: 'failed' }]);
    proxy.resume();
    expect(await ready()).toEqual([200, { database: 'ok', migrations: 'ok' }]);
  });

  it('is not ready while a migration is missing', async () => {
    const last = '(SELECT max(migration_name) FROM _prisma_migrations)';
    const [{ migration_name: name } = {}] = await database.sql(`SELECT ${last} AS migration_name`);
    const rename = 'UPDATE _prisma_migrations SET migration_name = $2 WHERE migration_name = $1';
    await database.sql(rename, [name, 'another']);
    expect(await ready()).toEqual([503, { database: 'ok', migrations: 'failed' }]);
    await database.sql(rename, ['another', name]);
    expect(await ready()).toEqual([200, { database: 'ok', migrations: 'ok' }]);
  });
});
