import { Processor } from '../../../src/effects/processor.js';
import { Retention } from '../../../src/effects/retention.js';
import { EventsRepository } from '../../../src/events/events.repository.js';
import { KeyRotationRepository } from '../../../src/key-rotation/key-rotation.repository.js';
import { KeyRotationService } from '../../../src/key-rotation/key-rotation.service.js';
import { Keys } from '../../../src/platform/crypto.js';
import { Database } from '../../../src/platform/database/database.js';
import { ClientSecrets } from '../../../src/purchases/checkouts/client-secrets.js';
import { PeriodEndsService } from '../../../src/purchases/subscriptions/period-ends.service.js';
import { ClaimRepository } from '../../../src/seats/claim/claim.repository.js';
import { ReleaseService } from '../../../src/seats/revoke/release.service.js';
import { browse, linkFor, PORTAL, sessionFor } from '../../portal/fixtures.js';
import { assign, CLAIM, claimed, newEmail, SEATS, tokenOf } from '../../seats/fixtures.js';
import type { Tenant } from '../../support/app.js';
import { type Ran, rowTypes, StatementRecorder } from '../../support/statements.js';
import { DAY, endpoint, startWebhooks, type Webhooks } from '../../webhooks/fixtures.js';
import { answer, Receiver } from '../../webhooks/receiver.js';

/*
 * The compiler cannot check whether a statement returns the columns of the Row in
 * `database.query<Row>(…)`. This test runs every statement with a row type and compares the two. When
 * it reports a statement that never ran, add a request that runs it.
 */

let service: Webhooks;
let recorder: StatementRecorder;

beforeAll(async () => {
  recorder = new StatementRecorder();
  service = await startWebhooks({ RESEND_INTERVAL: '0' });
  const tenant = await service.tenant();
  await runPurchases(tenant);
  await runSeats(tenant);
  await runPortal(tenant);
  await runWorker(tenant);
  await runKeyRotation();
}, 120_000);
afterAll(() => service?.closeAll());

describe('the row type of a statement', () => {
  it('has the columns that PostgreSQL returns', () => {
    const types = [...rowTypes()];
    expect(types.length).toBeGreaterThan(30);
    const problems = types.flatMap(([site, row]) => {
      const runs = recorder.runsOf(site);
      const found = runs.length === 0 ? ['never ran'] : runs.flatMap((ran) => compare(row, ran));
      return found.map((problem) => `${site} ${problem}`);
    });
    expect([...new Set(problems)]).toEqual([]);
  }, 120_000);
});

/** Runs the statements of the commands that replace a secret key. */
async function runKeyRotation(): Promise<void> {
  const { app, clock } = service;
  const keys = app.get(Keys);
  const repository = new KeyRotationRepository(app.get(Database));
  const rotation = new KeyRotationService(repository, new ClientSecrets(keys), keys, clock);
  await rotation.status();
  await rotation.reencrypt();
}

function compare(row: Record<string, Set<string>>, { columns, nulls }: Ran): string[] {
  const extra = Object.keys(columns).filter((name) => !(name in row));
  const wrong = Object.entries(row).flatMap(([name, kinds]) => {
    const kind = columns[name];
    if (kind === undefined) return [`does not return ${name}`];
    if (nulls.has(name) && !kinds.has('null')) return [`returns null as ${name}`];
    const fits = kinds.has(kind) || kinds.has('unknown');
    return fits ? [] : [`returns ${name} as ${kind}, not as ${[...kinds].join(' or ')}`];
  });
  return [...extra.map((name) => `returns ${name} as well`), ...wrong];
}

/** Sends a request that must succeed. @returns the body of the response. */
async function request(
  tenant: Tenant,
  method: string,
  url: string,
  body?: object,
  headers = {},
): Promise<any> {
  const { status, body: result } = await tenant.call(method, url, { body, headers });
  if (status >= 300) throw new Error(`${method} ${url}: ${status} ${JSON.stringify(result)}`);
  return result;
}

