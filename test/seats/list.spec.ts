import type { CustomerSeatDto } from '../../src/seats/seats.dto.js';
import { startApp, type Tenant, type TestApp } from '../support/app.js';
import {
  assign,
  claimed,
  errorOf,
  newEmail,
  UNKNOWN_ID,
  problems,
  revoke,
  SEAT_KEYS,
  SEATS,
  setOrganization,
  UUID_V1,
} from './fixtures.js';

let api: TestApp;
let tenant: Tenant;
let subscription: { id: string };

beforeAll(async () => {
  api = await startApp();
});
beforeEach(async () => {
  tenant = await api.tenant();
  subscription = await tenant.subscription(3);
});
afterAll(() => api?.close());

const list = (query: string) => tenant.call('GET', `${SEATS}?${query}`);
const ofSubscription = () => list(`subscription_id=${subscription.id}`);
const give = () => assign(tenant, { subscription_id: subscription.id, email: newEmail() });

describe('GET /v1/customer-seats', () => {
  it('shows all seats of an empty container as available', async () => {
    const answer = await ofSubscription();
    expect(answer).toMatchObject({ status: 200 });
    expect(answer.body).toEqual({ seats: [], available_seats: 3, total_seats: 3 });
  });

  it('shows every seat as its assign answered it, oldest first', async () => {
    const seats = [];
    for (let count = 0; count < 3; count += 1) {
      seats.push(await give());
      api.clock.advance(1); // Seats of the same millisecond are ordered by id.
    }
    const { body } = await ofSubscription();
    expect(body).toEqual({ seats, available_seats: 0, total_seats: 3 });
    expect(Object.keys(body.seats[0]).sort()).toEqual([...SEAT_KEYS].sort());
  });

  it('orders seats of the same moment by id', async () => {
    const { id } = await tenant.subscription(6);
    for (let count = 0; count < 6; count += 1) {
      await assign(tenant, { subscription_id: id, email: newEmail() });
    }
    await api.database.sql(
      `UPDATE seats SET created_at = '2026-01-01' WHERE organization_id = $1`,
      [tenant.id],
    );
    // PostgreSQL scans a table that it knows to be small, so the order does not come from an index.
    await api.database.sql('ANALYZE seats');
    const { seats } = (await list(`subscription_id=${id}`)).body;
    const ids = seats.map(({ id }: CustomerSeatDto) => id);
    expect(ids).toEqual([...ids].sort());
    const paged = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const from: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const { body } = await list(`subscription_id=${id}&limit=1${from}`);
      paged.push(...body.seats);
      cursor = body.next_cursor;
    }
    expect(paged).toEqual(seats);
  });

  it('shows revoked seats and counts them as available', async () => {
    const gone = await give();
    api.clock.advance(1);
    const stays = await give();
    await revoke(tenant, gone.id);
    const { body } = await ofSubscription();
    expect(body.seats.map(({ id, status }: CustomerSeatDto) => [id, status])).toEqual([
      [gone.id, 'revoked'],
      [stays.id, 'pending'],
    ]);
    expect(body.available_seats).toBe(2);
  });

  it('counts claimed seats as taken', async () => {
    await claimed(api, await give());
    const { body } = await ofSubscription();
    expect(body.available_seats).toBe(2);
    expect(body.seats[0].status).toBe('claimed');
  });

  it('never shows fewer than 0 available seats', async () => {
    await Promise.all([give(), give()]);
    const shrink = 'UPDATE pools SET capacity = 1 WHERE subscription_id = $1';
    await api.database.sql(shrink, [subscription.id]);
    expect((await ofSubscription()).body).toMatchObject({ available_seats: 0, total_seats: 1 });
  });

  it('lists only the seats of the order', async () => {
    const order = await tenant.order(2);
    const seat = await assign(tenant, { order_id: order.id, email: newEmail() });
    await give();
    const { body } = await list(`order_id=${order.id}`);
    expect(body).toEqual({ seats: [seat], available_seats: 1, total_seats: 2 });
  });

  it('lists the subscription when an order is named as well', async () => {
    const order = await tenant.order(7);
    const { body } = await list(`order_id=${order.id}&subscription_id=${subscription.id}`);
    expect(body.total_seats).toBe(3);
  });

  it('lists the seats of a canceled subscription', async () => {
    await tenant.call('DELETE', `/v1/subscriptions/${subscription.id}`);
    expect((await ofSubscription()).status).toBe(200);
  });

  it.each(['', 'limit=5'])('answers 400 when the query names no container: ?%s', async (query) => {
    expect(errorOf(await list(query))).toEqual([400, 'BadRequest']);
  });

  it.each([
    ['subscription_id=', 'uuid_parsing'],
    ['subscription_id=x', 'uuid_parsing'],
    [`subscription_id=${UNKNOWN_ID}&subscription_id=${UNKNOWN_ID}`, 'uuid_parsing'],
    [`subscription_id=${UUID_V1}`, 'uuid_version'],
    ['subscription_id=00000000-0000-0000-0000-000000000000', 'uuid_version'],
    ['subscription_id=%00', 'value_error'],
  ])('answers 422 for ?%s', async (query, type) => {
    expect(problems(await list(query))).toEqual([[type, 'query', 'subscription_id']]);
  });

  it.each([
    ['without hyphens', (id: string) => id.replaceAll('-', '')],
    ['in upper case', (id: string) => id.toUpperCase()],
  ])('accepts an id %s', async (_, form) => {
    expect((await list(`subscription_id=${form(subscription.id)}`)).status).toBe(200);
  });

  it('answers 404 for an unknown container even when seats are switched off', async () => {
    await setOrganization(api, tenant, { seats_enabled: false });
    expect(errorOf(await list(`subscription_id=${UNKNOWN_ID}`))).toEqual([404, 'ResourceNotFound']);
    expect(errorOf(await ofSubscription())).toEqual([403, 'FeatureNotEnabled']);
  });
});
