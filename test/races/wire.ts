import type { AddressInfo } from 'node:net';
import { type Answer, startApp, type Tenant, type TestApp } from '../support/app.js';

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

/** `work` of 0, 1, 2 … at the same time. */
export function parallel<T>(count: number, work: (index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => work(index)));
}

/** Resolves when this many statements of the service wait for a lock. */
export async function lockWaiters(api: TestApp, count: number): Promise<void> {
  for (;;) {
    const rows = await api.database.sql(
      `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'
       AND datname = current_database() AND application_name = 'seats'`,
    );
    if (rows.length >= count) return;
  }
}
