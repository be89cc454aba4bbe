import { buildProgram } from '../../src/cli/commands.js';
import { withServices } from '../../src/cli/context.js';
import type {
  Dependency,
  KeysStatus,
  Rewritten,
} from '../../src/key-rotation/key-rotation.service.js';
import { Keys } from '../../src/platform/crypto.js';
import { Settings } from '../../src/platform/settings.js';
import { signedHeaders, signingKeys } from '../../src/webhooks/webhook.js';
import { sessionFor } from '../portal/fixtures.js';
import { claim, newEmail, newSeat, tokenOf, tryAssign } from '../seats/fixtures.js';
import { type Tenant } from '../support/app.js';
import { eventually } from '../support/eventually.js';
import { assign, endpoint, startWebhooks, type Webhooks } from '../webhooks/fixtures.js';
import { Receiver } from '../webhooks/receiver.js';

const OLD = 'an-old-key-of-more-than-32-characters';
const NEW = 'a-new-key-of-more-than-32-characters!';

const idOf = (...keys: string[]) =>
  new Keys(Object.assign(new Settings(), { secretKeys: keys })).firstId;
const [OLD_ID, NEW_ID] = [idOf(OLD), idOf(NEW)];

let service: Webhooks;
let tenant: Tenant;
let receiver: Receiver;

beforeAll(async () => {
  service = await startWebhooks();
});
afterAll(() => service.closeAll());
beforeEach(async () => {
  await service.database.truncate();
  receiver = await Receiver.start();
  restart('api', OLD);
  restart('worker', OLD);
  tenant = await service.tenant();
});
afterEach(() => receiver.close());

/** Simulates a restart with these keys: cached tokens expire. */
function restart(process: 'api' | 'worker', ...keys: string[]): void {
  const settings = process === 'api' ? service.settings : service.worker.app.get(Settings);
  settings.secretKeys = keys;
  service.clock.advance(61);
}

/** Runs a command with these keys. @returns its output as JSON and as text. */
async function cli(keys: string[], ...args: string[]): Promise<{ json: unknown; text: string }> {
  const settings = Object.assign(new Settings(), service.settings, { secretKeys: keys });
  let answer = { json: undefined as unknown, text: '' };
  const program = buildProgram(async (work) => {
    answer = await withServices(settings, undefined, work);
  });
  await program.parseAsync(['node', 'seats', ...args]);
  return answer;
}
const status = async (...keys: string[]) => (await cli(keys, 'keys', 'status')).json as KeysStatus;
const reencrypt = async (...keys: string[]) =>
  (await cli(keys, 'keys', 'reencrypt')).json as Rewritten[];

const neededBy = ({ secrets }: KeysStatus, key: string | null) =>
  Object.fromEntries(
    secrets.filter((each: Dependency) => each.key === key).map(({ kind, count }) => [kind, count]),
  );

/** Assigns a seat and expects a delivery with the signature of the endpoint's secret. */
async function deliver(secret: string): Promise<void> {
  const before = receiver.deliveries.length;
  await assign(tenant, newEmail());
  await service.send();
  expect(receiver.deliveries.length).toBeGreaterThan(before);
  const { headers, body } = receiver.last;
  const timestamp = Number(headers['webhook-timestamp']);
  const signed = signedHeaders(
    headers['webhook-id'] as string,
    timestamp,
    body,
    signingKeys(secret),
  );
  expect(headers['webhook-signature']).toBe(signed['webhook-signature']);
}

const works = async (token: string) =>
  (await tenant.call('GET', '/v1/organization', { token })).status === 200;

