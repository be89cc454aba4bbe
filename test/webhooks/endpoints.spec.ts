import { randomUUID } from 'node:crypto';
import { startApp, type Tenant } from '../support/app.js';
import { assign, deliveriesOf, endpoint, HOUR, startWebhooks, type Webhooks } from './fixtures.js';
import { answer, Receiver } from './receiver.js';

const ALL = '/v1/webhooks/endpoints';
const URL = 'https://shop.example.com/hooks';
const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const DEFAULT = ['customer_seat.assigned', 'customer_seat.claimed', 'customer_seat.revoked'];

let service: Webhooks;
let receiver: Receiver;
let tenant: Tenant;

beforeAll(async () => {
  service = await startWebhooks();
  receiver = await Receiver.start();
});
beforeEach(async () => {
  tenant = await service.tenant();
  receiver.deliveries.length = 0;
  receiver.reply = answer(200);
});
afterAll(async () => {
  await receiver.close();
  await service.closeAll();
});

describe('an endpoint', () => {
  it('gets the three default types unless it lists others', async () => {
    const created = await tenant.call('POST', ALL, { body: { url: URL, description: 'Shop' } });
    expect(created.status).toBe(201);
    expect(created.body).toEqual({
      id: expect.any(String),
      url: URL,
      description: 'Shop',
      events: DEFAULT,
      enabled: true,
      disabled_reason: null,
      created_at: expect.stringMatching(/Z$/),
      modified_at: null,
      secret: expect.stringMatching(/^whsec_[\w+/]{43}=$/),
    });
  });

  it('is refused when the organization has 50', async () => {
    const { id } = await endpoint(tenant, URL);
    await service.database.sql(
      `INSERT INTO webhook_endpoints (organization_id, id, created_at, url, events)
       SELECT organization_id, gen_random_uuid(), created_at, url, events
       FROM webhook_endpoints, generate_series(2, 50) WHERE id = $1`,
      [id],
    );
    const refused = await tenant.call('POST', ALL, { body: { url: URL } });
    expect([refused.status, refused.body.error]).toEqual([409, 'Conflict']);
    await tenant.call('DELETE', `${ALL}/${id}`);
    expect((await tenant.call('POST', ALL, { body: { url: URL } })).status).toBe(201);
  });

  it('is read, listed, changed and deleted', async () => {
    const { secret, ...created } = await endpoint(tenant, URL);
    expect(secret).toBeDefined();
    expect((await tenant.call('GET', `${ALL}/${created.id}`)).body).toEqual(created);
    expect((await tenant.call('GET', ALL)).body).toEqual({
      items: [created],
      pagination: { total_count: 1, max_page: 1 },
    });
    const events = ['customer_seat.updated', 'customer_seat.updated'];
    const body = { url: `${URL}/2`, events, enabled: false, description: 'x' };
    const changed = await tenant.call('PATCH', `${ALL}/${created.id}`, { body });
    expect(changed.body).toEqual({
      ...created,
      ...body,
      events: ['customer_seat.updated'],
      modified_at: expect.any(String),
    });
    expect((await tenant.call('DELETE', `${ALL}/${created.id}`)).status).toBe(204);
    expect((await tenant.call('GET', `${ALL}/${created.id}`)).status).toBe(404);
  });

  it.each([
    [{}, ['body', 'url'], 'missing'],
    [{ url: 'shop' }, ['body', 'url'], 'value_error'],
    [{ url: 'ftp://shop.example.com' }, ['body', 'url'], 'value_error'],
    [{ url: 'https://u:p@shop.example.com' }, ['body', 'url'], 'value_error'],
    [{ url: 'https://169.254.169.254/' }, ['body', 'url'], 'value_error'],
    [{ url: 'https://2852039166/' }, ['body', 'url'], 'value_error'],
    [{ url: 'https://[::ffff:169.254.169.254]/' }, ['body', 'url'], 'value_error'],
    [{ url: URL, events: [] }, ['body', 'events'], 'too_short'],
    [{ url: URL, events: ['order.paid'] }, ['body', 'events', 0], 'enum'],
  ])('is refused with %j', async (body, loc, type) => {
    const { status, body: problem } = await tenant.call('POST', ALL, { body });
    expect(status).toBe(422);
    expect(problem.detail).toMatchObject([{ loc, type }]);
  });

  it.each([{ url: null }, { events: null }, { enabled: null }, { urll: URL }])(
    'is not changed by %j',
    async (body) => {
      const { id } = await endpoint(tenant, URL);
      expect((await tenant.call('PATCH', `${ALL}/${id}`, { body })).status).toBe(422);
    },
  );

  it.each([
    ['http://127.0.0.1:4000/', /WEBHOOK_ALLOW_PRIVATE=true allows it/],
    ['http://localhost:4000/', /WEBHOOK_ALLOW_PRIVATE=true allows it/],
    ['http://hooks.localhost/', /WEBHOOK_ALLOW_PRIVATE=true allows it/],
    ['http://169.254.169.254/', /reserved address\.$/],
  ])('may not lead to %s, and the refusal names the remedy if there is one', async (url, msg) => {
    const careful = await startApp();
    try {
      const other = await careful.tenant();
      const { status, body } = await other.call('POST', ALL, { body: { url } });
      expect([status, body.detail[0].msg]).toEqual([422, expect.stringMatching(msg)]);
    } finally {
      await careful.close();
    }
  });

  it('must have https in production', async () => {
    const production = await startWebhooks({
      NODE_ENV: 'production',
      WEBHOOK_ALLOW_PRIVATE: 'false',
      SECRET_KEYS: 'k'.repeat(40),
      SMTP_URL: 'smtp://127.0.0.1:1',
      MAIL_FROM: 'seats@example.com',
      PUBLIC_URL: 'https://seats.example.com',
    });
    try {
      const other = await production.tenant();
      const url = 'http://shop.example.com';
      expect((await other.call('POST', ALL, { body: { url } })).status).toBe(422);
      expect((await other.call('POST', ALL, { body: { url: URL } })).status).toBe(201);
      const local = await other.call('POST', ALL, { body: { url: 'https://localhost' } });
      expect([local.status, local.body.detail[0].msg]).toEqual([
        422,
        expect.not.stringContaining('WEBHOOK_ALLOW_PRIVATE'),
      ]);
    } finally {
      await production.closeAll();
    }
  });
});

