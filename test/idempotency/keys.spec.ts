import { createHash, randomUUID } from 'node:crypto';
import { buildOpenApi } from '../../src/boot/openapi.js';
import { expectNoFailures, parallel, startWire, tally, type Wire } from '../races/wire.js';
import { IdempotencyPruner } from '../../src/platform/http/idempotency.js';
import { IdempotencyRepository } from '../../src/platform/http/idempotency.repository.js';
import {
  assign,
  claim,
  newEmail,
  newSeat,
  UNKNOWN_ID,
  poolOf,
  problems,
  SEATS,
  setOrganization,
  eventTypesOf,
  wholeDatabase,
} from '../seats/fixtures.js';
import type { Answer, Tenant } from '../support/app.js';

const DAY = 24 * 60 * 60;
const KEY_PROBLEM = ['value_error', 'header', 'idempotency-key'];

let wire: Wire;
let tenant: Tenant;

beforeAll(async () => {
  wire = await startWire();
});
beforeEach(async () => {
  tenant = await wire.api.tenant();
});
afterAll(() => wire?.api.close());

/** Sends a request with an Idempotency-Key over its own connection. */
async function keyed(
  key: string,
  method: string,
  path: string,
  body?: unknown,
  who = tenant,
): Promise<Answer> {
  const headers = { 'idempotency-key': key };
  const { port } = wire.api.app.getHttpServer().address() as { port: number };
  const response = await fetch(`http://127.0.0.1:${port}/v1/${path}`, {
    method,
    headers: {
      authorization: `Bearer ${who.token}`,
      'content-type': 'application/json',
      ...headers,
    },
    ...(body !== undefined && {
      body: typeof body === 'string' ? body : JSON.stringify(body),
    }),
  });
  const text = await response.text();
  return {
    status: response.status,
    body: text === '' ? undefined : JSON.parse(text),
    headers: Object.fromEntries(response.headers),
  };
}

const isReplay = (answer: Answer) => answer.headers['idempotent-replayed'] === 'true';

interface InvitedSeat {
  invitation: { token: string };
}

/** Sends the same request twice with a new key. */
async function twice(method: string, path: string, body?: unknown): Promise<[Answer, Answer]> {
  const key = randomUUID();
  const first = await keyed(key, method, path, body);
  return [first, await keyed(key, method, path, body)];
}

function expectReplay([first, second]: [Answer, Answer], status: number) {
  expect(first.status).toBe(status);
  expect(isReplay(first)).toBe(false);
  expect({ status: second.status, body: second.body }).toEqual({ status, body: first.body });
  expect(isReplay(second)).toBe(true);
  expect(second.headers['content-type']).toBe(first.headers['content-type']);
}

