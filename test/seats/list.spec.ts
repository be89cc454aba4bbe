import type { Tenant, TestApp } from '../support/app.js';
import { startApp } from '../support/app.js';
import {
  assign,
  claimed,
  errorOf,
  newEmail,
  NOBODY,
  problems,
  revoke,
  SEAT_KEYS,
  SEATS,
  setOrganization,
  UUID_V1,
} from './fixtures.js';

let api: TestApp;
let tenant: Tenant;
let subscription: any;

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

test('an empty container is all available', async () => {
  const answer = await ofSubscription();
  expect(answer).toMatchObject({ status: 200 });
  expect(answer.body).toEqual({ seats: [], available_seats: 3, total_seats: 3 });
});

test('every seat is shown as its assign answered, the oldest first', async () => {
  const seats = [];
  for (let count = 0; count < 3; count += 1) {
    seats.push(await give());
    api.clock.advance(1); // Seats of the same millisecond would be in another order.
  }
  const { body } = await ofSubscription();
  expect(body).toEqual({ seats, available_seats: 0, total_seats: 3 });
  expect(Object.keys(body.seats[0]).sort()).toEqual([...SEAT_KEYS].sort());
});

test('seats of the same moment are in the order of their ids', async () => {
  const { id } = await tenant.subscription(6);
  for (let count = 0; count < 6; count += 1) {
    await assign(tenant, { subscription_id: id, email: newEmail() });
  }
  await api.database.sql(`UPDATE seats SET created_at = '2026-01-01' WHERE organization_id = $1`, [
    tenant.id,
  ]);
  // Known to be small, the table is read whole: no index brings the order along.
  await api.database.sql('ANALYZE seats');
  const { seats } = (await list(`subscription_id=${id}`)).body;
  const ids = seats.map((seat: any) => seat.id);
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

test('revoked seats are there and do not count', async () => {
  const gone = await give();
  api.clock.advance(1);
  const stays = await give();
  await revoke(tenant, gone.id);
  const { body } = await ofSubscription();
  expect(body.seats.map((seat: any) => [seat.id, seat.status])).toEqual([
    [gone.id, 'revoked'],
    [stays.id, 'pending'],
  ]);
  expect(body.available_seats).toBe(2);
});

test('claimed seats count', async () => {
  await claimed(api, await give());
  const { body } = await ofSubscription();
  expect(body.available_seats).toBe(2);
  expect(body.seats[0].status).toBe('claimed');
});

test('fewer seats than are assigned are 0 available, never below', async () => {
  await Promise.all([give(), give()]);
  const shrink = 'UPDATE pools SET capacity = 1 WHERE subscription_id = $1';
  await api.database.sql(shrink, [subscription.id]);
  expect((await ofSubscription()).body).toMatchObject({ available_seats: 0, total_seats: 1 });
});

test('an order lists its own seats', async () => {
  const order = await tenant.order(2);
  const seat = await assign(tenant, { order_id: order.id, email: newEmail() });
  await give();
  const { body } = await list(`order_id=${order.id}`);
  expect(body).toEqual({ seats: [seat], available_seats: 1, total_seats: 2 });
});

test('of two ids the subscription counts', async () => {
  const order = await tenant.order(7);
  const { body } = await list(`order_id=${order.id}&subscription_id=${subscription.id}`);
  expect(body.total_seats).toBe(3);
});

test('a container that gives no seats any more can be read', async () => {
  await tenant.call('DELETE', `/v1/subscriptions/${subscription.id}`);
  expect((await ofSubscription()).status).toBe(200);
});

test.each(['', 'x=1', 'subscription='])('?%s names no container', async (query) => {
  expect(errorOf(await list(query))).toEqual([400, 'BadRequest']);
});

test.each([
  ['subscription_id=', 'uuid_parsing'],
  ['subscription_id=x', 'uuid_parsing'],
  [`subscription_id=${NOBODY}&subscription_id=${NOBODY}`, 'uuid_parsing'],
  [`subscription_id=${UUID_V1}`, 'uuid_version'],
  ['subscription_id=00000000-0000-0000-0000-000000000000', 'uuid_version'],
  ['subscription_id=%00', 'value_error'],
])('?%s is a 422', async (query, type) => {
  expect(problems(await list(query))).toEqual([[type, 'query', 'subscription_id']]);
});

test.each([
  ['hyphens', (id: string) => id.replaceAll('-', '')],
  ['lower case', (id: string) => id.toUpperCase()],
])('an id without %s is understood', async (_, form) => {
  expect((await list(`subscription_id=${form(subscription.id)}`)).status).toBe(200);
});

test('an unknown container is a 404, and comes before the feature', async () => {
  await setOrganization(api, tenant, { seats_enabled: false });
  expect(errorOf(await list(`subscription_id=${NOBODY}`))).toEqual([404, 'ResourceNotFound']);
  expect(errorOf(await ofSubscription())).toEqual([403, 'FeatureNotEnabled']);
});
