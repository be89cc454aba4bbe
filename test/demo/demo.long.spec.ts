import { DemoService } from '../../src/demo/demo.service.js';
import { welcome } from '../../src/demo/welcome.js';
import { EXAMPLE_TOKEN } from '../../src/platform/http/examples.js';
import { OrganizationsService } from '../../src/organizations/organizations.service.js';
import { startApp, type Tenant, type TestApp } from '../support/app.js';

let app: TestApp | undefined;
afterEach(async () => {
  await app?.close();
  app = undefined;
});

/** A service whose demo a start would create or find. */
async function start(env: Record<string, string> = {}): Promise<TestApp> {
  app = await startApp(env);
  return app;
}

const prepare = ({ app: nest }: TestApp) => nest.get(DemoService, { strict: false }).prepare();

/** A demo as earlier releases made it: with ids of its own, and without the examples. */
async function oldDemo(service: TestApp): Promise<Tenant & { subscription: any }> {
  const tenant = await service.tenant();
  const caller = { organizationId: tenant.id, actor: { type: 'system', id: null } as const };
  const organizations = service.app.get(OrganizationsService);
  await organizations.update({ ...caller, requestId: null }, { slug: 'demo' });
  const subscription = await tenant.subscription(5, { external_id: 'demo' });
  return { ...tenant, subscription };
}

describe('the demo', () => {
  it('gives the same token, subscription and product at every start, and a new portal link', async () => {
    const service = await start();
    const first = await prepare(service);
    const second = await prepare(service);
    expect({ ...second, portal_url: '' }).toEqual({ ...first, portal_url: '' });
    expect(second?.portal_url).not.toBe(first?.portal_url);
    const url = new URL(first?.portal_url as string);
    expect((await service.call('GET', url.pathname + url.search)).status).toBe(200);
  });

  it('of an earlier release is found as it is', async () => {
    const service = await start();
    const { subscription } = await oldDemo(service);
    expect(await prepare(service)).toMatchObject({
      token: expect.stringMatching(/^seat_oat_/),
      subscription_id: subscription.id,
      product_id: subscription.product_id,
      portal_url: expect.stringContaining('/portal?code='),
    });
    expect(await service.database.sql('SELECT FROM organizations')).toHaveLength(1);
  });

  it('does not keep the service from starting when its buyer was deleted', async () => {
    const service = await start();
    const { call, subscription } = await oldDemo(service);
    await call('DELETE', `/v1/subscriptions/${subscription.id}`);
    await call('DELETE', `/v1/customers/${subscription.customer_id}`);
    const demo = await prepare(service);
    expect(demo).toMatchObject({ subscription_id: subscription.id, portal_url: undefined });
    expect(welcome({ settings: service.settings, demo })).not.toContain('Portal');
  });

  it('mails nobody and calls no endpoint by itself', async () => {
    const service = await start();
    await prepare(service);
    expect(await service.database.sql('SELECT FROM events WHERE invites')).toEqual([]);
    expect(await service.database.sql('SELECT FROM webhook_messages')).toEqual([]);
    const listed = await service.database.sql(
      'SELECT unnest(events) AS type FROM webhook_endpoints',
    );
    const written = await service.database.sql('SELECT DISTINCT type FROM events');
    expect(written.filter(({ type }) => listed.some((each) => each['type'] === type))).toEqual([]);
  });
});

describe('the invitation token of the examples', () => {
  const status = async (service: TestApp) =>
    (await service.call('GET', `/v1/customer-seats/claim/${EXAMPLE_TOKEN}`)).status;

  it('opens an invitation where only this machine reaches the service', async () => {
    const service = await start();
    await prepare(service);
    expect(await status(service)).toBe(200);
  });

  it.each([
    ['other machines reach the service', { HOST: '0.0.0.0' }],
    ['a proxy forwards requests', { TRUSTED_PROXIES: '127.0.0.1' }],
    ['the service has a public name', { PUBLIC_URL: 'https://seats.example.com' }],
    ['SECRET_KEYS is set', { SECRET_KEYS: 'a-key-that-nobody-else-knows-012345' }],
  ])('is worthless where %s', async (_, env: Record<string, string>) => {
    const service = await start(env);
    await prepare(service);
    expect(await status(service)).toBe(404);
  });
});
