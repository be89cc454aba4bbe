import { testDatabase } from '../support/database.js';
import { HOSTILE_BODIES } from '../support/hostile-bodies.js';
import { cli, ensureBuild, ServiceProcess } from '../support/processes.js';
import { call } from '../support/story.js';

/*
 * A process with little memory gets bodies that are made to fill it, and still answers the requests
 * of another organization.
 */

const SIZE = 10 * 1024 * 1024 - 1024;
const AT_ONCE = 20;
const BULK = '/v1/customer-seats/bulk';
// Seconds. Far more than the bodies take, and far less than parsing and validating them took.
const CPU_BUDGET = 60;

let database: Awaited<ReturnType<typeof testDatabase>>;
let service: ServiceProcess;
let attacker: string;
let bystander: string;
let product: string;

async function tokenOf(slug: string): Promise<string> {
  const env = { DATABASE_URL: database.url };
  await cli(env, 'org', 'create', '--slug', slug, '--name', slug, '--json');
  const created = await cli(env, 'token', 'create', '--org', slug, '--all-scopes', '--json');
  return JSON.parse(created.stdout).token;
}

beforeAll(async () => {
  ensureBuild();
  database = await testDatabase();
  service = await ServiceProcess.start({
    DATABASE_URL: database.url,
    APP_ROLE: 'api',
    NODE_OPTIONS: '--max-old-space-size=256',
    LOG_LEVEL: 'info',
  });
  attacker = await tokenOf('attacker');
  bystander = await tokenOf('bystander');
  const sold = await call(service.url, bystander, 'POST', '/v1/products', { name: 'Pro' });
  product = sold.body.id;
}, 180_000);
afterAll(async () => {
  await service?.stop('SIGKILL');
  await database?.drop();
});

const listOf = (item: string) => {
  const repeated = `${item},`.repeat(Math.floor((SIZE - 20) / (item.length + 1)));
  return `{"seats":[${repeated}${item}]}`;
};

/** The status of the response; 0 when the server closed the connection before the body was sent. */
async function send(body: string | Buffer, token?: string): Promise<number> {
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (token !== undefined) headers['authorization'] = `Bearer ${token}`;
  const sent = typeof body === 'string' ? body : new Uint8Array(body);
  const request = fetch(service.url + BULK, { method: 'POST', headers, body: sent });
  const answer = await request.catch(() => undefined);
  await answer?.arrayBuffer();
  return answer?.status ?? 0;
}

const access = () =>
  call(service.url, bystander, 'GET', `/v1/access?product_id=${product}&email=ada%40example.com`);

/** Calls `GET /v1/access`, one request after the other, until the work is done. @returns the statuses. */
async function askDuring(work: Promise<unknown>): Promise<number[]> {
  let done = false;
  void work.finally(() => (done = true)).catch(() => undefined);
  const statuses = [];
  while (!done) statuses.push((await access()).status);
  return statuses;
}

describe('a process with 256 MB of heap', () => {
  it.each([
    ['empty lists without a token', '[]', false, [401]],
    ['empty items with a token', '{}', true, [422]],
  ])(
    'survives 20 bodies of 10 MiB at once: %s',
    async (_, item, hasToken, expected) => {
      const body = listOf(item);
      const work = Promise.all(
        Array.from({ length: AT_ONCE }, () => send(body, hasToken ? attacker : undefined)),
      );
      const asked = await askDuring(work);
      for (const status of await work) expect([0, 503, ...expected]).toContain(status);
      expect(new Set(asked)).toEqual(new Set([200]));
      expect((await access()).status).toBe(200);
    },
    120_000,
  );

  it('survives 20 bodies of 10 MiB each of which is within the limits', async () => {
    const item = JSON.stringify({
      email: 'ada@example.com',
      x: 'y'.repeat(900),
      a: Array(30).fill(0),
    });
    const body = `{"seats":[${`${item},`.repeat(9_999)}${item}]}`;
    const work = Promise.all(Array.from({ length: AT_ONCE }, () => send(body, attacker)));
    const asked = await askDuring(work);
    // A body that waits too long, or behind too many others, is refused.
    for (const status of await work) expect([0, 413, 422, 503]).toContain(status);
    expect(new Set(asked)).toEqual(new Set([200]));
  }, 180_000);

  it('answers every hostile body within a bounded amount of CPU time', async () => {
    const cpu = async () => {
      const text = await (await fetch(`${service.url}/metrics`)).text();
      return Number(/^process_cpu_seconds_total (\S+)/m.exec(text)?.[1]);
    };
    const before = await cpu();
    for (const { name, bytes } of HOSTILE_BODIES) {
      const status = await send(bytes(), attacker);
      expect([name, [0, 413, 422].includes(status)]).toEqual([name, true]);
    }
    expect((await access()).status).toBe(200);
    expect((await cpu()) - before).toBeLessThan(CPU_BUDGET);
  }, 180_000);
});
