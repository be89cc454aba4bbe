import { Client } from 'pg';
import {
  assign,
  claimed,
  newEmail,
  newSeat,
  UNKNOWN_ID,
  problems,
  resend,
  revoke,
  SEAT_KEYS,
  SEATS,
  setOrganization,
  tokenOf,
  tryAssign,
  errorOf,
} from '../seats/fixtures.js';
import { EventsRepository } from '../../src/events/events.repository.js';
import { startApp, type Tenant, type TestApp } from '../support/app.js';
import { stepsOf } from '../support/plans.js';
import { numberAll } from './fixtures.js';

let api: TestApp;
let tenant: Tenant;

beforeAll(async () => {
  api = await startApp({ RESEND_INTERVAL: '0' });
});
beforeEach(async () => {
  tenant = await api.tenant();
});
afterAll(() => api?.close());

const events = (query = '', who = tenant) => who.call('GET', `/v1/events?${query}`);
const itemsOf = async (query = '') => (await events(query)).body.items as any[];
const cursorOf = (...keys: unknown[]) => Buffer.from(JSON.stringify(keys)).toString('base64url');

/** The events that `work` causes, oldest first. */
async function causedBy(work: () => Promise<unknown>): Promise<any[]> {
  const before = new Set((await itemsOf('limit=1000')).map(({ id }) => id));
  await work();
  return (await itemsOf('limit=1000')).filter(({ id }) => !before.has(id));
}

/** A transaction of another client that has written and stays open. */
async function openTransaction() {
  const client = new Client(api.database.url);
  await client.connect();
  await client.query('BEGIN');
  await client.query('SELECT pg_current_xact_id()');
  return client;
}

