import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import {
  dataDirectory,
  ensureBuild,
  processesOf,
  ServiceProcess,
  shell,
} from '../support/processes.js';
import { testDatabase } from '../support/database.js';

const ready = async ({ url }: ServiceProcess) => (await fetch(`${url}/health/ready`)).status;

beforeAll(() => ensureBuild(), 120_000);

describe('the service, started with nothing', () => {
  it('works as printed, keeps its data, and leaves no process behind', async () => {
    const data = await dataDirectory();
    const env = { DATA_DIR: data.path };
    try {
      const first = await ServiceProcess.start(env);
      expect(await ready(first)).toBe(200);
      const seat = JSON.parse(await shell(first.curl));
      expect(seat).toMatchObject({ status: 'pending', email: 'ada@example.com' });
      expect((await fetch(`${first.url}/docs`)).status).toBe(200);
      expect((await fetch(`${first.url}/dev/mailbox`)).status).toBe(200);
      expect(await first.stop('SIGINT')).toMatchObject({ code: 0 });
      expect(await processesOf(data.path)).toEqual([]);

      const second = await ServiceProcess.start(env);
      expect(second.token).toBe(first.token);
      expect(JSON.parse(await shell(second.curl))).toMatchObject({ email: 'grace@example.com' });
      const list = await fetch(
        `${second.url}/v1/customer-seats?subscription_id=${seat.subscription_id}`,
        { headers: { authorization: `Bearer ${second.token}` } },
      );
      expect(await list.json()).toMatchObject({ total_seats: 5, available_seats: 3 });
      expect(await second.stop('SIGTERM')).toMatchObject({ code: 0 });
      expect(await processesOf(data.path)).toEqual([]);
    } finally {
      await data.remove();
    }
  }, 120_000);
});

describe('the service, with a database of its own', () => {
  let database: Awaited<ReturnType<typeof testDatabase>>;
  beforeAll(async () => {
    database = await testDatabase();
  });
  afterAll(() => database.drop());

  it('shows nothing to try, and no token', async () => {
    const service = await ServiceProcess.start({ DATABASE_URL: database.url });
    await service.stop();
    expect(service.stdout).not.toContain('seat_oat_');
  }, 60_000);

  it('is a worker without routes but health and metrics', async () => {
    const service = await ServiceProcess.start({ DATABASE_URL: database.url, APP_ROLE: 'worker' });
    expect(await ready(service)).toBe(200);
    expect(await (await fetch(`${service.url}/health/ready`)).json()).toEqual({
      status: 'ok',
      checks: { database: 'ok', migrations: 'ok', queue: 'ok' },
    });
    expect((await fetch(`${service.url}/metrics`)).status).toBe(200);
    expect((await fetch(`${service.url}/v1/organization`)).status).toBe(404);
    expect(await service.stop()).toMatchObject({ code: 0 });
  }, 60_000);

  it('is an API without a queue, with metrics on a port of their own', async () => {
    const env = { DATABASE_URL: database.url, APP_ROLE: 'api', METRICS_PORT: '0' };
    const service = await ServiceProcess.start(env);
    expect(await (await fetch(`${service.url}/health/ready`)).json()).toEqual({
      status: 'ok',
      checks: { database: 'ok', migrations: 'ok' },
    });
    expect((await fetch(`${service.url}/metrics`)).status).toBe(404);
    expect((await fetch(`${service.url}/dev/mailbox`)).status).toBe(404);
    expect(await service.stop()).toMatchObject({ code: 0 });
  }, 60_000);

  it('stops although a client keeps its connection open', async () => {
    const service = await ServiceProcess.start({ DATABASE_URL: database.url, APP_ROLE: 'api' });
    const { connect } = await import('node:net');
    const { hostname, port } = new URL(service.url);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined);
    socket.write('GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n');
    await once(socket, 'data');
    expect(await service.stop()).toMatchObject({ code: 0 });
    socket.destroy();
  }, 60_000);
});

describe('the service, when it cannot start', () => {
  const refused = async (env: Record<string, string>) => {
    const ended = await ServiceProcess.spawn(env).ended;
    expect(ended.code).toBe(1);
    expect(ended.stderr.trimEnd().split('\n')).toHaveLength(1);
    return ended.stderr;
  };

  it('names PORT when it is taken, and has not touched the database', async () => {
    const data = await dataDirectory();
    const blocker = createServer().listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    const { port } = blocker.address() as AddressInfo;
    const said = await refused({ PORT: String(port), DATA_DIR: data.path });
    expect(said).toMatch(/^PORT: port \d+ is taken/);
    expect(await processesOf(data.path)).toEqual([]);
    blocker.close();
    await data.remove();
  }, 60_000);

  it.each([
    ['nothing listens', 'postgresql://u:p4ssw0rd@127.0.0.1:1/x', /^DATABASE_URL: nothing listens/],
    ['the host is unknown', 'postgresql://u:p4ssw0rd@nowhere.invalid/x', /^DATABASE_URL: the host/],
  ])(
    'names DATABASE_URL when %s, and not its password',
    async (_, DATABASE_URL, line) => {
      const said = await refused({ DATABASE_URL });
      expect(said).toMatch(line);
      expect(said).not.toContain('p4ssw0rd');
    },
    60_000,
  );

  it('names REDIS_URL when the worker cannot reach it', async () => {
    const REDIS_URL = 'redis://127.0.0.1:1';
    expect(await refused({ REDIS_URL })).toMatch(/^REDIS_URL: nothing listens/);
  }, 60_000);

  it('names a setting that does not fit', async () => {
    expect(await refused({ PORT: 'x' })).toBe('PORT must be a whole number from 0 to 65535\n');
  }, 60_000);
});
