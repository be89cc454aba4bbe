import { SCOPES } from '../../src/organizations/scopes.js';
import { startApp, type Tenant, type TestApp } from '../support/app.js';

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
    // It has been used since; when that is noted is not waited for.
    expect(list.body.items).toEqual([{ ...shown, last_used_at: list.body.items[0].last_used_at }]);
    expect(list.body.pagination).toEqual({ total_count: 2, max_page: 2 });
    expect(JSON.stringify(list.body)).not.toContain(token);
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