describe('every change is an event', () => {
  it('an assign, with everything that an event says', async () => {
    const { id } = await tenant.subscription(1);
    const headers = { 'x-request-id': 'request-17' };
    const body = { subscription_id: id, email: newEmail(), metadata: { a: 1 } };
    const seat = (await tryAssign(tenant, body, { headers })).body;
    const [token] = await api.database.sql(
      'SELECT id FROM access_tokens WHERE organization_id = $1',
      [tenant.id],
    );
    expect(await itemsOf(`subscription_id=${id}`)).toEqual([
      {
        id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4/),
        type: 'customer_seat.assigned',
        created_at: seat.created_at,
        actor: { type: 'token', id: token?.['id'] },
        request_id: 'request-17',
        reason: null,
        replaced_by: null,
        seat_id: seat.id,
        subscription_id: id,
        order_id: null,
        data: seat,
      },
    ]);
  });

  it.each([
    ['immediate_claim', { immediate_claim: true }, ['customer_seat.claimed']],
    ['an invitation', {}, ['customer_seat.assigned']],
  ])('%s', async (_, body, expected) => {
    const { id } = await tenant.order(1);
    await assign(tenant, { order_id: id, email: newEmail(), ...body });
    expect((await itemsOf(`order_id=${id}`)).map(({ type }) => type)).toEqual(expected);
  });

  it('a claim, with the invitation as its actor', async () => {
    const seat = await newSeat(tenant);
    const [event, ...others] = await causedBy(() => claimed(api, seat));
    expect(others).toEqual([]);
    expect(event).toMatchObject({
      type: 'customer_seat.claimed',
      actor: { type: 'invitation', id: seat.id },
      data: { id: seat.id, status: 'claimed', invitation_token_expires_at: null },
    });
  });

  it('a revoke, with the person it had', async () => {
    const seat = await newSeat(tenant);
    const [event, ...others] = await causedBy(() => revoke(tenant, seat.id));
    expect(others).toEqual([]);
    expect(event).toMatchObject({
      type: 'customer_seat.revoked',
      reason: 'requested',
      data: {
        ...seat,
        status: 'revoked',
        modified_at: event.created_at,
        revoked_at: event.created_at,
        invitation_token_expires_at: null,
      },
    });
  });

  it('a resend and a change of metadata', async () => {
    const seat = await newSeat(tenant);
    const [resent] = await causedBy(() => resend(tenant, seat.id));
    expect(resent).toMatchObject({ type: 'customer_seat.invitation_resent', reason: null });
    const body = { metadata: { a: 1 } };
    const [updated] = await causedBy(() => tenant.call('PATCH', `${SEATS}/${seat.id}`, { body }));
    expect(updated).toMatchObject({
      type: 'customer_seat.updated',
      data: { seat_metadata: { a: 1 } },
    });
  });

  it('the end of a subscription, the refund of an order, the deletion of people', async () => {
    const reasonOf = async (work: () => Promise<unknown>) =>
      (await causedBy(work)).map(({ type, reason }) => [type, reason]);
    const revoked = (reason: string) => [['customer_seat.revoked', reason]];
    const one = await newSeat(tenant);
    expect(
      await reasonOf(() => tenant.call('DELETE', `/v1/subscriptions/${one.subscription_id}`)),
    ).toEqual(revoked('subscription_ended'));
    const order = await tenant.order(1);
    await assign(tenant, { order_id: order.id, email: newEmail() });
    const refund = { body: { status: 'refunded' } };
    expect(await reasonOf(() => tenant.call('PATCH', `/v1/orders/${order.id}`, refund))).toEqual(
      revoked('order_refunded'),
    );
    const two = await newSeat(tenant);
    expect(await reasonOf(() => tenant.call('DELETE', `/v1/members/${two.member_id}`))).toEqual(
      revoked('member_deleted'),
    );
    await setOrganization(api, tenant, { member_model_enabled: false });
    const three = await newSeat(tenant);
    expect(
      await reasonOf(() => tenant.call('DELETE', `/v1/customers/${three.customer_id}`)),
    ).toEqual(revoked('customer_deleted'));
  });

  it.each(['subscription', 'order'] as const)('a change of the seats of a %s', async (kind) => {
    const { id, product_id, customer_id } = await tenant[kind](2);
    const [event, ...others] = await causedBy(() =>
      tenant.call('PATCH', `/v1/${kind}s/${id}`, { body: { seats: 7 } }),
    );
    expect(others).toEqual([]);
    expect(event).toMatchObject({ type: `${kind}.seats_changed`, seat_id: null });
    expect(event[`${kind}_id`]).toBe(id);
    expect(event.data).toMatchObject({ product_id, customer_id, seats: 7, previous_seats: 2 });
  });

  it('a refusal because the pool is full, at most once a minute', async () => {
    const { id } = await tenant.subscription(1);
    await assign(tenant, { subscription_id: id, email: newEmail() });
    const refuse = () => tryAssign(tenant, { subscription_id: id, email: newEmail() });
    const [event, ...others] = await causedBy(async () => {
      await refuse();
      await refuse();
    });
    expect(others).toEqual([]);
    expect(event).toMatchObject({ type: 'seats.exhausted', subscription_id: id, seat_id: null });
    expect(event.data).toMatchObject({ total_seats: 1, available_seats: 0 });
    api.clock.advance(61);
    expect(await causedBy(refuse)).toHaveLength(1);
  });

  it('a request that changes nothing writes no event', async () => {
    const seat = await newSeat(tenant);
    await revoke(tenant, seat.id);
    const none = await causedBy(async () => {
      await revoke(tenant, seat.id);
      await resend(tenant, seat.id);
      await tenant.call('PATCH', `${SEATS}/${seat.id}`, { body: { metadata: {} } });
      await tryAssign(tenant, { subscription_id: UNKNOWN_ID, email: newEmail() });
    });
    expect(none).toEqual([]);
  });

  it('an event of a seat shows a CustomerSeat, and never the token', async () => {
    const seat = await newSeat(tenant);
    const token = await tokenOf(api, seat.id);
    await claimed(api, seat);
    await revoke(tenant, seat.id);
    const { items } = (await tenant.call('GET', `${SEATS}/${seat.id}/events`)).body;
    expect(items.map(({ data }: any) => Object.keys(data).sort())).toEqual(
      Array(3).fill(SEAT_KEYS.toSorted()),
    );
    const text = JSON.stringify(items);
    expect(text).not.toContain(token);
    expect(text).not.toMatch(/nonce|hash|secret/);
  });
});