describe('a request with a repeated Idempotency-Key', () => {
  it('is answered with the first response, and carried out once', async () => {
    const { id } = await tenant.subscription(5);
    const answers = await twice('POST', 'customer-seats', {
      subscription_id: id,
      email: newEmail(),
    });
    expectReplay(answers, 200);
    expect(await poolOf(wire.api, id)).toMatchObject({ taken: 1, held: 1 });
    expect(await eventTypesOf(wire.api, id)).toEqual(['customer_seat.assigned']);
  });

  it('repeats a 201', async () => {
    expectReplay(await twice('POST', 'products', { name: 'Pro' }), 201);
    const { body } = await tenant.call('GET', '/v1/products');
    expect(body.items).toHaveLength(1);
  });

  it('repeats a 204', async () => {
    const endpoint = await tenant.create('webhooks/endpoints', {
      url: 'https://example.com/hook',
      events: ['customer_seat.assigned'],
    });
    expectReplay(await twice('DELETE', `webhooks/endpoints/${endpoint.id}`), 204);
  });

  it('repeats the response of a PATCH and of a DELETE', async () => {
    const seat = await newSeat(tenant);
    expectReplay(await twice('PATCH', `customer-seats/${seat.id}`, { metadata: { a: 1 } }), 200);
    expectReplay(await twice('DELETE', `customer-seats/${seat.id}`), 200);
  });

  it('repeats a 400, even when a seat is free by then', async () => {
    const { id } = await tenant.subscription(1);
    const seat = await assign(tenant, { subscription_id: id, email: newEmail() });
    const key = randomUUID();
    const body = { subscription_id: id, email: newEmail() };
    const first = await keyed(key, 'POST', 'customer-seats', body);
    await tenant.call('DELETE', `${SEATS}/${seat.id}`);
    expectReplay([first, await keyed(key, 'POST', 'customer-seats', body)], 400);
  });

  it('repeats a 404', async () => {
    const body = { subscription_id: UNKNOWN_ID, email: newEmail() };
    expectReplay(await twice('POST', 'customer-seats', body), 404);
  });

  it('repeats a bulk failure with its list', async () => {
    const { id } = await tenant.subscription(2);
    const seats = [{ email: newEmail() }, { member_id: UNKNOWN_ID }];
    const body = { subscription_id: id, mode: 'atomic', seats };
    expectReplay(await twice('POST', 'customer-seats/bulk', body), 400);
  });

  it('has its own request id', async () => {
    const [first, second] = await twice('POST', 'products', { name: 'Pro' });
    expect(second.headers['x-request-id']).not.toBe(first.headers['x-request-id']);
  });

  it('may have no body', async () => {
    const seat = await newSeat(tenant);
    expectReplay(await twice('POST', `customer-seats/${seat.id}/resend`), 200);
  });
});

describe('the response to a request with an Idempotency-Key is not kept', () => {
  it('when it is a 422, so the corrected request is carried out', async () => {
    const key = randomUUID();
    expect((await keyed(key, 'POST', 'products', {})).status).toBe(422);
    const answer = await keyed(key, 'POST', 'products', { name: 'Pro' });
    expect([answer.status, isReplay(answer)]).toEqual([201, false]);
  });

  it('when it is a 403', async () => {
    const key = randomUUID();
    const { id } = await tenant.subscription(1);
    const body = { subscription_id: id, email: newEmail() };
    await setOrganization(wire.api, tenant, { seats_enabled: false });
    expect((await keyed(key, 'POST', 'customer-seats', body)).status).toBe(403);
    await setOrganization(wire.api, tenant, { seats_enabled: true });
    expect((await keyed(key, 'POST', 'customer-seats', body)).status).toBe(200);
  });

  it('when it is a 403 for a missing scope', async () => {
    const key = randomUUID();
    const weak = { ...tenant, token: await tenant.tokenWith('products:read') };
    expect((await keyed(key, 'POST', 'products', { name: 'Pro' }, weak)).status).toBe(403);
    expect((await keyed(key, 'POST', 'products', { name: 'Pro' })).status).toBe(201);
  });

  it('when it is a 401', async () => {
    const key = randomUUID();
    const nobody = { ...tenant, token: 'seat_oat_nobody' };
    expect((await keyed(key, 'POST', 'products', { name: 'Pro' }, nobody)).status).toBe(401);
    expect((await keyed(key, 'POST', 'products', { name: 'Pro' })).status).toBe(201);
  });

  it('when it is a 409', async () => {
    const key = randomUUID();
    const product = await tenant.create('products', { name: 'Pro', external_id: 'pro' });
    const body = { name: 'Pro', external_id: 'pro' };
    expect((await keyed(key, 'POST', 'products', body)).status).toBe(409);
    await tenant.call('DELETE', `/v1/products/${product.id}`);
    expect((await keyed(key, 'POST', 'products', body)).status).toBe(201);
  });

  it('when it is a 429', async () => {
    const strict = await startWire({ RESEND_INTERVAL: '60' });
    try {
      const other = await strict.api.tenant();
      const seat = await newSeat(other);
      const url = `${SEATS}/${seat.id}/resend`;
      const headers = { 'idempotency-key': 'again' };
      await other.call('POST', url);
      expect((await other.call('POST', url, { headers })).status).toBe(429);
      strict.api.clock.advance(61);
      expect((await other.call('POST', url, { headers })).status).toBe(200);
    } finally {
      await strict.api.close();
    }
  });

  it('when the request is a GET', async () => {
    const answers = await twice('GET', 'products');
    expect(answers.map(isReplay)).toEqual([false, false]);
  });
});

