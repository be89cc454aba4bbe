import { connect, createServer, type Server, type Socket } from 'node:net';
import { startApp, type TestApp } from '../support/app.js';
import { type TestDatabase, testDatabase } from '../support/database.js';

/** A line to PostgreSQL that can be cut: then nothing listens at its end, as when it is down. */
class Line {
  private readonly sockets = new Set<Socket>();
  private server: Server | undefined;
  port = 0;

  constructor(private readonly target: number) {}

  async open(): Promise<void> {
    this.server = createServer((socket) => {
      const upstream = connect(this.target, '127.0.0.1');
      for (const end of [socket, upstream]) {
        this.sockets.add(end);
        end.on('error', () => undefined).on('close', () => this.sockets.delete(end));
      }
      socket.pipe(upstream).pipe(socket);
    });
    await new Promise<void>((done) => this.server?.listen(this.port, '127.0.0.1', done));
    this.port = (this.server.address() as { port: number }).port;
  }

  /** Nothing that either side says arrives any more, and nobody is told. */
  pause(): void {
    for (const socket of this.sockets) socket.pause();
  }

  resume(): void {
    for (const socket of this.sockets) socket.resume();
  }

  async cut(): Promise<void> {
    const closed = new Promise((done) => this.server?.close(done));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }
}

describe('while PostgreSQL is down', () => {
  let test: TestApp;
  let database: TestDatabase;
  let line: Line;
  let token: string;
  let subscription: { id: string };

  beforeAll(async () => {
    database = await testDatabase();
    const url = new URL(database.url);
    line = new Line(Number(url.port));
    await line.open();
    url.port = String(line.port);
    test = await startApp({ DATABASE_URL: url.href });
    const close = test.close;
    test.close = async () => {
      await close();
      await database.drop();
    };
    const tenant = await test.tenant();
    token = tenant.token;
    subscription = await tenant.subscription(5);
  });
  afterAll(async () => {
    await test.close();
    await line.cut();
  });

  const assign = (email: string) =>
    test.call('POST', '/v1/customer-seats', {
      token,
      body: { subscription_id: subscription.id, email },
    });

  const look = () => test.call('GET', `/v1/customer-seats/claim/${'a'.repeat(43)}`);

  const ready = async () => {
    const { status, body } = await test.call('GET', '/health/ready');
    return [status, body.checks];
  };

  it('answers 503 with Retry-After, and goes on by itself afterwards', async () => {
    expect((await assign('before@example.com')).status).toBe(200);
    await line.cut();
    const down = await assign('during@example.com');
    expect(down.status).toBe(503);
    expect(down.body).toMatchObject({
      error: 'ServiceUnavailable',
      request_id: expect.any(String),
    });
    expect(down.headers['retry-after']).toMatch(/^\d+$/);
    // Once the broken connections are gone new ones are refused, which is another failure.
    for (const email of ['one@example.com', 'two@example.com', 'three@example.com']) {
      expect([(await assign(email)).status, (await look()).status]).toEqual([503, 503]);
    }
    expect(await ready()).toEqual([503, { database: 'failed', migrations: 'failed' }]);
    await line.open();
    expect((await assign('during@example.com')).status).toBe(200);
    expect(await ready()).toEqual([200, { database: 'ok', migrations: 'ok' }]);
  });

  it('is not ready either while it only hangs, and says so within seconds', async () => {
    line.pause();
    expect(await ready()).toEqual([503, { database: 'failed', migrations: 'failed' }]);
    line.resume();
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
