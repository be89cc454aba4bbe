import { dumpDatabase } from '../support/secrets.js';
import { startApp, type Tenant, type TestApp } from '../support/app.js';
import { errorOf, newEmail, UNKNOWN_ID, problems, SEATS } from '../seats/fixtures.js';
import { newMember, PORTAL, sessionFor, SESSIONS, tryOpen } from '../portal/fixtures.js';

let api: TestApp;
let tenant: Tenant;
let customer: any;
let member: any;

beforeAll(async () => {
  api = await startApp();
});
beforeEach(async () => {
  tenant = await api.tenant();
  customer = await tenant.create('customers', { email: newEmail(), external_id: 'buyer' });
  member = await newMember(tenant, customer.id, 'owner', { external_id: 'worker' });
});
afterAll(() => api?.close());

describe('a customer session', () => {
  it('is created for a customer, for one hour', async () => {
    const before = api.clock.now().getTime();
    const answer = await tryOpen(tenant, { customer_id: customer.id });
    const { token, expires_at, id, created_at, customer_portal_url, ...rest } = answer.body;
    expect(answer.status).toBe(201);
    expect(token).toMatch(/^seat_cst_[0-9A-Za-z]{43}$/);
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    expect(Date.parse(expires_at) - Date.parse(created_at)).toBe(3_600_000);
    const [page, code] = customer_portal_url.split('?code=');
    expect(page).toBe(`${api.settings.publicUrl}/portal`);
    expect(code).toMatch(/^seat_cpc_[0-9A-Za-z]{43}$/);
    expect(rest).toEqual({
      modified_at: null,
      customer_id: customer.id,
      customer: expect.objectContaining({
        id: customer.id,
        organization_id: tenant.id,
        email: customer.email,
        external_id: 'buyer',
      }),
      member_id: null,
      return_url: null,
    });
    const lasts = (new Date(expires_at).getTime() - before) / 1000;
    expect(lasts).toBeGreaterThanOrEqual(3600);
    expect(lasts).toBeLessThan(3660);
  });

  it.each<[string, () => object]>([
    ['member_id alone', () => ({ member_id: member.id })],
    ['member_id and customer_id', () => ({ member_id: member.id, customer_id: customer.id })],
    ['both external ids', () => ({ external_member_id: 'worker', external_customer_id: 'buyer' })],
    [
      'member_id and external_customer_id',
      () => ({ member_id: member.id, external_customer_id: 'buyer' }),
    ],
  ])('is created for a member by %s', async (_, body) => {
    const answer = await tryOpen(tenant, body());
    expect(answer.body).toMatchObject({ customer_id: customer.id, member_id: member.id });
    expect(answer.body.token).toMatch(/^seat_mst_/);
  });

  it.each(['https://shop.example.com/account', 'http://localhost:3000/account'])(
    'has the return_url %s',
    async (return_url) => {
      const answer = await tryOpen(tenant, { customer_id: customer.id, return_url });
      expect(answer.body).toMatchObject({ return_url });
    },
  );

  it.each([
    'http://shop.example.com/',
    'javascript:alert(1)',
    'https://ada:secret@shop.example.com/',
    'shop',
  ])('is refused with the return_url %s', async (return_url) => {
    const answer = await tryOpen(tenant, { customer_id: customer.id, return_url });
    expect(problems(answer)).toEqual([['value_error', 'body', 'return_url']]);
  });

  it.each<[string, () => object]>([
    ['no person', () => ({})],
    ['a customer twice', () => ({ customer_id: customer.id, external_customer_id: 'buyer' })],
    ['a member twice', () => ({ member_id: member.id, external_member_id: 'worker' })],
    ['external_member_id without its customer', () => ({ external_member_id: 'worker' })],
  ])('is refused for a request that names %s', async (_, body) => {
    expect(problems(await tryOpen(tenant, body()))).toEqual([['value_error', 'body']]);
  });

  it.each<[string, string, () => object]>([
    ['customer', 'CustomerNotFound', () => ({ customer_id: UNKNOWN_ID })],
    ['external customer', 'CustomerNotFound', () => ({ external_customer_id: 'nobody' })],
    ['member', 'MemberNotFound', () => ({ member_id: UNKNOWN_ID })],
    [
      'external member',
      'MemberNotFound',
      () => ({ external_member_id: 'nobody', customer_id: customer.id }),
    ],
  ])('answers an unknown %s with %s', async (_, name, body) => {
    expect(errorOf(await tryOpen(tenant, body()))).toEqual([404, name]);
  });

  it('is not created for a member of another customer', async () => {
    const other = await tenant.create('customers', { email: newEmail() });
    const answer = await tryOpen(tenant, { member_id: member.id, customer_id: other.id });
    expect(errorOf(answer)).toEqual([404, 'MemberNotFound']);
  });

  it('is not created for people of another organization', async () => {
    const stranger = await api.tenant();
    expect(errorOf(await tryOpen(stranger, { customer_id: customer.id }))).toEqual([
      404,
      'CustomerNotFound',
    ]);
    expect(errorOf(await tryOpen(stranger, { member_id: member.id }))).toEqual([
      404,
      'MemberNotFound',
    ]);
  });

  it('ends when its customer or member is deleted, and no new session can be created for them', async () => {
    const ofMember = await sessionFor(tenant, { member_id: member.id });
    const ofCustomer = await sessionFor(tenant, { customer_id: customer.id });
    await tenant.call('DELETE', `/v1/members/${member.id}`);
    expect(errorOf(await tryOpen(tenant, { member_id: member.id }))).toEqual([
      404,
      'MemberNotFound',
    ]);
    const url = `${PORTAL}/subscriptions`;
    expect((await api.call('GET', url, { token: ofMember })).status).toBe(401);
    expect((await api.call('GET', url, { token: ofCustomer })).status).toBe(200);
    await tenant.call('DELETE', `/v1/customers/${customer.id}`);
    expect((await api.call('GET', url, { token: ofCustomer })).status).toBe(401);
    expect(errorOf(await tryOpen(tenant, { customer_id: customer.id }))).toEqual([
      404,
      'CustomerNotFound',
    ]);
  });

  it('requires the scope customer_sessions:write', async () => {
    const token = await tenant.tokenWith('customer_seats:write');
    const answer = await tryOpen(tenant, { customer_id: customer.id }, { token });
    expect(errorOf(answer)).toEqual([403, 'insufficient_scope']);
  });

  it('is replayed without the token and the portal URL', async () => {
    const headers = { 'idempotency-key': 'once' };
    const first = await tryOpen(tenant, { customer_id: customer.id }, { headers });
    const second = await tryOpen(tenant, { customer_id: customer.id }, { headers });
    expect(second.headers['idempotent-replayed']).toBe('true');
    expect(second.body).toEqual({ ...first.body, token: null, customer_portal_url: null });
    expect(await dumpDatabase(api.database.sql)).not.toContain(first.body.token);
  });

  it('cannot be used for the routes of organizations', async () => {
    const { id } = await tenant.subscription(1, { customer_id: customer.id });
    const token = await sessionFor(tenant, { customer_id: customer.id });
    const routes: [string, string, object?][] = [
      ['GET', `${SEATS}?subscription_id=${id}`],
      ['GET', '/v1/subscriptions'],
      ['GET', '/v1/organization'],
      ['GET', '/v1/events'],
      ['POST', SESSIONS, { customer_id: customer.id }],
    ];
    for (const [method, url, body] of routes) {
      const answer = await api.call(method, url, { token, body });
      expect([url, ...errorOf(answer)]).toEqual([url, 401, 'invalid_token']);
    }
  });
});