describe('the secret', () => {
  it('may be given, is shown once, and is stored encrypted', async () => {
    const { id, secret } = await endpoint(tenant, URL, { secret: SECRET });
    expect(secret).toBe(SECRET);
    expect((await tenant.call('GET', `${ALL}/${id}`)).body).not.toHaveProperty('secret');
    const rows = await service.database.sql(
      'SELECT * FROM webhook_secrets WHERE endpoint_id = $1',
      [id],
    );
    expect(rows).toHaveLength(1);
    const rest =
      JSON.stringify(rows) + Buffer.from(rows[0]?.['sealed'], 'base64').toString('latin1');
    expect(rest).not.toContain(SECRET.slice(6));
  });

  it('is refused, without echoing it, when it is too short', async () => {
    const body = { url: URL, secret: 'whsec_c2hvcnQ=' };
    const answer = await tenant.call('POST', ALL, { body });
    expect(answer.status).toBe(422);
    expect(answer.body.detail).toMatchObject([{ loc: ['body', 'secret'], input: null }]);
    expect(JSON.stringify(answer.body)).not.toContain('c2hvcnQ');
  });

  it('is not stored in the record of the request’s Idempotency-Key', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const body = { url: URL };
    const first = await tenant.call('POST', ALL, { body, headers });
    const again = await tenant.call('POST', ALL, { body, headers });
    expect(again.body).toEqual({ ...first.body, secret: null });
  });

  it('signs for another day in addition to its successor', async () => {
    const created = await endpoint(tenant, receiver.url);
    const rotated = await tenant.call('PATCH', `${ALL}/${created.id}/secret`);
    expect(rotated.status).toBe(200);
    expect(rotated.body.secret).not.toBe(created.secret);
    const signatures = () => receiver.last.headers['webhook-signature']?.split(' ');
    await assign(tenant);
    await service.send();
    expect(signatures()).toHaveLength(4);
    service.clock.advance(24 * HOUR + 1);
    await assign(tenant);
    await service.send();
    expect(signatures()).toHaveLength(2);
  });
});

