import { once } from 'node:events';
import { readdir, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { Client } from 'pg';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/process.js';
import {
  dataDirectory,
  ensureBuild,
  processesOf,
  runToEnd,
  ServiceProcess,
  shell,
} from '../support/processes.js';
import { testDatabase } from '../support/database.js';
import { call } from '../support/story.js';

type Database = Awaited<ReturnType<typeof testDatabase>>;

const NOTHING = /^\w+: nothing listens at that address/;
const UNKNOWN = /^\w+: the host name (is unknown|cannot be looked up)/;

const statusOf = async (url: string) => (await fetch(url)).status;
const ready = async ({ url }: ServiceProcess) => (await fetch(`${url}/health/ready`)).status;

beforeAll(() => ensureBuild(), 120_000);

describe('the service without any setting', () => {
  it('runs the printed command, keeps its data, and leaves no process running', async () => {
    const data = await dataDirectory();
    const env = { DATA_DIR: data.path };
    try {
      const first = await ServiceProcess.start(env);
      expect(await ready(first)).toBe(200);
      const seat = JSON.parse(await shell(first.curl));
      expect(seat).toMatchObject({ status: 'pending', email: 'you@example.com' });
      expect((await fetch(`${first.url}/docs`)).status).toBe(200);
      expect((await fetch(`${first.url}/dev/mailbox`)).status).toBe(200);
      expect(await first.stop('SIGINT')).toMatchObject({ code: 0 });
      expect(await processesOf(data.path)).toEqual([]);

      const second = await ServiceProcess.start(env);
      expect(second.token).toBe(first.token);
      expect(JSON.parse(await shell(second.curl))).toEqual(seat);
      const list = await fetch(
        `${second.url}/v1/customer-seats?subscription_id=${seat.subscription_id}`,
        { headers: { authorization: `Bearer ${second.token}` } },
      );
      expect(await list.json()).toMatchObject({ total_seats: 100, available_seats: 89 });
      expect(await second.stop('SIGTERM')).toMatchObject({ code: 0 });
      expect(await processesOf(data.path)).toEqual([]);

      // An invalid setting is reported before the database is opened.
      const third = await ServiceProcess.spawn({ ...env, MAIL_FROM: 'nobody' }).ended;
      expect(third).toMatchObject({ code: 1, stderr: expect.stringMatching(/^MAIL_FROM must be/) });
      expect(await processesOf(data.path)).toEqual([]);
    } finally {
      await data.remove();
    }
  }, 120_000);
});

describe('the service with DATABASE_URL', () => {
  let database: Database;
  beforeAll(async () => {
    database = await testDatabase();
  });
  afterAll(() => database.drop());

  it('creates no demo and prints no token', async () => {
    const service = await ServiceProcess.start({ DATABASE_URL: database.url });
    expect(await service.stop('SIGHUP')).toMatchObject({ code: 0 });
    expect(service.stdout).not.toContain('seat_oat_');
  }, 60_000);

  it('serves only health and metrics as a worker', async () => {
    const service = await ServiceProcess.start({ DATABASE_URL: database.url, APP_ROLE: 'worker' });
    expect(await ready(service)).toBe(200);
    expect(await (await fetch(`${service.url}/health/ready`)).json()).toEqual({
      status: 'ok',
      checks: { database: 'ok', migrations: 'ok', queue: 'ok' },
    });
    expect(await statusOf(`${service.url}/metrics`)).toBe(200);
    for (const path of ['/v1/organization', '/claim', '/portal', '/docs', '/openapi.json']) {
      expect([path, await statusOf(`${service.url}${path}`)]).toEqual([path, 404]);
    }
    expect(await service.stop()).toMatchObject({ code: 0 });
  }, 60_000);

  it('runs the API without a queue, and with metrics on METRICS_PORT', async () => {
    const METRICS_PORT = String(await freePort());
    const env = { DATABASE_URL: database.url, APP_ROLE: 'api', METRICS_PORT };
    const service = await ServiceProcess.start(env);
    expect(await (await fetch(`${service.url}/health/ready`)).json()).toEqual({
      status: 'ok',
      checks: { database: 'ok', migrations: 'ok' },
    });
    expect(await statusOf(`${service.url}/metrics`)).toBe(404);
    expect(await statusOf(`${service.url}/dev/mailbox`)).toBe(404);
    const metrics = `http://127.0.0.1:${METRICS_PORT}`;
    expect(await (await fetch(`${metrics}/metrics`)).text()).toMatch(
      /^http_request_duration_seconds_bucket\{.*route="\/health\/ready"/m,
    );
    expect(await statusOf(`${metrics}/v1/organization`)).toBe(404);
    expect(await service.stop()).toMatchObject({ code: 0 });
  }, 60_000);

  it('stops even if a client keeps its connection open', async () => {
    const service = await ServiceProcess.start({ DATABASE_URL: database.url, APP_ROLE: 'api' });
    const { hostname, port } = new URL(service.url);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined);
    socket.write('GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n');
    await once(socket, 'data');
    expect(await service.stop()).toMatchObject({ code: 0 });
    socket.destroy();
  }, 60_000);
});

describe('the demo', () => {
  let database: Database;
  let env: Record<string, string>;
  const services: ServiceProcess[] = [];
  beforeAll(async () => {
    database = await testDatabase();
    env = { DATABASE_URL: database.url, DEMO: 'true', APP_ROLE: 'api' };
    // The lock stops both processes right before they create the demo.
    const holder = new Client(database.url);
    await holder.connect();
    await holder.query('BEGIN; LOCK TABLE organizations IN SHARE MODE');
    const start = async () => void services.push(await ServiceProcess.start(env));
    const starting = Promise.all([start(), start()]);
    await eventually('both wait', () => waiting(2), 60);
    await holder.query('COMMIT');
    await holder.end();
    await starting;
  }, 120_000);
  afterAll(async () => {
    await Promise.all(services.map((service) => service.stop('SIGKILL')));
    await database.drop();
  });

  /** Whether exactly `count` sessions wait for a lock. */
  async function waiting(count: number): Promise<boolean> {
    const sessions = await database.sql(
      `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    );
    return sessions.length === count;
  }

  it('is created once by processes that start at the same time, and both print it', async () => {
    const [first, second] = services as [ServiceProcess, ServiceProcess];
    expect(first.token).toMatch(/^seat_oat_/);
    expect(second.token).toBe(first.token);
    expect(await database.sql('SELECT slug FROM organizations')).toEqual([{ slug: 'demo' }]);
  });

  it('finishes a request in flight when two signals stop the service at the same time', async () => {
    const [service] = services as [ServiceProcess];
    const holder = new Client(database.url);
    await holder.connect();
    await holder.query('BEGIN; SELECT FROM pools FOR UPDATE');
    const answer = shell(`${service.curl} -w '\n%{http_code}'`);
    await eventually('the assignment waits', () => waiting(1));
    // After Ctrl-C npm forwards the SIGINT that the terminal has already sent.
    service.kill('SIGINT');
    const ended = service.stop('SIGTERM');
    await eventually('the service accepts no new connections', () =>
      ready(service).then(
        () => false,
        () => true,
      ),
    );
    await holder.query('COMMIT');
    await holder.end();
    expect(await answer).toMatch(/"status":"pending"[^]*\n200$/);
    expect(await ended).toMatchObject({ code: 0 });
  }, 60_000);

  it('ends a stream that waits for a claim when the service stops', async () => {
    const [, service] = services as [ServiceProcess, ServiceProcess];
    const subscription_id = service.subscriptionId;
    const seat = { subscription_id, email: 'stream@example.com', send_invitation: false };
    const path = '/v1/customer-seats?include=invitation';
    const assigned = await call(service.url, service.token, 'POST', path, seat);
    const { token } = assigned.body.invitation;
    const stream = await fetch(`${service.url}/v1/customer-seats/claim/${token}/stream`);
    const heard = stream.text();
    expect(await service.stop()).toMatchObject({ code: 0 });
    expect(await heard).toMatch(/data: \{"type":"reconnect"\}\s*$/);
  }, 10_000);

  it('prints a command that works after SECRET_KEYS changed', async () => {
    const SECRET_KEYS = 'a key that the first start did not have yet';
    const service = await ServiceProcess.start({ ...env, SECRET_KEYS });
    services.push(service);
    expect(service.token).not.toBe(services[0]?.token);
    expect(JSON.parse(await shell(service.curl))).toMatchObject({ status: 'pending' });
  }, 60_000);
});

describe('the service that cannot start', () => {
  const refused = async (env: Record<string, string>) => {
    const ended = await ServiceProcess.spawn(env).ended;
    expect(ended.code).toBe(1);
    expect(ended.stderr.trimEnd().split('\n')).toHaveLength(1);
    return ended.stderr;
  };

  it.each(['PORT', 'METRICS_PORT'])(
    'names %s when the port is taken, and does not create a database',
    async (variable) => {
      const data = await dataDirectory();
      const blocker = createServer().listen(0, '127.0.0.1');
      await once(blocker, 'listening');
      const { port } = blocker.address() as AddressInfo;
      const said = await refused({ [variable]: String(port), DATA_DIR: data.path });
      expect(said).toMatch(new RegExp(`^${variable}: port ${port} is taken`));
      expect(await readdir(data.path)).toEqual([]);
      blocker.close();
      await data.remove();
    },
    60_000,
  );

  it('names DATA_DIR when it is not a directory', async () => {
    const data = await dataDirectory();
    const DATA_DIR = join(data.path, 'a-file');
    await writeFile(DATA_DIR, '');
    expect(await refused({ DATA_DIR })).toMatch(/^DATA_DIR: /);
    await data.remove();
  }, 60_000);

  // A label of a host name has at most 63 characters, so this lookup sends no DNS query.
  const unknown = `${'x'.repeat(64)}.invalid`;
  it.each([
    [
      'HOST',
      'the address is of another machine',
      '192.0.2.1',
      /^HOST: this machine cannot listen there/,
    ],
    ['REDIS_URL', 'nothing listens', 'redis://:p4ssw0rd@127.0.0.1:1', NOTHING],
  ])(
    'names %s when %s, without its value',
    async (variable, _, value, line) => {
      const said = await refused({ APP_ROLE: 'worker', [variable]: value });
      expect(said).toMatch(line);
      expect(said.startsWith(`${variable}: `)).toBe(true);
      for (const part of ['p4ssw0rd', '192.0.2.1', '127.0.0.1:1', unknown]) {
        expect(said).not.toContain(part);
      }
    },
    60_000,
  );

  // The service waits for its database for a minute, and the command line does not.
  it.each([
    ['nothing listens', 'postgresql://u:p4ssw0rd@127.0.0.1:1/x', NOTHING],
    ['the host is unknown', `postgresql://u:p4ssw0rd@${unknown}/x`, UNKNOWN],
  ])(
    'names DATABASE_URL when %s, without its value, in a command',
    async (_, DATABASE_URL, line) => {
      const ended = await runToEnd(['dist/cli/main.js', 'org', 'list'], { DATABASE_URL });
      expect(ended).toMatchObject({ code: 1, stdout: '' });
      const said = ended.stderr.replace('error: ', '');
      expect(said).toMatch(line);
      for (const part of ['p4ssw0rd', '127.0.0.1:1', unknown]) expect(said).not.toContain(part);
    },
    60_000,
  );

  it('names an invalid setting', async () => {
    expect(await refused({ PORT: 'x' })).toBe('PORT must be a whole number from 0 to 65535\n');
  }, 60_000);

  it.each(['dist/main.js', 'dist/cli/main.js org list'])(
    'names DATABASE_URL and npm start when node runs %s without a database',
    async (command) => {
      const ended = await runToEnd(command.split(' '), {});
      expect(ended).toMatchObject({ code: 1, stdout: '' });
      expect(ended.stderr).toMatch(/^(error: )?DATABASE_URL: it is not set\. .*`npm start`.*\n$/);
    },
    60_000,
  );

  it.each(['dist/main.js', 'dist/cli/main.js org list', 'tools/start.ts', 'tools/cli.ts org list'])(
    'starts no embedded database in production: %s',
    async (command) => {
      const data = await dataDirectory();
      const ended = await runToEnd(command.split(' '), {
        NODE_ENV: 'production',
        DATA_DIR: data.path,
        APP_ROLE: 'api',
        PUBLIC_URL: 'http://localhost',
        SECRET_KEYS: 'a key that only this test uses and no other program',
      });
      expect(ended).toMatchObject({ code: 1, stdout: '' });
      expect(ended.stderr).toMatch(/^(error: )?DATABASE_URL must be set in production: .*\n$/);
      expect(await readdir(data.path)).toEqual([]);
      await data.remove();
    },
    90_000,
  );
});
