import type { AddressInfo } from 'node:net';
import { poolOf, type PoolRow } from '../seats/fixtures.js';
import { type Answer, startApp, type Tenant, type TestApp } from '../support/app.js';
import { eventually } from '../support/eventually.js';

/** An API that listens on a port, so that parallel requests use parallel connections. */
export interface Wire {
  api: TestApp;
  send(
    tenant: Tenant,
    method: string,
    path: string,
    body?: object,
    headers?: Record<string, string>,
  ): Promise<Answer>;
}

export async function startWire(env: Record<string, string> = {}): Promise<Wire> {
  const api = await startApp({ RESEND_INTERVAL: '0', ...env });
  await api.app.listen(0, '127.0.0.1');
  const { port } = api.app.getHttpServer().address() as AddressInfo;
  const send: Wire['send'] = async (tenant, method, path, body, headers = {}) => {
    const response = await fetch(`http://127.0.0.1:${port}/v1/${path}`, {
      method,
      headers: {
        authorization: `Bearer ${tenant.token}`,
        'content-type': 'application/json',
        ...headers,
      },
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

/** Counts the answers by status and name of the error. */
export function tally(answers: Answer[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status, body } of answers) {
    const name = [status, body?.error].filter((part) => part !== undefined).join(' ');
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

/** Fails the test when an answer is a 5xx. */
export function expectNoFailures(answers: Answer[]): void {
  expect(Object.keys(tally(answers)).filter((name) => name >= '5')).toEqual([]);
}

/** Reads a pool repeatedly while `work` runs. @returns every invalid state that it had. */
export async function oversold(
  api: TestApp,
  containerId: string,
  work: Promise<unknown>,
): Promise<PoolRow[]> {
  let done = false;
  const invalid: PoolRow[] = [];
  const watch = async () => {
    while (!done) {
      const pool = await poolOf(api, containerId);
      if (pool.taken !== pool.held || pool.held > pool.capacity) invalid.push(pool);
    }
  };
  await Promise.all([work.finally(() => (done = true)), watch()]);
  return invalid;
}

/** Runs `work` for 0, 1, 2 … at the same time. */
export function parallel<T>(count: number, work: (index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => work(index)));
}

/** Resolves when this many statements of the database wait for a lock. */
export async function lockWaiters(api: TestApp, count: number): Promise<void> {
  await eventually(`${count} statements wait for a lock`, async () => {
    const rows = await api.database.sql(
      `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'
       AND datname = current_database()`,
    );
    return rows.length >= count;
  });
}

/** Resolves when the work is done, or when it waits for a lock before that. */
export function doneOrWaiting(api: TestApp, work: Promise<unknown>): Promise<'done' | 'waiting'> {
  return Promise.race([
    work.then(() => 'done' as const),
    lockWaiters(api, 1).then(() => 'waiting' as const),
  ]);
}
