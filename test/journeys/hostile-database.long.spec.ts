import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mailboxLinks, tokenOf } from '../../examples/storefront/storefront.js';
import { type TestDatabase, testDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { createTenant, type RunningService, startService } from '../support/process.js';
import { call, sellSeats } from '../support/story.js';

/** Defaults of a database that break the service wherever a connection does not set its own. */
const HOSTILE: Record<string, string> = {
  array_nulls: 'off',
  bytea_output: 'escape',
  client_encoding: 'LATIN1',
  DateStyle: 'SQL, DMY',
  default_transaction_deferrable: 'on',
  default_transaction_isolation: 'repeatable read',
  default_transaction_read_only: 'on',
  enable_seqscan: 'on',
  extra_float_digits: '-15',
  idle_in_transaction_session_timeout: '1ms',
  idle_session_timeout: '50ms',
  IntervalStyle: 'sql_standard',
  jit: 'on',
  jit_above_cost: '0',
  lock_timeout: '1ms',
  plan_cache_mode: 'force_custom_plan',
  search_path: 'nowhere',
  standard_conforming_strings: 'off',
  statement_timeout: '1ms',
  TimeZone: 'America/New_York',
  transform_null_equals: 'on',
};

describe('the service on a database with hostile defaults', () => {
  const heard: { type: string; data: { email: string } }[] = [];
  let database: TestDatabase;
  let receiver: Server;
  let service: RunningService;
  let token: string;
  let subscription: string;

  const request = (method: string, path: string, body?: object) =>
    call(service.url, token, method, path, body);

  beforeAll(async () => {
    database = await testDatabase('template0');
    const [{ name } = { name: '' }] = await database.sql<{ name: string }>(
      'SELECT current_database() AS name',
    );
    // In one transaction, because the settings apply to each new connection.
    const statements = Object.entries(HOSTILE).map(
      ([key, value]) => `ALTER DATABASE ${name} SET ${key} TO '${value}'`,
    );
    await database.sql(statements.join(';'));
    receiver = createServer((incoming, response) => {
      let text = '';
      incoming.on('data', (chunk: Buffer) => (text += chunk.toString()));
      incoming.on('end', () => {
        heard.push(JSON.parse(text));
        response.end();
      });
    }).listen(0, '127.0.0.1');
    await once(receiver, 'listening');
    const env = { DATABASE_URL: database.url, WEBHOOK_ALLOW_PRIVATE: 'true', SMTP_URL: '' };
    service = await startService(env);
    ({ token } = await createTenant('acme', env));
    const { port } = receiver.address() as AddressInfo;
    const endpoint = { url: `http://127.0.0.1:${port}/`, events: ['customer_seat.claimed'] };
    expect((await request('POST', '/v1/webhooks/endpoints', endpoint)).status).toBe(201);
    subscription = await sellSeats(service.url, token, 1_000);
  }, 90_000);

  afterAll(async () => {
    await service?.stop();
    receiver?.close();
    await database?.drop();
  });

  it('assigns, mails and claims a seat, and delivers the webhook', async () => {
    const email = 'zoë@example.com';
    const body = { subscription_id: subscription, email, invitation_expires_in: 3600 };
    const assigned = await request('POST', '/v1/customer-seats', body);
    expect(assigned.status).toBe(200);
    const lasts =
      Date.parse(assigned.body.invitation_token_expires_at) - Date.parse(assigned.body.created_at);
    expect(lasts).toBe(3600 * 1000);
    const [link] = await eventually('the mail', async () => {
      const links = await mailboxLinks(service.url, email);
      return links.length > 0 && links;
    });
    const claim = { invitation_token: tokenOf(link as string) };
    const claimed = await request('POST', '/v1/customer-seats/claim', claim);
    expect([claimed.status, claimed.body.seat?.email]).toEqual([200, email]);
    const message = await eventually('the webhook', () => heard[0]);
    expect(message).toMatchObject({ type: 'customer_seat.claimed', data: { email } });
  }, 60_000);

  it.each([1, 501])(
    'assigns %d seats in a bulk',
    async (count) => {
      const seats = Array.from({ length: count }, () => ({ email: `${randomUUID()}@example.com` }));
      const body = { subscription_id: subscription, seats };
      const { status, body: result } = await request('POST', '/v1/customer-seats/bulk', body);
      expect([status, result.seats?.length, result.failed]).toEqual([200, count, []]);
    },
    60_000,
  );

  it('is ready, and lists the events', async () => {
    expect((await request('GET', '/health/ready')).status).toBe(200);
    const { body } = await request('GET', '/v1/events?type=customer_seat.claimed');
    expect(body.items).toHaveLength(1);
  });
});