describe('a test delivery', () => {
  it('has one of the endpoint’s types and sample data, and is not an event', async () => {
    const events = ['customer_seat.revoked'];
    const { id } = await endpoint(tenant, receiver.url, { events });
    const sent = await tenant.call('POST', `${ALL}/${id}/test`);
    expect(sent.status).toBe(202);
    await service.send();
    expect(JSON.parse(receiver.last.body)).toMatchObject({
      type: 'customer_seat.revoked',
      data: { status: 'revoked', seat_metadata: { test: true } },
    });
    expect(receiver.ids).toEqual([sent.body.event_id]);
    expect(await deliveriesOf(tenant)).toMatchObject([
      { event_id: sent.body.event_id, event_type: 'customer_seat.revoked', succeeded: true },
    ]);
    expect((await tenant.call('GET', '/v1/events')).body.items).toEqual([]);
    const again = `/v1/webhooks/events/${sent.body.event_id}/redeliver`;
    expect((await tenant.call('POST', again)).status).toBe(404);
  });

  it('is a 409 for a disabled endpoint', async () => {
    const { id } = await endpoint(tenant, receiver.url);
    await tenant.call('PATCH', `${ALL}/${id}`, { body: { enabled: false } });
    expect((await tenant.call('POST', `${ALL}/${id}/test`)).status).toBe(409);
  });
});

describe('a delivery to an endpoint', () => {
  it('has one of the types that the endpoint lists', async () => {
    await endpoint(tenant, receiver.url);
    const seat = await assign(tenant);
    service.clock.advance(61);
    const one = `/v1/customer-seats/${seat.id}`;
    expect((await tenant.call('POST', `${one}/resend`)).status).toBe(200);
    const full = { subscription_id: seat.subscription_id, email: 'grace@example.com' };
    expect((await tenant.call('POST', '/v1/customer-seats', { body: full })).status).toBe(400);
    const seats = { body: { seats: 5 } };
    await tenant.call('PATCH', `/v1/subscriptions/${seat.subscription_id}`, seats);
    expect((await tenant.call('DELETE', one)).status).toBe(200);
    await service.send();
    // The two calls are concurrent, so either may arrive first.
    expect(receiver.types.sort()).toEqual(['customer_seat.assigned', 'customer_seat.revoked']);
    const { items } = (await tenant.call('GET', '/v1/events')).body;
    expect(items.length).toBeGreaterThan(2);
  });

  it('contains the person who held the seat, after a revoke', async () => {
    await endpoint(tenant, receiver.url, { events: ['customer_seat.revoked'] });
    const seat = await assign(tenant, 'ada@example.com');
    await tenant.call('DELETE', `/v1/customer-seats/${seat.id}`);
    await service.send();
    expect(JSON.parse(receiver.last.body)).toEqual({
      type: 'customer_seat.revoked',
      timestamp: expect.stringMatching(/Z$/),
      api_version: '2026-04',
      data: expect.objectContaining({
        id: seat.id,
        status: 'revoked',
        email: 'ada@example.com',
        member: expect.objectContaining({ email: 'ada@example.com' }),
        revoked_at: expect.stringMatching(/Z$/),
      }),
    });
  });

  it('waits while the endpoint is disabled, and is sent when it is enabled', async () => {
    const { id } = await endpoint(tenant, receiver.url);
    await assign(tenant);
    await service.relay();
    await tenant.call('PATCH', `${ALL}/${id}`, { body: { enabled: false } });
    await assign(tenant, 'later@example.com');
    expect(await service.send()).toBe(0);
    await tenant.call('PATCH', `${ALL}/${id}`, { body: { enabled: true } });
    expect(await service.send()).toBe(1);
  });

  it('goes to the new URL after a change', async () => {
    const { id } = await endpoint(tenant, 'http://127.0.0.1:1/');
    await assign(tenant);
    await service.relay();
    await tenant.call('PATCH', `${ALL}/${id}`, { body: { url: receiver.url } });
    await service.send();
    expect(receiver.deliveries).toHaveLength(1);
  });

  it('is dropped when the endpoint no longer lists its type', async () => {
    const { id } = await endpoint(tenant, receiver.url);
    await assign(tenant);
    await service.relay();
    await tenant.call('PATCH', `${ALL}/${id}`, { body: { events: ['customer_seat.revoked'] } });
    await service.send();
    expect(receiver.deliveries).toEqual([]);
    expect(await service.database.sql('SELECT * FROM webhook_messages')).toEqual([]);
  });
});