describe('an Idempotency-Key', () => {
  it('may have 255 characters', async () => {
    expect((await keyed('k'.repeat(255), 'POST', 'products', { name: 'Pro' })).status).toBe(201);
  });

  it.each([
    ['256 characters', 'k'.repeat(256)],
    ['no characters', ''],
  ])('is refused with %s', async (_, key) => {
    const answer = await keyed(key, 'POST', 'products', { name: 'Pro' });
    expect(problems(answer)).toEqual([KEY_PROBLEM]);
  });

  it('counts the body as JSON: white space and the order of keys do not matter', async () => {
    const key = randomUUID();
    const bodies = [
      { name: 'Pro', metadata: { a: { x: 1, y: [2, { m: 1, n: 2 }] }, b: 1 } },
      '{ "metadata": {"b":1.0,\n "a":{"y":[2,{"n":2,"m":1}],"x":1e0}},\t"name" : "Pro"}',
    ];
    const first = await keyed(key, 'POST', 'products', bodies[0]);
    const second = await keyed(key, 'POST', 'products', bodies[1]);
    expect([isReplay(second), second.body]).toEqual([true, first.body]);
    const list = { name: 'Pro', metadata: { a: { x: 1, y: [{ m: 1, n: 2 }, 2] }, b: 1 } };
    expect(problems(await keyed(key, 'POST', 'products', list))).toEqual([KEY_PROBLEM]);
  });

  it('is replayed when the previous release recorded the first response', async () => {
    const key = randomUUID();
    const body = { name: 'Pro', external_id: 'b' };
    const first = await keyed(key, 'POST', 'products', body);
    const raw = createHash('sha256')
      .update(JSON.stringify(['', body]))
      .digest('base64url');
    await wire.api.database.sql('UPDATE idempotency_keys SET fingerprint = $1 WHERE key = $2', [
      raw,
      key,
    ]);
    const second = await keyed(key, 'POST', 'products', body);
    expect([isReplay(second), second.body]).toEqual([true, first.body]);
  });

  it('is refused with another body, and nothing is done', async () => {
    const key = randomUUID();
    await keyed(key, 'POST', 'products', { name: 'Pro' });
    const answer = await keyed(key, 'POST', 'products', { name: 'Basic' });
    expect(problems(answer)).toEqual([KEY_PROBLEM]);
    const { body } = await tenant.call('GET', '/v1/products');
    expect(body.items).toHaveLength(1);
  });

  it('is refused with another query', async () => {
    const key = randomUUID();
    const { id } = await tenant.subscription(5);
    const body = { subscription_id: id, email: newEmail() };
    await keyed(key, 'POST', 'customer-seats', body);
    const answer = await keyed(key, 'POST', 'customer-seats?include=invitation', body);
    expect(problems(answer)).toEqual([KEY_PROBLEM]);
  });

  it('may be used again for another path', async () => {
    const key = randomUUID();
    const one = await newSeat(tenant);
    const two = await newSeat(tenant);
    for (const seat of [one, two]) {
      const answer = await keyed(key, 'DELETE', `customer-seats/${seat.id}`);
      expect([answer.body.id, isReplay(answer)]).toEqual([seat.id, false]);
    }
  });

  it('may be used again for another method', async () => {
    const key = randomUUID();
    const seat = await newSeat(tenant);
    const path = `customer-seats/${seat.id}`;
    await keyed(key, 'PATCH', path, {});
    expect(isReplay(await keyed(key, 'DELETE', path, {}))).toBe(false);
  });

  it('may be used again by another organization', async () => {
    const key = randomUUID();
    const other = await wire.api.tenant();
    await keyed(key, 'POST', 'products', { name: 'Pro' });
    const answer = await keyed(key, 'POST', 'products', { name: 'Pro' }, other);
    expect([answer.status, isReplay(answer)]).toEqual([201, false]);
  });

  it('is the same for all tokens of an organization', async () => {
    const key = randomUUID();
    const other = { ...tenant, token: await tenant.tokenWith('products:write') };
    const first = await keyed(key, 'POST', 'products', { name: 'Pro' });
    expectReplay([first, await keyed(key, 'POST', 'products', { name: 'Pro' }, other)], 201);
  });

  it('is kept for a day, and then forgotten', async () => {
    const key = randomUUID();
    await keyed(key, 'POST', 'products', { name: 'Pro' });
    wire.api.clock.advance(DAY - 60);
    expect(isReplay(await keyed(key, 'POST', 'products', { name: 'Pro' }))).toBe(true);
    wire.api.clock.advance(61);
    const answer = await keyed(key, 'POST', 'products', { name: 'Basic' });
    expect([answer.status, isReplay(answer)]).toEqual([201, false]);
    expect(isReplay(await keyed(key, 'POST', 'products', { name: 'Basic' }))).toBe(true);
  });

  it('is removed by the worker after a day, and not before', async () => {
    const { app, clock, database } = wire.api;
    const pruner = new IdempotencyPruner(app.get(IdempotencyRepository), clock);
    await pruner.runOnce();
    await keyed(randomUUID(), 'POST', 'products', { name: 'Pro' });
    wire.api.clock.advance(DAY - 60);
    const kept = () =>
      database.sql('SELECT 1 FROM idempotency_keys WHERE organization_id = $1', [tenant.id]);
    await pruner.runOnce();
    expect(await kept()).toHaveLength(1);
    wire.api.clock.advance(61);
    await pruner.runOnce();
    expect(await kept()).toHaveLength(0);
  });

  it('is accepted by every writing route with a token', async () => {
    const document = buildOpenApi(wire.api.app);
    const routes = Object.entries<any>(document.paths).flatMap(([path, methods]) =>
      Object.entries<any>(methods)
        .filter(([method]) => ['post', 'patch', 'delete'].includes(method))
        .filter(([, { security }]) => security.some((each: any) => 'OrganizationToken' in each))
        .map(([method]) => [method.toUpperCase(), path] as const),
    );
    expect(routes.length).toBeGreaterThan(20);
    for (const [method, path] of routes) {
      const url = path.replace(/^\/v1\//, '').replace(/\{[^}]+\}/g, UNKNOWN_ID);
      const answer = await keyed('k'.repeat(256), method, url, {});
      expect([method, path, ...problems(answer)]).toEqual([method, path, KEY_PROBLEM]);
    }
  });
});

describe('a replayed response', () => {
  it('shows null instead of an invitation, which is stored nowhere', async () => {
    const { id } = await tenant.subscription(5);
    const body = { subscription_id: id, email: newEmail() };
    const [first, second] = await twice('POST', 'customer-seats?include=invitation', body);
    expect(second.body).toEqual({ ...first.body, invitation: null });
    expect(isReplay(second)).toBe(true);
    expect(await wholeDatabase(wire.api)).not.toContain(first.body.invitation.token);
    expect((await claim(wire.api, first.body.invitation.token)).status).toBe(200);
  });

  it('shows null instead of the invitations of a bulk call', async () => {
    const { id } = await tenant.subscription(5);
    const body = { subscription_id: id, seats: [{ email: newEmail() }, { email: newEmail() }] };
    const [first, second] = await twice('POST', 'customer-seats/bulk?include=invitation', body);
    expect(
      first.body.seats.every(({ invitation }: InvitedSeat) => invitation.token.length >= 43),
    ).toBe(true);
    expect(second.body.seats.map(({ invitation }: InvitedSeat) => invitation)).toEqual([
      null,
      null,
    ]);
  });

  it('shows null instead of the invitation of a resend', async () => {
    const seat = await newSeat(tenant);
    const path = `customer-seats/${seat.id}/resend?include=invitation`;
    const [first, second] = await twice('POST', path);
    expect(second.body).toEqual({ ...first.body, invitation: null });
  });

  it('shows null instead of an access token, which is stored nowhere', async () => {
    const body = { name: 'ci', scopes: ['products:read'] };
    const [first, second] = await twice('POST', 'organization-access-tokens', body);
    expect(first.body.token).toMatch(/^seat_oat_/);
    expect(second.body).toEqual({ ...first.body, token: null });
    expect(await wholeDatabase(wire.api)).not.toContain(first.body.token);
  });

  it('shows null instead of the client secret of a checkout', async () => {
    const product = await tenant.create('products', { name: 'Pro' });
    const [first, second] = await twice('POST', 'checkouts', { product_id: product.id });
    expect(first.body.client_secret).toEqual(expect.any(String));
    expect(second.body).toEqual({ ...first.body, client_secret: null });
  });

  it('shows null instead of the secret of a webhook endpoint', async () => {
    const body = { url: 'https://example.com/hook', events: ['customer_seat.assigned'] };
    const [first, second] = await twice('POST', 'webhooks/endpoints', body);
    expect(first.body.secret).toMatch(/^whsec_/);
    expect(second.body).toEqual({ ...first.body, secret: null });
  });

  it('shows metadata unchanged, even keys that are named like secrets', async () => {
    const metadata = { token: 'a', secret: { client_secret: 'b' }, invitation: ['c'] };
    const { id } = await tenant.subscription(5);
    const body = { subscription_id: id, email: newEmail(), metadata };
    const seat = await twice('POST', 'customer-seats', body);
    expectReplay(seat, 200);
    expect(seat[1].body.seat_metadata).toEqual(metadata);
    expectReplay(await twice('POST', 'products', { name: 'Pro', metadata }), 201);
  });
});

describe('concurrent requests with Idempotency-Keys', () => {
  it('that share a key are carried out once, and the others get the response or a 409', async () => {
    const { id } = await tenant.subscription(50);
    const key = randomUUID();
    const body = { subscription_id: id, email: newEmail() };
    const answers = await parallel(20, () => keyed(key, 'POST', 'customer-seats', body));
    const done = answers.filter(({ status }) => status === 200);
    expect(new Set(done.map((answer) => answer.body.id)).size).toBe(1);
    expect(done.filter((answer) => !isReplay(answer))).toHaveLength(1);
    const others = answers.filter(({ status }) => status !== 200);
    expect(Object.keys(tally(others)).filter((name) => name !== '409 IdempotencyKeyInUse')).toEqual(
      [],
    );
    expect(await poolOf(wire.api, id)).toMatchObject({ taken: 1, held: 1 });
    expect(await eventTypesOf(wire.api, id)).toEqual(['customer_seat.assigned']);
  });

  it('that have different keys are all refused on a full pool', async () => {
    const { id } = await tenant.subscription(1);
    await assign(tenant, { subscription_id: id, email: newEmail() });
    const answers = await parallel(40, () =>
      keyed(randomUUID(), 'POST', 'customer-seats', { subscription_id: id, email: newEmail() }),
    );
    expect(tally(answers)).toEqual({ '400 SeatNotAvailable': 40 });
    const told = await eventTypesOf(wire.api, id);
    expect(told.filter((type) => type === 'seats.exhausted')).toHaveLength(1);
  });

  it('that conflict with each other all succeed', async () => {
    const { id, product_id, customer_id } = await tenant.subscription(20);
    const order = await tenant.create('orders', { product_id, customer_id, seats: 20 });
    const people = Array.from({ length: 20 }, () => ({ email: newEmail() }));
    const answers = await parallel(8, (index) =>
      keyed(randomUUID(), 'POST', 'customer-seats/bulk', {
        ...(index % 2 === 0 ? { subscription_id: id } : { order_id: order.id }),
        seats: index % 4 < 2 ? people : people.toReversed(),
      }),
    );
    expectNoFailures(answers);
    expect(await poolOf(wire.api, id)).toMatchObject({ taken: 20, held: 20 });
    expect(await poolOf(wire.api, order.id)).toMatchObject({ taken: 20, held: 20 });
  });
});

describe('a request that fails halfway', () => {
  it('undoes its changes when it is answered with 400', async () => {
    const { id } = await tenant.subscription(3);
    await assign(tenant, { subscription_id: id, email: newEmail() });
    await assign(tenant, { subscription_id: id, email: newEmail() });
    const body = { seats: 1, metadata: { changed: true }, cancel_at_period_end: false };
    expectReplay(await twice('PATCH', `subscriptions/${id}`, body), 400);
    const after = (await tenant.call('GET', `/v1/subscriptions/${id}`)).body;
    expect(after).toMatchObject({ seats: 3, metadata: {}, modified_at: null });
    // The next request on the same database connection works.
    expect((await twice('PATCH', `subscriptions/${id}`, { seats: 4 }))[0].status).toBe(200);
  });

  it.each([
    ['an assign', 'customer-seats', (email: string) => ({ email })],
    ['a bulk assign', 'customer-seats/bulk', (email: string) => ({ seats: [{ email }] })],
    ['a replacement', 'replace', (email: string) => ({ email })],
  ])('gives no seat by %s when the key cannot be stored', async (_, path, bodyOf) => {
    const { id } = await tenant.subscription(2);
    const seat = await assign(tenant, { subscription_id: id, email: newEmail() });
    const { sql } = wire.api.database;
    await sql(`CREATE FUNCTION refuse_record() RETURNS trigger LANGUAGE plpgsql AS
      'BEGIN RAISE EXCEPTION ''refused''; END'`);
    await sql(`CREATE TRIGGER refuse_record BEFORE INSERT ON idempotency_keys
      FOR EACH ROW EXECUTE FUNCTION refuse_record()`);
    try {
      const url = path === 'replace' ? `customer-seats/${seat.id}/replace` : path;
      const body = { ...(path !== 'replace' && { subscription_id: id }), ...bodyOf(newEmail()) };
      expect((await keyed(randomUUID(), 'POST', url, body)).status).toBe(500);
    } finally {
      await sql('DROP FUNCTION refuse_record CASCADE');
    }
    expect(await poolOf(wire.api, id)).toMatchObject({ taken: 1, held: 1 });
    expect(await eventTypesOf(wire.api, id)).toEqual(['customer_seat.assigned']);
  });

  it('leaves no change when its connection is lost, and succeeds when it is sent again', async () => {
    const { id, customer_id } = await tenant.subscription(2_000);
    const { sql } = wire.api.database;
    const key = randomUUID();
    const seats = Array.from({ length: 2_000 }, () => ({ email: newEmail() }));
    const body = { subscription_id: id, seats };
    const killed = sql(
      `DO $$ DECLARE found int; BEGIN LOOP
         PERFORM pg_stat_clear_snapshot();
         SELECT pid INTO found FROM pg_stat_activity WHERE datname = current_database()
           AND application_name = 'seats' AND query LIKE '%INSERT INTO seats%' AND state = 'active';
         EXIT WHEN found IS NOT NULL AND pg_terminate_backend(found);
         PERFORM pg_sleep(0.005);
       END LOOP; END $$`,
    );
    const first = await keyed(key, 'POST', 'customer-seats/bulk', body);
    await killed;
    expect(first.status).toBe(503);
    expect(await poolOf(wire.api, id)).toMatchObject({ taken: 0, held: 0 });
    const members = () => sql('SELECT 1 FROM members WHERE customer_id = $1', [customer_id]);
    expect(await members()).toHaveLength(1);
    const second = await keyed(key, 'POST', 'customer-seats/bulk', body);
    expect([second.status, isReplay(second), second.body.failed]).toEqual([200, false, []]);
    expect(await poolOf(wire.api, id)).toMatchObject({ taken: 2_000, held: 2_000 });
    expect(await eventTypesOf(wire.api, id)).toHaveLength(2_000);
    expect(isReplay(await keyed(key, 'POST', 'customer-seats/bulk', body))).toBe(true);
  });
});
