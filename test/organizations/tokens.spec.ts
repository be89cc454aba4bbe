import { SCOPES } from '../../src/organizations/scopes.js';
import { TokensRepository } from '../../src/organizations/tokens.repository.js';
import { TokenAuthenticator } from '../../src/organizations/tokens.authenticator.js';
import { Keys } from '../../src/platform/crypto.js';
import { Database } from '../../src/platform/database/database.js';
import { sessionFor } from '../portal/fixtures.js';
import { claim, newSeat, tokenOf } from '../seats/fixtures.js';
import { startApp, TestClock, type Tenant, type TestApp } from '../support/app.js';
import { eventually } from '../support/eventually.js';

const PATH = '/v1/organization-access-tokens';

let app: TestApp;
let tenant: Tenant;

beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.close());
beforeEach(async () => {
  tenant = await app.tenant();
});

const create = (body: object, token = tenant.token) => tenant.call('POST', PATH, { body, token });
const works = async (token: string) =>
  (await tenant.call('GET', '/v1/organization', { token })).status === 200;

describe('an access token', () => {
  it('is shown once, works, and is listed without the token itself', async () => {
    const answer = await create({ name: 'ci', scopes: ['organization:read', 'organization:read'] });
    expect(answer.status).toBe(201);
    const { token, ...shown } = answer.body;
    expect(token).toMatch(/^seat_oat_[A-Za-z0-9]{43}$/);
    expect(shown).toMatchObject({ name: 'ci', scopes: ['organization:read'], expires_at: null });
    expect(await works(token)).toBe(true);
    const list = await tenant.call('GET', `${PATH}?limit=1`);
    // The service writes last_used_at in the background, so the list may or may not have it.
    const withoutUse = ({ last_used_at: _, ...rest }: any) => rest;
    expect(list.body.items.map(withoutUse)).toEqual([withoutUse(shown)]);
    expect(list.body.pagination).toEqual({ total_count: 2, max_page: 2 });
    expect(JSON.stringify(list.body)).not.toContain(token);
  });

  it('has the time of its last use, to the minute', async () => {
    const { sql } = app.database;
    await sql('CREATE TABLE notes (token_id uuid, used_at timestamptz)');
    await sql(`CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
      'BEGIN INSERT INTO notes VALUES (new.id, new.last_used_at); RETURN NULL; END'`);
    await sql(
      'CREATE TRIGGER note AFTER UPDATE ON access_tokens FOR EACH ROW EXECUTE FUNCTION note()',
    );
    const { id, token, ...made } = (await create({ name: 'x', scopes: ['organization:read'] }))
      .body;
    expect(made.last_used_at).toBeNull();
    const notes = () => sql('SELECT used_at FROM notes WHERE token_id = $1 ORDER BY used_at', [id]);
    const noted = (count: number) =>
      eventually(`${count} notes`, async () => (await notes()).length >= count);
    await works(token);
    await noted(1);
    for (const seconds of [30, 31]) {
      app.clock.advance(seconds);
      await works(token);
    }
    await noted(2);
    const times: number[] = (await notes()).map(({ used_at }) => used_at.getTime());
    expect(times).toHaveLength(2);
    expect((times[1] as number) - (times[0] as number)).toBeGreaterThan(60_000);
    const { items } = (await tenant.call('GET', PATH)).body;
    const shown = items.find((each: any) => each.id === id).last_used_at;
    expect(Date.parse(shown)).toBe(times[1]);
  });

  it('is stored as a hash only', async () => {
    const { token } = (await create({ name: 'ci', scopes: ['events:read'] })).body;
    const [row] = await app.database.sql(
      'SELECT array_to_string(array_agg(t::text), $1) AS text FROM access_tokens t',
      ['\n'],
    );
    expect(row?.['text']).toContain('events:read');
    expect(row?.['text']).not.toContain(token);
  });

  it('cannot have a scope that the creating token lacks', async () => {
    const maker = await tenant.tokenWith('organization_access_tokens:write', 'orders:read');
    const answer = await create({ name: 'x', scopes: ['orders:read', 'orders:write'] }, maker);
    expect(answer).toMatchObject({ status: 403, body: { error: 'insufficient_scope' } });
    expect(answer.body.error_description).toContain('orders:write');
    expect((await create({ name: 'x', scopes: ['orders:read'] }, maker)).status).toBe(201);
  });

  it('stops working at its expiry', async () => {
    const expires_at = new Date(app.clock.now().getTime() + 60_000).toISOString();
    const { token } = (await create({ name: 'x', scopes: ['organization:read'], expires_at })).body;
    expect(await works(token)).toBe(true);
    app.clock.advance(61);
    expect(await works(token)).toBe(false);
  });

  it('stops working at once when it is revoked, and leaves the list', async () => {
    const { id, token } = (await create({ name: 'x', scopes: ['organization:read'] })).body;
    expect(await works(token)).toBe(true);
    expect((await tenant.call('DELETE', `${PATH}/${id}`)).status).toBe(204);
    expect(await works(token)).toBe(false);
    expect((await tenant.call('GET', PATH)).body.pagination.total_count).toBe(1);
    expect((await tenant.call('DELETE', `${PATH}/${id}`)).status).toBe(404);
  });

  it('stops working on other processes within 5 s', async () => {
    const { id, token } = (await create({ name: 'x', scopes: ['organization:read'] })).body;
    const clock = new TestClock();
    const tokens = new TokensRepository(app.app.get(Database));
    const elsewhere = new TokenAuthenticator(tokens, app.app.get(Keys), clock);
    expect(await elsewhere.authenticate(token)).toMatchObject({ id });
    await tenant.call('DELETE', `${PATH}/${id}`);
    clock.advance(5);
    expect(await elsewhere.authenticate(token)).toBeUndefined();
  });

  it('is a 404 when it belongs to another organization', async () => {
    const other = await app.tenant();
    const [row] = (await other.call('GET', PATH)).body.items;
    const answer = await tenant.call('DELETE', `${PATH}/${row.id}`);
    expect(answer).toMatchObject({ status: 404, body: { error: 'ResourceNotFound' } });
  });

  describe('of another token', () => {
    const SCOPED = ['organization_access_tokens:write', 'organization:read', 'orders:read'];
    const later = (seconds: number) =>
      new Date(app.clock.now().getTime() + seconds * 1000).toISOString();
    const child = async (token: string, more: object = {}) =>
      (await create({ name: 'x', scopes: SCOPED, ...more }, token)).body;
    const revoke = (id: string, token = tenant.token) =>
      tenant.call('DELETE', `${PATH}/${id}`, { token });

    it.each([
      ['without an expiry', undefined, 600],
      ['with a later expiry', 601, 600],
      ['with an earlier expiry', 599, 599],
    ])('expires no later than that token when it is created %s', async (_, wanted, expected) => {
      const expires_at = later(600);
      const parent = await child(tenant.token, { expires_at });
      const own = wanted === undefined ? {} : { expires_at: later(wanted) };
      const { token, ...shown } = await child(parent.token, own);
      const seconds = Date.parse(shown.expires_at) - Date.parse(expires_at);
      expect(Math.round(seconds / 1000)).toBe(expected - 600);
      app.clock.advance(601);
      expect(await works(token)).toBe(false);
    });

    it('is revoked with that token, even when a token between them is revoked already', async () => {
      const first = await child(tenant.token);
      const second = await child(first.token);
      const third = await child(second.token);
      const sibling = await child(tenant.token);
      await app.database.sql('UPDATE access_tokens SET revoked_at = now() WHERE id = $1', [
        second.id,
      ]);
      expect(await works(third.token)).toBe(true);
      expect((await revoke(first.id)).status).toBe(204);
      const answers = [first, third, sibling].map(({ token }) => works(token));
      expect(await Promise.all(answers)).toEqual([false, false, true]);
    });

    it('is revoked on other processes within 5 s', async () => {
      const parent = await child(tenant.token);
      const { id, token } = await child(parent.token);
      const clock = new TestClock();
      const tokens = new TokensRepository(app.app.get(Database));
      const elsewhere = new TokenAuthenticator(tokens, app.app.get(Keys), clock);
      expect(await elsewhere.authenticate(token)).toMatchObject({ id });
      await revoke(parent.id);
      clock.advance(5);
      expect(await elsewhere.authenticate(token)).toBeUndefined();
    });

    it('never survives that token, however creations and a revocation interleave', async () => {
      for (let round = 0; round < 5; round += 1) {
        const parent = await child(tenant.token);
        const created = Array.from({ length: 4 }, () => child(parent.token));
        const [made] = await Promise.all([Promise.all(created), revoke(parent.id)]);
        const tokens = made.flatMap(({ token }) => (token === undefined ? [] : [token]));
        expect(await Promise.all(tokens.map(works))).toEqual(tokens.map(() => false));
      }
    });

    it('cannot be revoked by a token that lacks one of its scopes', async () => {
      const target = await child(tenant.token);
      const weak = await tenant.tokenWith('organization_access_tokens:write', 'orders:read');
      const answer = await revoke(target.id, weak);
      expect(answer).toMatchObject({ status: 403, body: { error: 'insufficient_scope' } });
      expect(answer.body.error_description).toContain('organization:read');
      expect(await works(target.token)).toBe(true);
      expect((await revoke(target.id, await tenant.tokenWith(...SCOPED))).status).toBe(204);
    });

    it('can create another one for ten generations', async () => {
      let { token } = tenant;
      for (let generation = 1; generation <= 10; generation += 1)
        token = (await child(token)).token;
      const refused = await create({ name: 'x', scopes: SCOPED }, token);
      expect(refused).toMatchObject({ status: 403, body: { error: 'NotPermitted' } });
    });
  });

  it.each([
    [{ scopes: ['events:read'] }, ['name'], 'missing'],
    [{ name: 'x' }, ['scopes'], 'missing'],
    [{ name: 'x', scopes: [] }, ['scopes'], 'too_short'],
    [{ name: 'x', scopes: ['seats:fly'] }, ['scopes', 0], 'enum'],
    [
      { name: 'x', scopes: ['events:read'], expires_at: 'soon' },
      ['expires_at'],
      'datetime_parsing',
    ],
    [
      { name: 'x', scopes: ['events:read'], expires_at: '2020-01-01T00:00:00Z' },
      ['expires_at'],
      'value_error',
    ],
  ])('cannot be created from %j', async (body, way, type) => {
    const answer = await create(body);
    expect(answer.status).toBe(422);
    expect(answer.body.detail).toEqual([expect.objectContaining({ type, loc: ['body', ...way] })]);
  });

  it('requires the scopes of the routes of tokens', async () => {
    const token = await tenant.tokenWith(
      ...SCOPES.filter((scope) => !scope.startsWith('organization_access_tokens')),
    );
    expect((await tenant.call('GET', PATH, { token })).status).toBe(403);
    expect((await create({ name: 'x', scopes: ['events:read'] }, token)).status).toBe(403);
  });
});