describe('replacing the key as the README describes', () => {
  it('fails no delivery, and invalidates only tokens that were not used', async () => {
    const busy = await endpoint(tenant, receiver.url);
    const idle = await endpoint(tenant, `${receiver.url}/idle`);
    const enable = (enabled: boolean) =>
      tenant.call('PATCH', `/v1/webhooks/endpoints/${idle.id}`, { body: { enabled } });
    await enable(false);
    const unused = await tenant.tokenWith('organization:read');
    const seat = await newSeat(tenant);
    const invitation = await tokenOf(service, seat.id);
    const { id: product_id } = await tenant.create('products', { name: 'Pro' });
    const checkout = await tenant.create('checkouts', { product_id, status: 'succeeded' });
    await tenant.subscription(2, { checkout_id: checkout.id });
    const session = await sessionFor(tenant, {
      customer_id: (await tenant.subscription(1)).customer_id,
    });
    await deliver(busy.secret);

    // 1. The new key last, on every process.
    for (const process of ['api', 'worker'] as const) {
      restart(process, OLD, NEW);
      await deliver(busy.secret);
    }
    // 2. The new key first, on one process after the other, so both orders are in use for a while.
    for (const process of ['api', 'worker'] as const) {
      restart(process, NEW, OLD);
      await deliver(busy.secret);
      expect(await works(tenant.token)).toBe(true);
    }
    // A secret and a token that were used have moved to the new key already.
    await eventually('the token in use has moved', async () => {
      const tokens = neededBy(await status(NEW, OLD), NEW_ID)['access_tokens'];
      return tokens === 1;
    });
    expect(neededBy(await status(NEW, OLD), OLD_ID)).toMatchObject({
      access_tokens: 1,
      webhook_secrets: 1,
      checkout_client_secrets: 1,
    });

    // 3. The command moves the rest.
    const moved = await reencrypt(NEW, OLD);
    expect(moved.every(({ unreadable }) => unreadable === 0)).toBe(true);
    expect(moved.find(({ kind }) => kind === 'webhook_secrets')).toMatchObject({ rewritten: 1 });
    await deliver(busy.secret);
    const after = await status(NEW, OLD);
    expect(after.keys).toEqual([NEW_ID, OLD_ID]);
    expect(neededBy(after, OLD_ID)).toEqual({ access_tokens: 1 });
    expect(neededBy(after, null)).toEqual({ sessions: 1 });
    // A second run finds nothing to do.
    expect((await reencrypt(NEW, OLD)).every(({ rewritten }) => rewritten === 0)).toBe(true);

    // 4. The old key is removed.
    for (const process of ['api', 'worker'] as const) {
      restart(process, NEW);
      await deliver(busy.secret);
    }
    await enable(true);
    await tenant.call('PATCH', `/v1/webhooks/endpoints/${busy.id}`, { body: { enabled: false } });
    await deliver(idle.secret);
    expect(await works(tenant.token)).toBe(true);
    expect((await claim(service, invitation)).status).toBe(200);
    const body = { checkout_id: checkout.id, email: newEmail() };
    const secret = { ...body, checkout_client_secret: checkout.client_secret };
    expect((await tryAssign(tenant, secret)).status).toBe(200);
    expect(await works(unused)).toBe(false);
    const portal = '/v1/customer-portal/seats/subscriptions';
    expect((await tenant.call('GET', portal, { token: session })).status).toBe(401);
  }, 60_000);
});

describe('the state of the keys', () => {
  it('names a removed key and the secrets that depend on it', async () => {
    await endpoint(tenant, receiver.url);
    await newSeat(tenant);
    const gone = await status(NEW);
    expect(neededBy(gone, OLD_ID)).toMatchObject({ webhook_secrets: 1, access_tokens: 1 });
    expect(neededBy(gone, null)).toEqual({ invitations: 1 });
    expect(await reencrypt(NEW)).toContainEqual({
      kind: 'webhook_secrets',
      rewritten: 0,
      unreadable: 1,
    });
    const { text } = await cli([NEW], 'keys', 'status');
    expect(text.split('\n')).toEqual([
      `${NEW_ID}  signs and encrypts  needed by: nothing known`,
      `${OLD_ID}  not in SECRET_KEYS  needed by: 1 access_tokens, 1 webhook_secrets`,
      'of an unknown key: 1 invitations',
    ]);
    expect(JSON.stringify(gone)).not.toMatch(/an-old-key|a-new-key/);
  });

  it('does not know the key of secrets from an earlier release until they are used', async () => {
    const { secret } = await endpoint(tenant, receiver.url);
    await service.database.sql('UPDATE access_tokens SET key_id = NULL');
    await service.database.sql('UPDATE webhook_secrets SET key_id = NULL');
    restart('api', OLD);
    expect(neededBy(await status(OLD), null)).toEqual({ access_tokens: 1 });
    expect(neededBy(await status(OLD), OLD_ID)).toEqual({ webhook_secrets: 1 });
    await deliver(secret);
    await eventually('the key of the token is known', async () => {
      return neededBy(await status(OLD), OLD_ID)['access_tokens'] === 1;
    });
    const rows = await service.database.sql('SELECT key_id FROM webhook_secrets');
    expect(rows).toEqual([{ key_id: OLD_ID }]);
  });

  it('is read page by page', async () => {
    const { id } = await endpoint(tenant, receiver.url);
    await service.database.sql(
      `INSERT INTO webhook_secrets (organization_id, id, endpoint_id, created_at, sealed, key_id)
       SELECT organization_id, gen_random_uuid(), endpoint_id, created_at, sealed, key_id
       FROM webhook_secrets, generate_series(1, 2000) WHERE endpoint_id = $1`,
      [id],
    );
    expect(await reencrypt(NEW, OLD)).toContainEqual({
      kind: 'webhook_secrets',
      rewritten: 2_001,
      unreadable: 0,
    });
    expect(neededBy(await status(NEW, OLD), NEW_ID)).toEqual({ webhook_secrets: 2_001 });
  });
});
