import { browse, linkFor } from '../portal/fixtures.js';
import { SettingsError, readSettings } from '../../src/platform/settings.js';
import { createLogger } from '../../src/platform/logger.js';
import { startServer } from '../../src/boot/server.js';
import { SCOPES } from '../../src/organizations/scopes.js';
import { CLAIM, newEmail, SEATS } from '../seats/fixtures.js';
import { type Answer, type CallOptions, type Tenant, testSettings } from '../support/app.js';
import { dumpDatabase, leaks } from '../support/secrets.js';
import { endpoint, startWebhooks, type Webhooks } from '../webhooks/fixtures.js';
import { answer, Receiver } from '../webhooks/receiver.js';
import { linesOf, logOf } from './log.js';

/*
 * Plants recognizable secrets in every place that takes one, right and wrong, and then searches the
 * logs, every table, the queue and the answers for them.
 */

const PASSWORD = 'PlantedPassword4711';
const WEBHOOK_SECRET = `whsec_${Buffer.from('planted-webhook-secret-123456789').toString('base64')}`;

let service: Webhooks;
let receiver: Receiver;
let tenant: Tenant;
/** The answers that must not show a secret. */
const answers: string[] = [];
const secrets: Record<string, string[]> = {};
let log: string[];

const plant = (kind: string, secret: unknown) => {
  expect(typeof secret).toBe('string');
  (secrets[kind] ??= []).push(secret as string);
  return secret as string;
};

/** Sends a request whose answer must not show a secret. */
async function send(method: string, url: string, options?: CallOptions): Promise<Answer> {
  const sent = await tenant.call(method, url, options);
  answers.push(JSON.stringify([sent.body, sent.headers]));
  return sent;
}

beforeAll(async () => {
  service = await startWebhooks({ RESEND_INTERVAL: '0' });
  receiver = await Receiver.start();
  receiver.reply = answer(500);
  log = logOf(service.app);
  tenant = await service.tenant();
  plant('access token', tenant.token);
}, 60_000);
afterAll(async () => {
  await receiver?.close();
  await service?.closeAll();
});

/** Makes a secret of each kind, and uses it as it is meant to be used. */
async function useSecrets() {
  const keyed = (name: string) => ({ headers: { 'idempotency-key': name } });
  const made = await tenant.call('POST', '/v1/organization-access-tokens', {
    body: { name: 'x', scopes: SCOPES },
    ...keyed('token'),
  });
  const child = plant('access token', made.body.token);
  await send('GET', '/v1/organization', { token: child });
  await endpoint(tenant, receiver.url, { secret: WEBHOOK_SECRET });
  plant('webhook secret', WEBHOOK_SECRET);
  const { id } = await endpoint(tenant, receiver.url);
  const rotated = await tenant.call('PATCH', `/v1/webhooks/endpoints/${id}/secret`, {
    ...keyed('rotation'),
  });
  plant('webhook secret', rotated.body.secret);

  const { id: subscription_id, product_id, customer_id } = await tenant.subscription(5);
  const assigned = await tenant.call('POST', `${SEATS}?include=invitation`, {
    body: { subscription_id, email: newEmail() },
    ...keyed('seat'),
  });
  const invitation = plant('invitation token', assigned.body.invitation.token);
  await send('GET', `${CLAIM}/${invitation}`);
  const claimed = await tenant.call('POST', CLAIM, { body: { invitation_token: invitation } });
  plant('session token', claimed.body.customer_session_token);
  const pending = await tenant.call('POST', `${SEATS}?include=invitation`, {
    body: { subscription_id, email: newEmail() },
  });
  plant('invitation token', pending.body.invitation.token);

  const session = await tenant.call('POST', '/v1/customer-sessions', {
    body: { customer_id },
    ...keyed('session'),
  });
  plant('session token', session.body.token);
  const { code } = await linkFor(tenant, { customer_id });
  plant('portal code', code);
  const signedIn = await browse(service, undefined).send('/portal', { code });
  const cookie = /^seat_portal=(\w+)/.exec(String(signedIn.headers['set-cookie']))?.[1];
  const user = browse(service, plant('session token', cookie));
  answers.push((await user.open('/portal/seats')).body);

  const checkout = { product_id, seats: 1, customer_id };
  const sale = await tenant.call('POST', '/v1/checkouts', { body: checkout, ...keyed('sale') });
  plant('client secret', sale.body.client_secret);
  return { subscription_id, checkout_id: sale.body.id };
}

