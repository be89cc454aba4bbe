import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkRedis, openDatabase, openDatabaseOfServer } from '../../src/boot/preflight.js';
import { DatabaseProbe } from '../../src/platform/database/database-probe.js';
import { sessionProblem } from '../../src/platform/database/session-check.js';
import { RedisConnection } from '../../src/platform/queue/redis.js';
import { startEmbeddedPostgres } from '../../tools/embedded-postgres/embedded-postgres.js';
import { startApp, testSettings } from '../support/app.js';
import { type TestDatabase, testDatabase } from '../support/database.js';
import { TransactionPooler } from '../support/pooler.js';
import { describeWith } from '../support/programs.js';
import { freePort } from '../support/process.js';
import { RedisServer } from '../support/redis.js';

const silent = () => undefined;

/** The message of the error with which the start ends; undefined when it does not end. */
async function refusal(work: Promise<{ close(): Promise<void> }>): Promise<string | undefined> {
  try {
    await (await work).close();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

async function isReady(url: string): Promise<boolean> {
  const probe = new DatabaseProbe(url, 5_000);
  await probe.open();
  try {
    return (await probe.ask()).migrated;
  } catch {
    return false;
  } finally {
    await probe.close();
  }
}

describe('a database whose sessions are not as the service sets them', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await testDatabase();
  });
  afterAll(() => database.drop());

  const start = (env: Record<string, string> = {}) =>
    refusal(
      openDatabaseOfServer(testSettings({ DATABASE_URL: database.url, ...env }), undefined, silent),
    );

  it('lets the service start when nothing is wrong', async () => {
    expect(await start()).toBeUndefined();
    expect(await isReady(database.url)).toBe(true);
  });

  it.each([
    ['TimeZone', 'America/New_York'],
    ['DateStyle', 'SQL, DMY'],
    ['default_transaction_read_only', 'on'],
    ['session_replication_role', 'replica'],
    ['transaction_timeout', '1min'],
  ])('refuses %s = %s, and is not ready', async (name, value) => {
    // It runs after the options of the connection have been applied, as a pooler that drops them.
    await database.sql(`
      CREATE FUNCTION public.spoil() RETURNS event_trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM set_config('${name}', '${value}', false); END $$;
      CREATE EVENT TRIGGER spoil ON login EXECUTE FUNCTION public.spoil()`);
    try {
      expect(await start()).toBe(
        'DATABASE_URL: the settings of its sessions are not those that the service needs: ' +
          `${name} is ${value}. Connect to PostgreSQL itself, or to a pooler that keeps the ` +
          'option `options`.',
      );
      expect(await isReady(database.url)).toBe(false);
    } finally {
      await database.sql('DROP EVENT TRIGGER spoil; DROP FUNCTION public.spoil()');
    }
  });

  it('refuses a pooler in transaction mode', async () => {
    const pooler = await TransactionPooler.start(database.url);
    try {
      expect(await sessionProblem(pooler.url)).toMatch(
        /^it leads to a pooler that does not keep sessions\. Connect to PostgreSQL itself/,
      );
    } finally {
      await pooler.close();
    }
  });

  describe('with a user that may not do everything', () => {
    const role = `limited_${randomBytes(6).toString('hex')}`;
    let url: string;
    beforeAll(async () => {
      await database.sql(`CREATE ROLE ${role} LOGIN PASSWORD 'p';
        GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${role};
        GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO ${role}`);
      url = Object.assign(new URL(database.url), { username: role, password: 'p' }).href;
    });
    afterAll(() => database.sql(`DROP OWNED BY ${role}; DROP ROLE ${role}`));

    it('starts', async () => {
      expect(await start({ DATABASE_URL: url })).toBeUndefined();
    });

    it('names the right that is missing', async () => {
      await database.sql(`REVOKE UPDATE ON seats FROM ${role}`);
      expect(await start({ DATABASE_URL: url })).toBe(
        'DATABASE_URL: its user lacks rights: UPDATE on seats. Grant them to the user.',
      );
    });
  });
});

