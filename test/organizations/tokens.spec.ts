import { SCOPES } from '../../src/organizations/scopes.js';
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
  it('is shown once, works, and is listed without its text', async () => {
    const answer = await create({ name: 'ci', scopes: ['organization:read', 'organization:read'] });
    expect(answer.status).toBe(201);
    const { token, ...shown } = answer.body;
    expect(token).toMatch(/^seat_oat_[A-Za-z0-9]{43}$/);
    expect(shown).toMatchObject({ name: 'ci', scopes: ['organization:read'], expires_at: null });
    expect(await works(token)).toBe(true);
    const list = await tenant.call('GET', `${PATH}?limit=1`);
    // It may have been used since; when that is noted is not waited for.
    const withoutUse = ({ last_used_at: _, ...rest }: any) => rest;
    expect(list.body.items.map(withoutUse)).toEqual([withoutUse(shown)]);
    expect(list.body.pagination).toEqual({ total_count: 2, max_page: 2 });
    expect(JSON.stringify(list.body)).not.toContain(token);
  });

  it('tells when it was last used, to the minute', async () => {
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

  it('rests in the database as a hash only', async () => {
    const { token } = (await create({ name: 'ci', scopes: ['events:read'] })).body;
    const [row] = await app.database.sql(
      'SELECT array_to_string(array_agg(t::text), $1) AS text FROM access_tokens t',
      ['\n'],
    );
    expect(row?.['text']).toContain('events:read');
    expect(row?.['text']).not.toContain(token);
  });

  it('cannot have a scope that its maker lacks', async () => {
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

  it('stops working at once when it is revoked, and is gone from the list', async () => {
    const { id, token } = (await create({ name: 'x', scopes: ['organization:read'] })).body;
    expect(await works(token)).toBe(true);
    expect((await tenant.call('DELETE', `${PATH}/${id}`)).status).toBe(204);
    expect(await works(token)).toBe(false);
    expect((await tenant.call('GET', PATH)).body.pagination.total_count).toBe(1);
    expect((await tenant.call('DELETE', `${PATH}/${id}`)).status).toBe(404);
  });

  it('stops working within 5 s on every other process', async () => {
    const { id, token } = (await create({ name: 'x', scopes: ['organization:read'] })).body;
    const clock = new TestClock();
    const [database, keys] = [app.app.get(Database), app.app.get(Keys)];
    const elsewhere = new TokenAuthenticator(database, keys, clock);
    expect(await elsewhere.authenticate(token)).toMatchObject({ id });
    await tenant.call('DELETE', `${PATH}/${id}`);
    clock.advance(5);
    expect(await elsewhere.authenticate(token)).toBeUndefined();
  });

  it('of another organization is a 404', async () => {
    const other = await app.tenant();
    const [row] = (await other.call('GET', PATH)).body.items;
    const answer = await tenant.call('DELETE', `${PATH}/${row.id}`);
    expect(answer).toMatchObject({ status: 404, body: { error: 'ResourceNotFound' } });
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
  ])('cannot be made of %j', async (body, way, type) => {
    const answer = await create(body);
    expect(answer.status).toBe(422);
    expect(answer.body.detail).toEqual([expect.objectContaining({ type, loc: ['body', ...way] })]);
  });

  it('needs the scopes of its routes', async () => {
    const token = await tenant.tokenWith(
      ...SCOPES.filter((scope) => !scope.startsWith('organization_access_tokens')),
    );
    expect((await tenant.call('GET', PATH, { token })).status).toBe(403);
    expect((await create({ name: 'x', scopes: ['events:read'] }, token)).status).toBe(403);
  });
});

describe('a new key in front of the old ones', () => {
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
  /** A process with these keys, which remembers no token. */
  const restartWith = (...keys: string[]) => {
    app.settings.secretKeys = keys;
    app.clock.advance(60);
  };

  it('lets access tokens work until the old one is gone', async () => {
    restartWith(OLD);
    const { token } = await app.tenant();
    restartWith(NEW, OLD);
    expect(await works(token)).toBe(true);
    restartWith(NEW);
    expect(await works(token)).toBe(false);
  });

  it('lets sessions work until the old one is gone', async () => {
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

  it('lets invitations be claimed until the old one is gone', async () => {
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
