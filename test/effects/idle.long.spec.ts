import { jest } from '@jest/globals';
import pg from 'pg';
import { assign, newEmail } from '../seats/fixtures.js';
import { startApp, type Tenant, type TestApp } from '../support/app.js';
import { startWorker, type TestWorker } from '../support/worker.js';

/*
 * An API and its workers should send few statements while they are idle. The time is simulated, and the
 * database is real: after each step of the clock, the test waits until no statement is running.
 */

const STEP_MS = 250;
const MINUTES = 10;
// Turns of the event loop without a statement, after which everything has settled.
const QUIET_TURNS = 20;

let api: TestApp;
let tenant: Tenant;
let workers: TestWorker[];
let counted: string[];
let running = 0;
const { query, connect } = pg.Client.prototype;

/** Counts the statements of every connection of this process: Prisma's, the queue's and our own. */
function countStatements(): void {
  counted = [];
  const queryAndWait = whileRunning(query);
  pg.Client.prototype.query = function (this: pg.Client, ...given: any[]) {
    counted.push(typeof given[0] === 'string' ? given[0] : given[0].text);
    return queryAndWait.apply(this, given);
  } as typeof query;
  pg.Client.prototype.connect = whileRunning(connect) as typeof connect;
}

/** Notes how many calls of a method, which takes a callback or returns a promise, are running. */
function whileRunning(method: (...given: any[]) => any): (...given: any[]) => unknown {
  return function (this: unknown, ...given: any[]) {
    running += 1;
    const end = () => (running -= 1);
    const callback = given.at(-1);
    if (typeof callback === 'function') {
      given[given.length - 1] = (...results: unknown[]) => (end(), callback(...results));
      return method.apply(this, given);
    }
    const result = method.apply(this, given);
    result.then(end, end);
    return result;
  };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

async function settle(): Promise<void> {
  for (let quiet = 0; quiet < QUIET_TURNS; quiet += 1) {
    if (running > 0) quiet = 0;
    await turn();
  }
}

async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += STEP_MS) {
    jest.advanceTimersByTime(STEP_MS);
    await settle();
  }
}

beforeEach(async () => {
  api = await startApp();
  tenant = await api.tenant();
  workers = [];
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'performance'] });
});
afterEach(async () => {
  jest.useRealTimers();
  Object.assign(pg.Client.prototype, { query, connect });
  await Promise.all(workers.map((worker) => worker.close()));
  await api.close();
});

async function startWorkers(count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    workers.push(await startWorker({ DATABASE_URL: api.database.url }));
    workers.at(-1)?.start();
  }
  countStatements();
  await pass(60_000);
  counted = [];
}

describe('an idle service', () => {
  it.each([
    [0, 0],
    [1, 0.5],
    [2, 1],
  ])(
    'with one API and %i workers sends at most %f statements a second',
    async (count, most) => {
      await startWorkers(count);
      await pass(MINUTES * 60_000);
      const perSecond = counted.length / (MINUTES * 60);
      if (perSecond > most) throw new Error(`${perSecond} a second:\n${summary()}`);
    },
    120_000,
  );

  it('hands an event on within half a second, and its mail to the queue', async () => {
    await startWorkers(1);
    const { id } = await tenant.subscription(1);
    await pass(60_000);
    await assign(tenant, { subscription_id: id, email: newEmail() });
    let sent: unknown;
    const waited = Date.now();
    while (sent === undefined && Date.now() - waited < 500) {
      jest.advanceTimersByTime(10);
      await settle();
      [sent] = await api.database.sql('SELECT FROM effects WHERE enqueued_at IS NOT NULL');
    }
    expect(sent).toBeDefined();
  }, 60_000);
});

/** How often each statement ran. */
function summary(): string {
  const counts = Map.groupBy(counted, (text) => text.replaceAll(/\s+/g, ' ').slice(0, 100));
  return [...counts].map(([text, all]) => `${all.length} × ${text}`).join('\n');
}