async function runPurchases(tenant: Tenant): Promise<void> {
  const wanted = { name: 'x', scopes: ['events:read'] };
  const { id } = await request(tenant, 'POST', '/v1/organization-access-tokens', wanted);
  await request(tenant, 'DELETE', `/v1/organization-access-tokens/${id}`);
  await request(tenant, 'POST', '/v1/products', { name: 'Pro' }, { 'idempotency-key': 'key' });
  const { customer_id } = await request(tenant, 'PUT', '/v1/subscriptions/external/bill', {
    product: { external_id: 'pro', name: 'Pro' },
    customer: { external_id: 'acme', email: newEmail() },
    seats: 3,
    metadata: { a: 1 },
  });
  await request(tenant, 'PATCH', `/v1/customers/${customer_id}`, { email: newEmail() });
  await request(tenant, 'GET', `/v1/members?customer_id=${customer_id}`);
}

async function runSeats(tenant: Tenant): Promise<void> {
  const { id: subscription_id, product_id, customer_id } = await tenant.subscription(6);
  const emails = Array.from({ length: 5 }, newEmail);
  const [first, second, third] = emails.map((email) => ({ email }));
  const seat = await assign(tenant, { subscription_id, ...first });
  const bulk = { subscription_id, seats: [second, third] };
  await request(tenant, 'POST', `${SEATS}/bulk`, bulk);
  await assign(tenant, { subscription_id, customer_id });
  const replaced = await request(tenant, 'POST', `${SEATS}/${seat.id}/replace`, {
    email: newEmail(),
  });
  await request(tenant, 'GET', `${SEATS}?subscription_id=${subscription_id}`);
  await request(tenant, 'POST', `${SEATS}/${replaced.id}/resend`);
  await request(tenant, 'PATCH', `/v1/members/${replaced.member_id}`, { email: newEmail() });
  await request(tenant, 'GET', `${CLAIM}/${await tokenOf(service, replaced.id)}`);
  await claimed(service, replaced);
  await request(
    tenant,
    'GET',
    `/v1/access?product_id=${product_id}&member_id=${replaced.member_id}`,
  );
  const watched = [{ organization_id: tenant.id, seat_id: replaced.id }];
  await service.app.get(ClaimRepository).claimedAmong(watched);
  await request(tenant, 'POST', `${SEATS}/bulk-revoke`, {
    subscription_id,
    emails: [second?.email],
  });
  const url = `/v1/subscriptions/${subscription_id}`;
  await request(tenant, 'PATCH', url, { seats: 1, on_overflow: 'revoke_newest' });
  await tenant.call('POST', SEATS, { body: { subscription_id, email: newEmail() } });
  await request(tenant, 'DELETE', url);
  await request(tenant, 'GET', '/v1/events');
}

async function runPortal(tenant: Tenant): Promise<void> {
  const { id, customer_id } = await tenant.subscription(3);
  await tenant.order(1, { customer_id });
  await assign(tenant, { subscription_id: id, customer_id, immediate_claim: true });
  await assign(tenant, { subscription_id: id, email: newEmail() });
  const token = await sessionFor(tenant, { customer_id });
  const { code } = await linkFor(tenant, { customer_id });
  await browse(service, undefined).send('/portal', { code });
  const page = browse(service, token);
  await page.open('/portal/seats');
  await page.open(`/portal/subscriptions/${id}`);
  await tenant.call('GET', `${PORTAL}/subscriptions`, { token });
}

async function runWorker(tenant: Tenant): Promise<void> {
  const receiver = await Receiver.start();
  receiver.reply = answer(410);
  await request(tenant, 'PATCH', '/v1/organization', { settings: { reply_to: 'a@example.com' } });
  await endpoint(tenant, receiver.url);
  const { id: subscription_id } = await tenant.subscription(1, {
    cancel_at_period_end: true,
    current_period_end: new Date(service.clock.now().getTime() + 1000),
  });
  const invitation_expires_in = DAY;
  await assign(tenant, { subscription_id, email: newEmail(), invitation_expires_in });
  await service.send();
  await service.relay();
  await receiver.close();
  const worker = service.worker.app;
  const effects = await service.database.sql('SELECT event_id, effect FROM effects');
  for (const { effect, event_id } of effects) {
    await worker.get(Processor).process(effect, { event_id });
  }
  await service.worker.relay.findWaiting();
  await service.database.sql('INSERT INTO event_carry_over VALUES (1, $1, 0)', [tenant.id]);
  await worker.get(EventsRepository).carryOver();
  service.clock.advance(2 * DAY);
  await worker.get(ReleaseService).runOnce();
  await worker.get(PeriodEndsService).endDue();
  await worker.get(Retention).runOnce();
}