describe('the list', () => {
  it('is filtered by type, seat, subscription and order', async () => {
    const one = await newSeat(tenant);
    const order = await tenant.order(1);
    const two = await assign(tenant, { order_id: order.id, email: newEmail() });
    await revoke(tenant, one.id);
    const idsOf = async (query: string) =>
      (await itemsOf(query)).map(({ seat_id, type }) => [seat_id, type.split('.')[1]]);
    expect(await idsOf(`seat_id=${one.id}`)).toEqual([
      [one.id, 'assigned'],
      [one.id, 'revoked'],
    ]);
    expect(await idsOf(`order_id=${order.id}`)).toEqual([[two.id, 'assigned']]);
    expect(await idsOf(`subscription_id=${one.subscription_id}`)).toHaveLength(2);
    expect(await idsOf('type=customer_seat.revoked')).toEqual([[one.id, 'revoked']]);
    expect(await idsOf('type=customer_seat.revoked&type=customer_seat.assigned')).toHaveLength(3);
    expect(await idsOf(`seat_id=${one.id}&order_id=${order.id}`)).toEqual([]);
  });

  it('is paginated in both orders', async () => {
    const { id } = await tenant.subscription(10);
    for (let n = 0; n < 5; n += 1) {
      await assign(tenant, { subscription_id: id, email: newEmail() });
    }
    const whole = (await itemsOf()).map((event) => event.id);
    for (const order of ['asc', 'desc']) {
      const seen: string[] = [];
      let page = (await events(`order=${order}&limit=2`)).body;
      for (;;) {
        seen.push(...page.items.map((event: any) => event.id));
        if (page.next_cursor === null) break;
        page = (await events(`order=${order}&limit=2&cursor=${page.next_cursor}`)).body;
      }
      expect(seen).toEqual(order === 'asc' ? whole : whole.toReversed());
    }
  });

  it.each(['subscription', 'order'] as const)(
    'of one %s is read by an index, however many events the tenant has',
    async (kind) => {
      const sold = await tenant[kind](1);
      const seat = await assign(tenant, { [`${kind}_id`]: sold.id, email: newEmail() });
      await api.database.sql(
        `INSERT INTO events (id, organization_id, created_at, type, actor_type, data)
         SELECT gen_random_uuid(), organization_id, now(), type, actor_type, '{}'
         FROM events, generate_series(1, 5000) WHERE seat_id = $1`,
        [seat.id],
      );
      await numberAll(api.app.get(EventsRepository));
      await api.database.sql('ANALYZE events, event_stream');
      const steps = await stepsOf(api.database, (database) =>
        new EventsRepository(database).list(
          tenant.id,
          { [`${kind}_id`]: sold.id },
          { after: undefined, limit: 101 },
        ),
      );
      expect(steps.map(({ index }) => index)).toContain(`event_stream_of_${kind}`);
      expect(await itemsOf(`${kind}_id=${sold.id}`)).toMatchObject([{ seat_id: seat.id }]);
    },
  );

  it('has 100 events per page, or up to 1,000 on request', async () => {
    const { id } = await tenant.subscription(101);
    const seats = Array.from({ length: 101 }, () => ({ email: newEmail() }));
    await tenant.call('POST', `${SEATS}/bulk`, { body: { subscription_id: id, seats } });
    const page = await events();
    expect(page.body.items).toHaveLength(100);
    expect(page.body.next_cursor).toEqual(expect.any(String));
    expect((await events('limit=1000')).body).toMatchObject({ next_cursor: null });
  });

  it.each([
    ['type=seat.lost', ['enum', 'query', 'type', 0]],
    ['seat_id=x', ['uuid_parsing', 'query', 'seat_id']],
    ['order=up', ['enum', 'query', 'order']],
    ['limit=0', ['greater_than_equal', 'query', 'limit']],
    ['limit=1001', ['less_than_equal', 'query', 'limit']],
    ['cursor=x', ['value_error', 'query', 'cursor']],
    // A cursor of the previous release.
    [`cursor=${cursorOf('1')}`, ['value_error', 'query', 'cursor']],
    [`cursor=${'A'.repeat(64)}`, ['value_error', 'query', 'cursor']],
  ])('%s is a 422', async (query, expected) => {
    expect(problems(await events(query))).toEqual([expected]);
  });

  it('has cursors that hide the numbers of the events, and are valid for their organization only', async () => {
    await newSeat(tenant);
    await newSeat(tenant);
    const { next_cursor } = (await events('limit=1')).body;
    const [first] = await api.database.sql(
      'SELECT sequence FROM event_stream WHERE organization_id = $1 ORDER BY sequence LIMIT 1',
      [tenant.id],
    );
    const text = Buffer.from(next_cursor, 'base64url').toString('latin1');
    expect(text).not.toContain(String(first?.['sequence']));
    expect(next_cursor).toMatch(/^[\w-]+$/);
    const other = await events(`cursor=${next_cursor}`, await api.tenant());
    expect(problems(other)).toEqual([['value_error', 'query', 'cursor']]);
  });

  it("does not show another tenant's events", async () => {
    const other = await api.tenant();
    const seat = await newSeat(other);
    for (const query of ['', `seat_id=${seat.id}`, `subscription_id=${seat.subscription_id}`]) {
      expect(await itemsOf(query)).toEqual([]);
    }
    const answer = await tenant.call('GET', `${SEATS}/${seat.id}/events`);
    expect(errorOf(answer)).toEqual([404, 'ResourceNotFound']);
  });

  it('requires its scope; the list of a seat requires the scope of seats', async () => {
    const seat = await newSeat(tenant);
    const seats = await tenant.tokenWith('customer_seats:read');
    expect((await tenant.call('GET', '/v1/events', { token: seats })).status).toBe(403);
    const path = `${SEATS}/${seat.id}/events`;
    expect((await tenant.call('GET', path, { token: seats })).status).toBe(200);
    const stream = await tenant.tokenWith('events:read');
    expect((await tenant.call('GET', path, { token: stream })).status).toBe(403);
  });

  it('of an unknown seat is a 404, and a 403 when seats are disabled', async () => {
    const seat = await newSeat(tenant);
    const of = (id: string) => tenant.call('GET', `${SEATS}/${id}/events`);
    expect(errorOf(await of(UNKNOWN_ID))).toEqual([404, 'ResourceNotFound']);
    await setOrganization(api, tenant, { seats_enabled: false });
    expect(errorOf(await of(seat.id))).toEqual([403, 'FeatureNotEnabled']);
    expect((await events()).status).toBe(200);
  });
});

