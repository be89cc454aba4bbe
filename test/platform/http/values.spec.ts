import { assign, errorOf, newEmail, problems, SEATS, tryAssign } from '../../seats/fixtures.js';
import { startApp, type Answer, type Tenant, type TestApp } from '../../support/app.js';

/* Values that every route reads and stores alike: e-mail addresses, URLs and names. */

let api: TestApp;
let tenant: Tenant;

beforeAll(async () => {
  api = await startApp();
});
beforeEach(async () => {
  tenant = await api.tenant();
});
afterAll(() => api?.close());

const UNICODE = ' "Müller, J." <J.Müller@MÜNCHEN.example>\n';
const STORED = 'J.Müller@xn--mnchen-3ya.example';

describe('an e-mail address', () => {
  it('is one person however it is written', async () => {
    const { id: subscription_id } = await tenant.subscription(3);
    const seat = await assign(tenant, { subscription_id, email: UNICODE });
    expect([seat.email, seat.member.email]).toEqual([STORED, STORED]);
    for (const email of [STORED, STORED.toUpperCase(), 'J.Mu\u0308ller@münchen.example', UNICODE]) {
      const again = await tryAssign(tenant, { subscription_id, email });
      expect(errorOf(again)).toEqual([400, 'SeatAlreadyAssigned']);
      const query = new URLSearchParams({ subscription_id, email });
      const found = await tenant.call('GET', `${SEATS}?${query.toString()}`);
      expect(found.body.seats.map(({ id }: { id: string }) => id)).toEqual([seat.id]);
    }
  });

  it.each<[string, (email: string) => Promise<Answer>, (body: any) => string]>([
    [
      'of a customer',
      (email) => tenant.call('POST', '/v1/customers', { body: { email } }),
      ({ email }) => email,
    ],
    [
      'of a member',
      async (email) => {
        const { id: customer_id } = await tenant.create('customers', {});
        return tenant.call('POST', '/v1/members', { body: { customer_id, email } });
      },
      ({ email }) => email,
    ],
    [
      'for answers to mails',
      (reply_to) => tenant.call('PATCH', '/v1/organization', { body: { settings: { reply_to } } }),
      ({ settings }) => settings.reply_to,
    ],
  ])('%s is stored in its canonical form', async (_, send, stored) => {
    expect(stored((await send(UNICODE)).body)).toBe(STORED);
    for (const email of ['a\u200bda@example.com', 'ada@xn--99999999.example', 'ada@x.invalid']) {
      expect(problems(await send(email))[0]?.[0]).toBe('value_error');
    }
  });

  it('finds members in a query as it does in a body', async () => {
    const { id: customer_id } = await tenant.create('customers', {});
    const member = await tenant.create('members', { customer_id, email: UNICODE });
    const list = (email: string) =>
      tenant.call('GET', `/v1/members?${new URLSearchParams({ email }).toString()}`);
    expect((await list(` <${STORED}>`)).body.items).toEqual([member]);
    expect(problems(await list('nobody'))).toEqual([['value_error', 'query', 'email']]);
  });

  it('is trimmed in a bulk revoke too, and refused when it is not a valid address', async () => {
    const { id: subscription_id } = await tenant.subscription(3);
    const { email } = await assign(tenant, { subscription_id, email: newEmail() });
    await assign(tenant, { subscription_id, email: UNICODE });
    const revoke = (emails: string[]) =>
      tenant.call('POST', `${SEATS}/bulk-revoke`, { body: { subscription_id, emails } });
    expect(problems(await revoke([email, 'nobody']))).toEqual([
      ['value_error', 'body', 'emails', 1],
    ]);
    const { body } = await revoke([` ${email}\t`, STORED]);
    expect(body).toMatchObject({ revoked_count: 2, failed: [] });
  });
});

