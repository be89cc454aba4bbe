import { Client } from 'pg';
import { lockWaiters } from '../races/wire.js';
import { startApp, type Tenant, type TestApp } from '../support/app.js';

let app: TestApp;
let tenant: Tenant;

beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.close());
beforeEach(async () => {
  tenant = await app.tenant();
});

const get = async () => (await tenant.call('GET', '/v1/organization')).body;
const patch = (body: unknown) => tenant.call('PATCH', '/v1/organization', { body });

describe('GET /v1/organization', () => {
  it('returns the organization of the token with every setting', async () => {
    expect(await get()).toEqual({
      id: tenant.id,
      created_at: expect.any(String),
      modified_at: null,
      name: `Tenant ${tenant.slug}`,
      slug: tenant.slug,
      settings: {
        seats_enabled: true,
        member_model_enabled: true,
        invitation_expires_in: 604_800,
        expired_invitation_grace: 0,
        claim_url_template: null,
        reply_to: null,
        brand: { color: null, logo_url: null, support_url: null },
        locale: 'en',
      },
    });
  });

  it('requires the scope organization:read', async () => {
    const token = await tenant.tokenWith('organization:write');
    expect((await tenant.call('GET', '/v1/organization', { token })).status).toBe(403);
  });
});

describe('PATCH /v1/organization', () => {
  it('changes the given keys and keeps the others', async () => {
    const brand = { color: '#0F766E', support_url: 'https://example.com/help' };
    await patch({ settings: { brand, reply_to: 'help@EXAMPLE.com', locale: 'de' } });
    const answer = await patch({ name: 'Acme', settings: { brand: { color: null } } });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      name: 'Acme',
      slug: tenant.slug,
      settings: {
        reply_to: 'help@example.com',
        locale: 'de',
        brand: { color: null, logo_url: null, support_url: 'https://example.com/help' },
      },
    });
    expect(await get()).toEqual(answer.body);
  });

  it('clears nullable keys with null', async () => {
    const claim_url_template = 'https://app.example.com/join?token={token}';
    await patch({ settings: { claim_url_template, reply_to: 'a@example.com' } });
    const cleared = { claim_url_template: null, reply_to: null, expired_invitation_grace: null };
    expect((await patch({ settings: cleared })).body.settings).toMatchObject(cleared);
  });

  it('keeps modified_at when nothing changes', async () => {
    expect((await patch({ settings: { locale: 'en' } })).body.modified_at).toBeNull();
    expect((await patch({})).body.modified_at).toBeNull();
  });

  it('keeps both of two concurrent changes', async () => {
    const holder = new Client(app.database.url);
    await holder.connect();
    await holder.query('BEGIN');
    await holder.query('SELECT FROM organizations WHERE id = $1 FOR UPDATE', [tenant.id]);
    const changes = [
      patch({ settings: { brand: { color: '#0f766e' } } }),
      patch({ settings: { brand: { support_url: 'https://example.com/help' } } }),
    ];
    await lockWaiters(app, 2);
    await holder.query('COMMIT');
    await holder.end();
    expect((await Promise.all(changes)).map(({ status }) => status)).toEqual([200, 200]);
    expect((await get()).settings.brand).toEqual({
      color: '#0f766e',
      logo_url: null,
      support_url: 'https://example.com/help',
    });
  });

  it('refuses the slug of another organization', async () => {
    const other = await app.tenant();
    const answer = await patch({ slug: other.slug });
    expect(answer).toMatchObject({ status: 409, body: { error: 'Conflict' } });
  });

  it('does not change other organizations', async () => {
    const other = await app.tenant();
    await patch({ name: 'Mine' });
    const { body } = await other.call('GET', '/v1/organization');
    expect(body.name).toBe(`Tenant ${other.slug}`);
  });

  it.each([
    [{ nmae: 'x' }, ['nmae'], 'extra_forbidden'],
    [{ settings: { local: 'en' } }, ['settings', 'local'], 'extra_forbidden'],
    [
      { settings: { brand: { colour: '#fff' } } },
      ['settings', 'brand', 'colour'],
      'extra_forbidden',
    ],
    [{ name: null }, ['name'], 'string_type'],
    [{ name: '' }, ['name'], 'string_too_short'],
    [{ slug: 'No Spaces' }, ['slug'], 'value_error'],
    [{ settings: null }, ['settings'], 'dict_type'],
    [{ settings: { brand: null } }, ['settings', 'brand'], 'dict_type'],
    [{ settings: { seats_enabled: null } }, ['settings', 'seats_enabled'], 'bool_type'],
    [
      { settings: { invitation_expires_in: 59 } },
      ['settings', 'invitation_expires_in'],
      'greater_than_equal',
    ],
    [
      { settings: { invitation_expires_in: 31_536_001 } },
      ['settings', 'invitation_expires_in'],
      'less_than_equal',
    ],
    [
      { settings: { expired_invitation_grace: -1 } },
      ['settings', 'expired_invitation_grace'],
      'greater_than_equal',
    ],
    [
      { settings: { claim_url_template: 'nowhere' } },
      ['settings', 'claim_url_template'],
      'value_error',
    ],
    [
      { settings: { claim_url_template: 'ftp://x.example' } },
      ['settings', 'claim_url_template'],
      'value_error',
    ],
    [
      { settings: { claim_url_template: 'https://{token}.example' } },
      ['settings', 'claim_url_template'],
      'value_error',
    ],
    [
      { settings: { claim_url_template: 'https://ada:pw@x.example/{token}' } },
      ['settings', 'claim_url_template'],
      'value_error',
    ],
    [
      { settings: { claim_url_template: 'https://ada@x.example/{token}' } },
      ['settings', 'claim_url_template'],
      'value_error',
    ],
    [
      { settings: { claim_url_template: 'https://:pw@x.example/{token}' } },
      ['settings', 'claim_url_template'],
      'value_error',
    ],
    [
      { settings: { claim_url_template: 'https://x.example/a b/{token}' } },
      ['settings', 'claim_url_template'],
      'value_error',
    ],
    [
      { settings: { claim_url_template: ' https://x.example/{token}' } },
      ['settings', 'claim_url_template'],
      'value_error',
    ],
    [{ settings: { reply_to: 'nobody' } }, ['settings', 'reply_to'], 'value_error'],
    [{ settings: { locale: 'it' } }, ['settings', 'locale'], 'enum'],
    [{ settings: { brand: { color: 'red' } } }, ['settings', 'brand', 'color'], 'value_error'],
    [
      { settings: { brand: { logo_url: 'http://x.example/a.png' } } },
      ['settings', 'brand', 'logo_url'],
      'value_error',
    ],
    [
      { settings: { brand: { support_url: 'javascript:alert(1)' } } },
      ['settings', 'brand', 'support_url'],
      'value_error',
    ],
  ])('refuses %j', async (body, path, type) => {
    const answer = await patch(body);
    expect(answer.status).toBe(422);
    expect(answer.body.detail).toEqual([expect.objectContaining({ type, loc: ['body', ...path] })]);
  });

  it('accepts an http claim page in development only', async () => {
    const settings = { claim_url_template: 'http://localhost:5173/claim/{token}' };
    expect((await patch({ settings })).status).toBe(200);
    app.settings.production = true;
    try {
      expect((await patch({ settings })).status).toBe(422);
    } finally {
      app.settings.production = false;
    }
  });
});