describe('a new secret key before the old one', () => {
  const [OLD, NEW] = [
    'an-old-key-of-more-than-32-characters',
    'a-new-key-of-more-than-32-characters!',
  ];
  let before: string[];

  beforeEach(() => {
    before = app.settings.secretKeys;
  });
  afterEach(() => {
    app.settings.secretKeys = before;
  });
  /** Simulates a restart with these keys: also lets the cached tokens expire. */
  const restartWith = (...keys: string[]) => {
    app.settings.secretKeys = keys;
    app.clock.advance(60);
  };

  it('keeps access tokens valid until the old key is removed, and longer if they were used in the meantime', async () => {
    restartWith(OLD);
    const [used, unused] = [(await app.tenant()).token, (await app.tenant()).token];
    restartWith(NEW, OLD);
    expect(await works(used)).toBe(true);
    const moved = new Keys(app.settings).sign('token', used);
    const rows = () =>
      app.database.sql('SELECT 1 FROM access_tokens WHERE token_hash = $1', [moved]);
    await eventually('the new hash', async () => (await rows()).length === 1);
    restartWith(NEW);
    expect(await works(used)).toBe(true);
    expect(await works(unused)).toBe(false);
  });

  it('lets sessions work until the old key is removed', async () => {
    restartWith(OLD);
    const seller = await app.tenant();
    const { customer_id } = await seller.subscription(1);
    const token = await sessionFor(seller, { customer_id });
    const status = async () =>
      (await tenant.call('GET', '/v1/customer-portal/seats/subscriptions', { token })).status;
    restartWith(NEW, OLD);
    expect(await status()).toBe(200);
    restartWith(NEW);
    expect(await status()).toBe(401);
  });

  it('lets invitations be claimed until the old key is removed', async () => {
    restartWith(OLD);
    const seller = await app.tenant();
    const [one, two] = [await newSeat(seller), await newSeat(seller)];
    const [first, second] = [await tokenOf(app, one.id), await tokenOf(app, two.id)];
    restartWith(NEW, OLD);
    expect((await claim(app, first)).status).toBe(200);
    restartWith(NEW);
    expect((await claim(app, second)).status).toBe(400);
  });
});
