import type { AddressInfo } from 'node:net';
import { poolOf } from '../seats/fixtures.js';
import { type Answer, startApp, type Tenant, type TestApp } from '../support/app.js';
import { eventually } from '../support/eventually.js';

/** An API that listens, so that parallel requests come on parallel connections. */
export interface Wire {
  api: TestApp;
  send(tenant: Tenant, method: string, path: string, body?: object): Promise<Answer>;
}

export async function startWire(env: Record<string, string> = {}): Promise<Wire> {
  const api = await startApp({ RESEND_INTERVAL: '0', ...env });
  await api.app.listen(0, '127.0.0.1');
  const { port } = api.app.getHttpServer().address() as AddressInfo;
  const send: Wire['send'] = async (tenant, method, path, body) => {
    const response = await fetch(`http://127.0.0.1:${port}/v1/${path}`, {
      method,
      headers: { authorization: `Bearer ${tenant.token}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      body: text === '' ? undefined : JSON.parse(text),
      headers: Object.fromEntries(response.headers),
    };
  };
  return { api, send };
}

/** How often each answer came: the status, and the name of the error. */
export function tally(answers: Answer[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status, body } of answers) {
    const name = [status, body?.error].filter((part) => part !== undefined).join(' ');
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

/** Fails when something went wrong on our side, and says what was answered instead. */
export function expectNoFailures(answers: Answer[]): void {
  expect(Object.keys(tally(answers)).filter((name) => name >= '5')).toEqual([]);
}

/** Looks at a pool again and again while `work` runs. @returns every state that must not be. */
export async function oversold(
  api: TestApp,
  containerId: string,
  work: Promise<unknown>,
): Promise<object[]> {
  let done = false;
  const strange: object[] = [];
  const watch = async () => {
    while (!done) {
      const pool = await poolOf(api, containerId);
      if (pool.taken !== pool.held || pool.held > pool.capacity) strange.push(pool);
    }
  };
  await Promise.all([work.finally(() => (done = true)), watch()]);
  return strange;
}

/** `work` of 0, 1, 2 … at the same time. */
export function parallel<T>(count: number, work: (index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => work(index)));
}

/** Resolves when this many statements wait for a lock. */
export async function lockWaiters(api: TestApp, count: number): Promise<void> {
  await eventually(`${count} statements wait for a lock`, async () => {
    const rows = await api.database.sql(
      `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'
       AND datname = current_database()`,
    );
    return rows.length >= count;
  });
}

/** What comes first: the work is done, or it waits for a lock. */
export function doneOrWaiting(api: TestApp, work: Promise<unknown>): Promise<string> {
  return Promise.race([work.then(() => 'done'), lockWaiters(api, 1).then(() => 'waiting')]);
}