describe('redelivery', () => {
  it('sends an event with the same id to all endpoints, even to those that have received it', async () => {
    await endpoint(tenant, receiver.url);
    await assign(tenant);
    await service.send();
    const [id] = receiver.ids;
    await endpoint(tenant, receiver.url);
    const again = await tenant.call('POST', `/v1/webhooks/events/${id}/redeliver`);
    expect(again).toMatchObject({ status: 202, body: { event_id: id, endpoints: 2 } });
    await service.send();
    expect(receiver.ids).toEqual([id, id, id]);
  });

  it('of an unknown event is a 404', async () => {
    const path = `/v1/webhooks/events/${randomUUID()}/redeliver`;
    expect((await tenant.call('POST', path)).status).toBe(404);
  });
});

describe('the list of deliveries', () => {
  it('shows every attempt, and filters', async () => {
    const { id } = await endpoint(tenant, receiver.url);
    receiver.reply = answer(503, {}, 'come later');
    const before = service.clock.now().toISOString();
    const seat = await assign(tenant);
    await service.send();
    service.clock.advance(10);
    receiver.reply = answer(204);
    await tenant.call('DELETE', `/v1/customer-seats/${seat.id}`);
    await service.send();
    const [event_id] = receiver.ids;
    const all = await deliveriesOf(tenant);
    expect(all).toHaveLength(3);
    expect(all[0]).toEqual({
      id: expect.any(String),
      event_id,
      event_type: 'customer_seat.assigned',
      endpoint_id: id,
      attempt: 1,
      succeeded: false,
      http_code: 503,
      response: 'come later',
      error: null,
      duration_ms: expect.any(Number),
      created_at: expect.stringMatching(/Z$/),
      next_attempt_at: expect.stringMatching(/Z$/),
    });
    const count = async (query: string) => (await deliveriesOf(tenant, query)).length;
    expect(await count('&succeeded=false')).toBe(1);
    expect(await count('&succeeded=true')).toBe(2);
    expect(await count('&event_type=customer_seat.revoked')).toBe(1);
    expect(await count('&event_type=customer_seat.revoked&event_type=customer_seat.assigned')).toBe(
      3,
    );
    expect(await count(`&endpoint_id=${id}`)).toBe(3);
    expect(await count(`&endpoint_id=${randomUUID()}`)).toBe(0);
    expect(await count(`&start_timestamp=${before}`)).toBe(3);
    expect(await count(`&end_timestamp=${before}`)).toBe(0);
    expect(await count(`&start_timestamp=${all[1].created_at}`)).toBe(2);
  });
});

describe('access', () => {
  const routes = (id: string): [string, string, string][] => [
    ['GET', ALL, 'read'],
    ['POST', ALL, 'write'],
    ['GET', `${ALL}/${id}`, 'read'],
    ['PATCH', `${ALL}/${id}`, 'write'],
    ['DELETE', `${ALL}/${id}`, 'write'],
    ['PATCH', `${ALL}/${id}/secret`, 'write'],
    ['POST', `${ALL}/${id}/test`, 'write'],
    ['GET', '/v1/webhooks/deliveries', 'read'],
    ['POST', `/v1/webhooks/events/${id}/redeliver`, 'write'],
  ];

  it('requires the scope of the route', async () => {
    const { id } = await endpoint(tenant, URL);
    for (const [method, path, scope] of routes(id)) {
      const other = await tenant.tokenWith(`webhooks:${scope === 'read' ? 'write' : 'read'}`);
      const { status } = await service.call(method, path, { token: other, body: { url: URL } });
      expect([method, path, status]).toEqual([method, path, 403]);
    }
  });

  it('neither shows nor changes endpoints of another organization', async () => {
    const { id } = await endpoint(tenant, receiver.url);
    await assign(tenant);
    await service.send();
    const stranger = await service.tenant();
    const [event] = receiver.ids;
    for (const [method, path] of routes(id)) {
      if (!path.includes(id) || path.includes('events')) continue;
      const body = method === 'PATCH' && !path.endsWith('secret') ? { enabled: false } : {};
      const { status } = await stranger.call(method, path, { body });
      expect([method, path, status]).toEqual([method, path, 404]);
    }
    const redeliver = `/v1/webhooks/events/${event}/redeliver`;
    expect((await stranger.call('POST', redeliver)).status).toBe(404);
    expect((await stranger.call('GET', ALL)).body.items).toEqual([]);
    expect(await deliveriesOf(stranger)).toEqual([]);
    expect((await tenant.call('GET', `${ALL}/${id}`)).body.enabled).toBe(true);
  });
});
