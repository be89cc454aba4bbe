import { randomUUID } from 'node:crypto';
import { startApp, type Tenant, type TestApp } from '../support/app.js';
import { externalQuery, KINDS } from './fixtures.js';

let api: TestApp;
let tenant: Tenant;

beforeAll(async () => {
  api = await startApp();
});
afterAll(() => api.close());
beforeEach(async () => {
  tenant = await api.tenant();
});

const UUID_1 = 'f47ac10b-58cc-1372-8567-0e02b2c3d479';
const VERSION = { type: 'uuid_version', input: UUID_1 };

describe.each(KINDS)('the routes of $path', (kind) => {
  const { path, thing } = kind;
  const url = `/v1/${path}`;

  it('POST returns a 201 with exactly the keys of the contract, and GET returns the same', async () => {
    const body = { ...(await kind.body(tenant)), external_id: 'crm/4711 ü' };
    const created = await tenant.call('POST', url, { body });
    expect(created.status).toBe(201);
    expect(Object.keys(created.body).sort()).toEqual(
      [...kind.keys, 'created_at', 'modified_at'].sort(),
    );
    expect(created.body).toMatchObject({ ...body, modified_at: null });
    expect(created.body.created_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

    const byId = await tenant.call('GET', `${url}/${created.body.id}`);
    const external = `${url}/external/${encodeURIComponent('crm/4711 ü')}`;
    const byName = await tenant.call('GET', external + externalQuery(kind, body));
    expect([byId.status, byName.status]).toEqual([200, 200]);
    expect([byId.body, byName.body]).toEqual([created.body, created.body]);
  });

  it('POST accepts an id from the caller, in any notation', async () => {
    const id = randomUUID();
    const object = await tenant.create(path, {
      ...(await kind.body(tenant)),
      id: `urn:uuid:${id}`,
    });
    expect(object.id).toBe(id);
  });

  it('POST refuses an id that is not a UUID v4', async () => {
    const body = { ...(await kind.body(tenant)), id: UUID_1 };
    const { status, body: answer } = await tenant.call('POST', url, { body });
    expect(status).toBe(422);
    expect(answer).toMatchObject({
      error: 'RequestValidationError',
      detail: [
        { ...VERSION, loc: ['body', 'id'], msg: 'The field id must be a UUID of version 4.' },
      ],
    });
  });

  it('POST of an id that is taken is a 409; another tenant can use it', async () => {
    const stranger = await api.tenant();
    const { id } = await tenant.create(path, await kind.body(tenant));
    const again = await tenant.call('POST', url, { body: { ...(await kind.body(tenant)), id } });
    expect([again.status, again.body.error]).toEqual([409, 'Conflict']);
    expect(again.body.detail).toContain(' id ');
    expect((await stranger.create(path, { ...(await kind.body(stranger)), id })).id).toBe(id);
  });

  it('an external_id that is taken is a 409 on POST and PATCH; another tenant can use it', async () => {
    const stranger = await api.tenant();
    await tenant.create(path, { ...(await kind.body(tenant)), external_id: 'x' });
    const other = await tenant.create(path, await kind.body(tenant));
    const post = await tenant.call('POST', url, {
      body: { ...(await kind.body(tenant)), external_id: 'x' },
    });
    const patch = await tenant.call('PATCH', `${url}/${other.id}`, { body: { external_id: 'x' } });
    expect([post.status, patch.status]).toEqual([409, 409]);
    expect([post.body.error, patch.body.error]).toEqual(['Conflict', 'Conflict']);
    expect(post.body.detail).toContain('external_id');
    await stranger.create(path, { ...(await kind.body(stranger)), external_id: 'x' });
  });

  it('of two concurrent POSTs with the same external_id one is a 201, the other a 409', async () => {
    const body = { ...(await kind.body(tenant)), external_id: 'once' };
    const bodies = [body, { ...(await kind.body(tenant)), external_id: 'once' }];
    const answers = await Promise.all(
      bodies.map((each) => tenant.call('POST', url, { body: each })),
    );
    expect(answers.map((each) => each.status).sort()).toEqual([201, 409]);
  });

  it('a list has pages, newest first, with the rows of this tenant only', async () => {
    const stranger = await api.tenant();
    await stranger.create(path, await kind.body(stranger));
    const before = (await tenant.call('GET', url)).body.pagination.total_count;
    const ids: string[] = [];
    for (let count = 0; count < 3; count += 1) {
      const body = await kind.body(tenant);
      api.clock.advance(1);
      ids.unshift((await tenant.create(path, body)).id);
    }
    const first = await tenant.call('GET', `${url}?page=1&limit=2`);
    const second = await tenant.call('GET', `${url}?page=2&limit=2`);
    const total = (await tenant.call('GET', url)).body.pagination.total_count;
    const all = [...first.body.items, ...second.body.items];
    const shown = all.map((each) => each.id).filter((id) => ids.includes(id));
    expect(total - before).toBeGreaterThanOrEqual(3);
    expect(shown).toEqual(ids);
    expect(first.body.pagination).toEqual({ total_count: total, max_page: Math.ceil(total / 2) });
    const whole = await tenant.call('GET', `${url}/${ids[0]}`);
    expect(first.body.items[0]).toEqual(whole.body);
  });

  it('an empty list has no pages, and a page past the end has no items', async () => {
    const empty = await tenant.call('GET', url);
    expect(empty.body).toEqual({ items: [], pagination: { total_count: 0, max_page: 0 } });
    await tenant.create(path, await kind.body(tenant));
    const past = await tenant.call('GET', `${url}?page=9`);
    expect([past.status, past.body.items]).toEqual([200, []]);
  });

  it.each([
    ['page=0', 'page', 'greater_than_equal'],
    ['limit=0', 'limit', 'greater_than_equal'],
    ['limit=101', 'limit', 'less_than_equal'],
    ['limit=x', 'limit', 'int_parsing'],
  ])('a list with %s is a 422', async (query, name, type) => {
    const { status, body } = await tenant.call('GET', `${url}?${query}`);
    expect(status).toBe(422);
    expect(body.detail).toEqual([expect.objectContaining({ type, loc: ['query', name] })]);
  });

  it('PATCH changes the keys that are sent, and modified_at', async () => {
    const object = await tenant.create(path, await kind.body(tenant));
    const { status, body } = await tenant.call('PATCH', `${url}/${object.id}`, {
      body: kind.change,
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({ ...kind.change, id: object.id, created_at: object.created_at });
    expect(Date.parse(body.modified_at)).toBeGreaterThanOrEqual(Date.parse(object.created_at));
    expect((await tenant.call('GET', `${url}/${object.id}`)).body).toEqual(body);
  });

  it('a PATCH that changes nothing is a 200 and does not set modified_at', async () => {
    const object = await tenant.create(path, {
      ...(await kind.body(tenant)),
      ...(kind.metadata && { metadata: { b: 1, a: [{}] } }),
    });
    const sent = kind.metadata ? { metadata: { a: [{}], b: 1 } } : {};
    const { status, body } = await tenant.call('PATCH', `${url}/${object.id}`, {
      body: { ...sent, external_id: null },
    });
    expect([status, body]).toEqual([200, object]);
  });

  it('PATCH refuses unknown keys', async () => {
    const object = await tenant.create(path, await kind.body(tenant));
    const { status, body } = await tenant.call('PATCH', `${url}/${object.id}`, {
      body: { ...kind.change, typo: 1, created_at: 'now' },
    });
    expect(status).toBe(422);
    expect(body.detail.map((each: any) => [each.type, each.loc])).toEqual(
      expect.arrayContaining([
        ['extra_forbidden', ['body', 'typo']],
        ['extra_forbidden', ['body', 'created_at']],
      ]),
    );
    expect((await tenant.call('GET', `${url}/${object.id}`)).body).toEqual(object);
  });

  it('PATCH with null clears a nullable key, and is a 422 for another key', async () => {
    const object = await tenant.create(path, { ...(await kind.body(tenant)), external_id: 'x' });
    const cleared = await tenant.call('PATCH', `${url}/${object.id}`, {
      body: { external_id: null },
    });
    expect([cleared.status, cleared.body.external_id]).toEqual([200, null]);
    const [key, type] = kind.required;
    const refused = await tenant.call('PATCH', `${url}/${object.id}`, { body: { [key]: null } });
    expect(refused.status).toBe(422);
    expect(refused.body.detail).toEqual([expect.objectContaining({ type, loc: ['body', key] })]);
  });

  it('an unknown id, or one of another tenant, is a 404 that names it on every route', async () => {
    const stranger = await api.tenant();
    const body = { ...(await kind.body(stranger)), external_id: 'foreign' };
    const foreign = await stranger.create(path, body);
    const query = externalQuery(kind, body);
    for (const id of [foreign.id, randomUUID()]) {
      const answers = [
        await tenant.call('GET', `${url}/${id}`),
        await tenant.call('PATCH', `${url}/${id}`, { body: kind.change }),
        ...(kind.deletable || path === 'subscriptions'
          ? [await tenant.call('DELETE', `${url}/${id}`)]
          : []),
      ];
      for (const answer of answers) {
        expect(answer).toMatchObject({
          status: 404,
          body: { error: 'ResourceNotFound', detail: `There is no ${thing} with the id ${id}.` },
        });
      }
    }
    const external = await tenant.call('GET', `${url}/external/foreign${query}`);
    expect([external.status, external.body.error]).toEqual([404, 'ResourceNotFound']);
    expect((await stranger.call('GET', `${url}/${foreign.id}`)).body).toEqual(foreign);
  });

  it('an id in the path that is not a UUID v4 is a 422', async () => {
    const wrong = await tenant.call('GET', `${url}/4711`);
    const old = await tenant.call('GET', `${url}/${UUID_1}`);
    expect(wrong.body.detail).toEqual([
      { type: 'uuid_parsing', loc: ['path', 'id'], msg: expect.any(String), input: '4711' },
    ]);
    expect(old.body.detail).toEqual([
      {
        ...VERSION,
        loc: ['path', 'id'],
        msg: 'The path parameter id must be a UUID of version 4.',
      },
    ]);
  });

  it('writing needs the write scope, and reading needs the read scope', async () => {
    const body = await kind.body(tenant);
    const { id } = await tenant.create(path, body);
    const reader = await tenant.tokenWith(`${path}:read`);
    const writer = await tenant.tokenWith(`${path}:write`);
    const calls = async (token: string) => [
      (await api.call('GET', url, { token })).status,
      (await api.call('GET', `${url}/${id}`, { token })).status,
      (await api.call('PATCH', `${url}/${id}`, { token, body: {} })).status,
    ];
    expect(await calls(reader)).toEqual([200, 200, 403]);
    expect(await calls(writer)).toEqual([403, 403, 200]);
  });
});

describe.each(KINDS.filter((kind) => kind.metadata))('the metadata of $path', (kind) => {
  const url = `/v1/${kind.path}`;

  it.each([
    '{"__proto__":{"a":1}}',
    '{"k":{"__proto__":null}}',
    '{"__prismaRawParameters__":true}',
    '{"$type":"Bytes"}',
    '{"toJSON":"x"}',
  ])('may have keys with a meaning in JavaScript or Prisma: %s', async (text) => {
    const metadata = JSON.parse(text) as object;
    const created = await tenant.create(kind.path, { ...(await kind.body(tenant)), metadata });
    const other = await tenant.create(kind.path, await kind.body(tenant));
    const patched = await tenant.call('PATCH', `${url}/${other.id}`, { body: { metadata } });
    // Compared as text, because toEqual ignores a key named __proto__.
    expect([created.metadata, patched.body.metadata].map((each) => JSON.stringify(each))).toEqual([
      text,
      text,
    ]);
  });

  it.each([
    [{ $type: 'Raw', value: 1, set: [1], constructor: 'x', toJSON: null, path: ['a'] }],
    [{ unicode: '\u{1F600} ü "\\', nested: [{ deep: { deeper: [null, true, 1.5] } }] }],
  ])('is returned as it was sent: %j', async (metadata) => {
    const created = await tenant.create(kind.path, { ...(await kind.body(tenant)), metadata });
    expect(created.metadata).toEqual(metadata);
    const empty = await tenant.create(kind.path, await kind.body(tenant));
    const patched = await tenant.call('PATCH', `${url}/${empty.id}`, { body: { metadata } });
    expect(patched.body.metadata).toEqual(metadata);
  });

  it('has the limits of the contract', async () => {
    const status = async (metadata: unknown) =>
      (await tenant.call('POST', url, { body: { ...(await kind.body(tenant)), metadata } })).status;
    const keys = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, index]));
    expect(await status({ k: 'a'.repeat(1015) })).toBe(201);
    expect(await status({ k: 'a'.repeat(1016) })).toBe(422);
    expect(await status(keys(10))).toBe(201);
    expect(await status(keys(11))).toBe(422);
    expect(await status([])).toBe(422);
  });

  it('is {} when it is absent, null or cleared', async () => {
    const body = { ...(await kind.body(tenant)), metadata: null };
    const created = await tenant.create(kind.path, body);
    expect(created.metadata).toEqual({});
    await tenant.call('PATCH', `${url}/${created.id}`, { body: { metadata: { a: 1 } } });
    const cleared = await tenant.call('PATCH', `${url}/${created.id}`, {
      body: { metadata: null },
    });
    expect(cleared.body.metadata).toEqual({});
  });
});