/** Sends every secret to places where it does not belong. */
async function misuseSecrets(sold: { subscription_id: string; checkout_id: string }) {
  for (const secret of Object.values(secrets).flat()) {
    const bad = `${secret.slice(0, -1)}~`;
    plant('mistyped secret', bad);
    for (const token of [secret, bad]) {
      await send('GET', '/v1/customer-portal/seats', { token });
      await send('GET', '/v1/products/external/x', { token });
      await send('POST', CLAIM, { body: { invitation_token: token } });
      await send('POST', CLAIM, { body: { invitation_token: [token] } });
      await send('POST', CLAIM, { body: { invitation_token: token.padEnd(3000, 'x') } });
      await send('GET', `${CLAIM}/${encodeURIComponent(token)}`);
      // The page of a good invitation has the token in its form.
      await tenant.call('GET', `/claim?token=${encodeURIComponent(token)}`);
      await send('POST', '/claim', { body: { token } });
      await browse(service, token).open('/portal/seats');
      await browse(service, undefined).send('/portal', { code: token });
      const body = { checkout_id: sold.checkout_id, email: newEmail() };
      await send('POST', SEATS, { body: { ...body, checkout_client_secret: token } });
      await send('POST', SEATS, { body: { ...body, checkout_client_secret: [token] } });
      await send('POST', '/v1/webhooks/endpoints', {
        body: { url: 'https://example.com/', secret: `whsec ${token}` },
      });
      await send('POST', '/v1/webhooks/endpoints', {
        body: { url: 'https://example.com/', secret: { value: token } },
      });
    }
  }
  const { subscription_id } = sold;
  for (const name of ['token', 'rotation', 'seat', 'session', 'sale']) {
    const headers = { 'idempotency-key': name };
    await send('POST', SEATS, { body: { subscription_id, email: newEmail() }, headers });
  }
}

describe('a secret', () => {
  it('is in no log, table, job, event or answer', async () => {
    await misuseSecrets(await useSecrets());
    await service.send();
    for (const path of [
      'organization-access-tokens',
      'webhooks/endpoints',
      'webhooks/deliveries',
    ]) {
      await send('GET', `/v1/${path}?limit=100`);
    }
    await send('GET', '/v1/events?limit=1000');
    await send('GET', '/metrics');
    const places = {
      'the log of the API': log.join('\n'),
      'the database and the queue': await dumpDatabase(service.database.sql),
      'an answer': answers.join('\n'),
      'a delivery': receiver.deliveries.map(({ body }) => body).join('\n'),
    };
    expect(log.length).toBeGreaterThan(100);
    expect(receiver.deliveries.length).toBeGreaterThan(0);
    expect(leaks(places, secrets)).toEqual([]);
  }, 120_000);

  it.each([
    { DATABASE_URL: `mysql://seats:${PASSWORD}@127.0.0.1/seats` },
    { REDIS_URL: `http://:${PASSWORD}@127.0.0.1` },
    { SMTP_URL: `http://seats:${PASSWORD}@127.0.0.1` },
    { SECRET_KEYS: PASSWORD },
  ])('is not in the message about the setting %#', (env) => {
    let thrown: unknown;
    try {
      readSettings(env);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(SettingsError);
    expect(leaks({ error: (thrown as Error).message }, { password: [PASSWORD] })).toEqual([]);
  });

  const withPassword = () =>
    Object.assign(new URL(service.database.url), { password: PASSWORD }).href;

  it.each<[string, () => Record<string, string>]>([
    ['a database that refuses the password', () => ({ DATABASE_URL: withPassword() })],
    [
      'a Redis that cannot be reached',
      () => ({ REDIS_URL: `redis://:${PASSWORD}@127.0.0.1:1`, APP_ROLE: 'all' }),
    ],
  ])(
    'is not in the message about %s',
    async (_, env) => {
      const logger = createLogger('info');
      const lines = linesOf(logger);
      const settings = testSettings({ DATABASE_URL: service.database.url, PORT: '0', ...env() });
      const thrown = await startServer(settings, logger).then(
        () => undefined,
        (error: unknown) => error as Error,
      );
      expect(thrown).toBeInstanceOf(Error);
      const places = { error: `${thrown?.message}${thrown?.stack}`, log: lines.join('\n') };
      expect(leaks(places, { password: [PASSWORD] })).toEqual([]);
    },
    60_000,
  );
});