describe('a database that cannot be reached', () => {
  it('is retried until it can be reached', async () => {
    const port = await freePort();
    const sentences: string[] = [];
    const server = createServer((socket) => socket.destroy());
    const settings = testSettings({ DATABASE_URL: `postgresql://u:p@127.0.0.1:${port}/x` });
    let attempts = 0;
    const connected = new Promise<void>((resolve) => {
      server.on('connection', () => {
        attempts += 1;
        if (attempts === 3) resolve();
      });
    });
    const log = (sentence: string) => {
      sentences.push(sentence);
      server.listen(port, '127.0.0.1');
    };
    const opening = refusal(openDatabase(settings, undefined, { log, patienceMs: 5_000 }));
    await connected;
    expect(sentences).toEqual(['Waiting for the database: nothing listens at that address.']);
    expect(await opening).toMatch(/^DATABASE_URL: /);
    server.close();
  }, 20_000);

  it('is not tried again when it refuses the user', async () => {
    const database = await testDatabase();
    const url = Object.assign(new URL(database.url), { password: 'wrong' }).href;
    const settings = testSettings({ DATABASE_URL: url });
    expect(await refusal(openDatabaseOfServer(settings, undefined, silent))).toBe(
      'DATABASE_URL: the server refuses the user or the password. Correct DATABASE_URL, or start ' +
        'the PostgreSQL server.',
    );
    await database.drop();
  });
});

describe('a read-only database', () => {
  it('is refused at the start; a running service answers 503 until it can write', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'seats-standby-'));
    let postgres = await startEmbeddedPostgres(directory, { durable: false });
    await (await openDatabase(testSettings({ DATABASE_URL: postgres.url }))).close();
    let api = await startApp({ DATABASE_URL: postgres.url });
    const { token } = await api.tenant();
    await api.close();
    await postgres.close();
    await writeFile(join(directory, 'postgres/standby.signal'), '');
    postgres = await startEmbeddedPostgres(directory, { durable: false });
    try {
      const settings = testSettings({ DATABASE_URL: postgres.url });
      expect(await refusal(openDatabaseOfServer(settings, undefined, silent))).toBe(
        'DATABASE_URL: the database is read-only. Point DATABASE_URL at the primary.',
      );
      api = await startApp({ DATABASE_URL: postgres.url });
      const create = () => api.call('POST', '/v1/products', { token, body: { name: 'Pro' } });
      const refused = await create();
      expect([refused.status, refused.body.error]).toEqual([503, 'ServiceUnavailable']);
      expect(refused.headers['retry-after']).toMatch(/^\d+$/);
      const ready = await api.call('GET', '/health/ready');
      expect([ready.status, ready.body.checks.database]).toEqual([503, 'failed']);
    } finally {
      await api.close();
      await postgres.close();
      await rm(directory, { recursive: true, force: true });
    }
  }, 120_000);
});

describeWith('redis-server', 'a Redis that cannot hold the queue', (program) => {
  const worker = (REDIS_URL: string) => testSettings({ REDIS_URL, APP_ROLE: 'worker' });
  const start = (url: string) =>
    checkRedis(worker(url)).then(
      () => undefined,
      (error: Error) => error.message,
    );

  it('is refused at the start when it is a cluster', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'seats-redis-'));
    const redis = await RedisServer.start(program, {
      options: ['--cluster-enabled', 'yes', '--dir', directory],
    });
    expect(await start(redis.url)).toMatch(/^REDIS_URL: it is a Redis Cluster, use a single Redis/);
    await redis.kill();
    await rm(directory, { recursive: true });
  });

  it('is refused at the start when the number of its database is out of range', async () => {
    const redis = await RedisServer.start(program);
    expect(await start(redis.url)).toBeUndefined();
    expect(await start(`${redis.url}/99`)).toMatch(/^REDIS_URL: .*out of range/);
    await redis.kill();
  });

  it('is not ready while it has no memory left', async () => {
    const redis = await RedisServer.start(program, { options: ['--maxmemory', '1000'] });
    const connection = new RedisConnection(worker(redis.url));
    // Not redis.url: the connection must be open, because its commands do not wait for it.
    await new Promise((resolve) => connection.client?.once('ready', resolve));
    await expect(connection.check()).rejects.toThrow('OOM');
    expect(await start(redis.url)).toBeUndefined();
    await connection.client?.config('SET', 'maxmemory', '0');
    await connection.check();
    connection.onApplicationShutdown();
    await redis.kill();
  });
});