describe('while another transaction is open', () => {
  let client: Client;

  beforeEach(async () => {
    client = await openTransaction();
  });
  afterEach(() => client.end());

  it('a committed event can be read immediately', async () => {
    const seat = await newSeat(tenant);
    expect(await itemsOf()).toMatchObject([{ seat_id: seat.id }]);
    expect(await itemsOf(`seat_id=${seat.id}`)).toHaveLength(1);
    expect(await itemsOf('order=desc&limit=1')).toHaveLength(1);
  });

  it('a client that follows the cursors misses none of its events', async () => {
    const before = await newSeat(tenant);
    // It begins earlier and commits later, so its older event becomes visible behind the cursor.
    const late = await openTransaction();
    await late.query(
      `INSERT INTO events (id, organization_id, created_at, type, actor_type, data, seat_id)
       SELECT gen_random_uuid(), organization_id, now(), type, actor_type, data, seat_id
       FROM events WHERE seat_id = $1`,
      [before.id],
    );
    await newSeat(tenant);
    await newSeat(tenant);
    const seen: string[] = [];
    const follow = async (cursor: string) => {
      const { body } = await events(`limit=1${cursor && `&cursor=${cursor}`}`);
      seen.push(...body.items.map((event: any) => event.id));
      return body.next_cursor;
    };
    let cursor = await follow('');
    expect(cursor).toEqual(expect.any(String));
    await late.query('COMMIT');
    await late.end();
    await client.query('COMMIT');
    while (cursor !== null) cursor = await follow(cursor);
    const all = (await itemsOf()).map(({ id }) => id);
    expect(all).toHaveLength(4);
    expect(seen).toEqual(all);
  });
});
