import { Clock } from '../../src/platform/clock.js';
import { Deliverer } from '../../src/webhooks/deliverer.js';
import { startApp, type Tenant, type TestApp } from '../support/app.js';
import { startWorker, type TestWorker } from '../support/worker.js';

const SECOND = 1;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** The API and a worker with one database and one clock. Tests run every step themselves. */
export interface Webhooks extends TestApp {
  worker: TestWorker;
  deliverer: Deliverer;
  /** Queues the messages of new events. */
  relay(): Promise<void>;
  /** Queues the messages of new events and sends those that are due. @returns the attempts. */
  send(): Promise<number>;
  closeAll(): Promise<void>;
}

export async function startWebhooks(env: Record<string, string> = {}): Promise<Webhooks> {
  const settings = { WEBHOOK_ALLOW_PRIVATE: 'true', ...env };
  const app = await startApp(settings);
  const worker = await startWorker({ DATABASE_URL: app.database.url, ...settings });
  worker.app.get(Clock).now = () => app.clock.now();
  const deliverer = worker.app.get(Deliverer);
  const relay = async () => {
    while ((await worker.relay.runOnce()) > 0);
  };
  const send = async () => {
    await relay();
    let tries = 0;
    for (let sent = await deliverer.runOnce(); sent > 0; sent = await deliverer.runOnce()) {
      tries += sent;
    }
    return tries;
  };
  const closeAll = async () => {
    await worker.close();
    await app.close();
  };
  return { ...app, worker, deliverer, relay, send, closeAll };
}

/** Creates a webhook endpoint of the tenant. */
export function endpoint(tenant: Tenant, url: string, more: object = {}): Promise<any> {
  return tenant.create('webhooks/endpoints', { url, ...more });
}

/** Causes an event that endpoints get by default. @returns the seat. */
export async function assign(tenant: Tenant, email = 'ada@example.com'): Promise<any> {
  const { id } = await tenant.subscription(1);
  const seat = await tenant.call('POST', '/v1/customer-seats', {
    body: { subscription_id: id, email },
  });
  if (seat.status !== 200) throw new Error(JSON.stringify(seat.body));
  return seat.body;
}

/** Causes many such events in one call. @returns the subscription. */
export async function assignMany(tenant: Tenant, count: number): Promise<any> {
  const subscription = await tenant.subscription(count);
  const seats = Array.from({ length: count }, (_, n) => ({ email: `person${n}@example.com` }));
  const body = { subscription_id: subscription.id, seats };
  const { status, body: result } = await tenant.call('POST', '/v1/customer-seats/bulk', { body });
  if (status !== 200 || result.failed.length > 0) throw new Error(JSON.stringify(result));
  return subscription;
}

/** The tenant's deliveries, oldest first. */
export async function deliveriesOf(tenant: Tenant, query = ''): Promise<any[]> {
  const { body } = await tenant.call('GET', `/v1/webhooks/deliveries?limit=100${query}`);
  return body.items.reverse();
}