describe('a URL', () => {
  const patch = (settings: object) =>
    tenant.call('PATCH', '/v1/organization', { body: { settings } });

  it('of a brand is stored as it was checked', async () => {
    const urls = { logo_url: 'HTTPS://Example.com:443/ä.png', support_url: 'https://example.com' };
    expect((await patch({ brand: urls })).body.settings.brand).toMatchObject({
      logo_url: 'https://example.com/%C3%A4.png',
      support_url: 'https://example.com/',
    });
  });

  it.each([
    ['https://App.Example.com/ä/{token}', 'https://app.example.com/%C3%A4/{token}'],
    ['https://app.example.com/{token}?t={token}#{token}', undefined],
    [
      'https://app.example.com/{invitation_token}/a/../b',
      'https://app.example.com/{invitation_token}/b',
    ],
    [
      'https://app.example.com?t={invitation_token}',
      'https://app.example.com/?t={invitation_token}',
    ],
  ])('of invitations, %s, keeps its placeholders', async (template, stored = template) => {
    const { body } = await patch({ claim_url_template: template });
    expect(body.settings.claim_url_template).toBe(stored);
  });

  it('of a webhook endpoint is stored as it was checked', async () => {
    const url = 'https://Shop.Example.com:443/hooks/../in?q=ä';
    const endpoint = await tenant.create('webhooks/endpoints', { url });
    expect(endpoint.url).toBe('https://shop.example.com/in?q=%C3%A4');
    const changed = await tenant.call('PATCH', `/v1/webhooks/endpoints/${endpoint.id}`, {
      body: { url: 'https://münchen.example' },
    });
    expect(changed.body.url).toBe('https://xn--mnchen-3ya.example/');
  });
});

describe('a name of nothing but white space', () => {
  const BLANK = ' \u3000\t';

  it.each<[string, () => Promise<Answer>, (string | number)[]]>([
    [
      'an organization',
      () => tenant.call('PATCH', '/v1/organization', { body: { name: BLANK } }),
      ['name'],
    ],
    [
      'a new product',
      () => tenant.call('POST', '/v1/products', { body: { name: BLANK } }),
      ['name'],
    ],
    [
      'a product',
      async () => {
        const { id } = await tenant.create('products', { name: 'Pro' });
        return tenant.call('PATCH', `/v1/products/${id}`, { body: { name: BLANK } });
      },
      ['name'],
    ],
    [
      'a new customer',
      () => tenant.call('POST', '/v1/customers', { body: { name: BLANK } }),
      ['name'],
    ],
    [
      'a customer',
      async () => {
        const { id } = await tenant.create('customers', { name: 'Ada' });
        return tenant.call('PATCH', `/v1/customers/${id}`, { body: { name: BLANK } });
      },
      ['name'],
    ],
    [
      'a new member',
      async () => {
        const { id: customer_id } = await tenant.create('customers', {});
        const body = { customer_id, email: newEmail(), name: BLANK };
        return tenant.call('POST', '/v1/members', { body });
      },
      ['name'],
    ],
    [
      'an access token',
      () =>
        tenant.call('POST', '/v1/organization-access-tokens', {
          body: { name: BLANK, scopes: ['customer_seats:read'] },
        }),
      ['name'],
    ],
    [
      'the product of a purchase',
      () =>
        tenant.call('PUT', '/v1/orders/external/o-1', {
          body: {
            product: { external_id: 'p', name: BLANK },
            customer: { external_id: 'c' },
            seats: 1,
          },
        }),
      ['product', 'name'],
    ],
    [
      'the customer of a purchase',
      () =>
        tenant.call('PUT', '/v1/orders/external/o-1', {
          body: {
            product: { external_id: 'p', name: 'Pro' },
            customer: { external_id: 'c', name: BLANK },
            seats: 1,
          },
        }),
      ['customer', 'name'],
    ],
  ])('is refused for %s', async (_, send, path) => {
    expect(problems(await send())).toEqual([['value_error', 'body', ...path]]);
  });
});

describe('a control or format character', () => {
  const URL = 'https://hooks.example.com/seats';

  it.each([
    ['the name of a product', 'products', { name: 'Pro\n' }, 'name'],
    ['the name of a customer', 'customers', { name: 'Ada\u202e' }, 'name'],
    [
      'the description of an endpoint',
      'webhooks/endpoints',
      { url: URL, description: 'a\u200b' },
      'description',
    ],
  ])('is refused in %s', async (_, path, body, field) => {
    const answer = await tenant.call('POST', `/v1/${path}`, { body });
    expect(problems(answer)).toEqual([['value_error', 'body', field]]);
  });

  it('is accepted where scripts and emoji need it, and as a line break of a description', async () => {
    const name = 'می\u200cخواهم 👩\u200d👧 ❤\ufe0f';
    expect(await tenant.create('products', { name })).toMatchObject({ name });
    const description = 'The shop.\nAsk\tAda.';
    const endpoint = { url: URL, description };
    expect(await tenant.create('webhooks/endpoints', endpoint)).toMatchObject({ description });
  });
});
