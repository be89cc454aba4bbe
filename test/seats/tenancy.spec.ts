import type { Tenant, TestApp } from '../support/app.js';
import { startApp } from '../support/app.js';
import { assign, errorOf, newEmail, newSeat, NOBODY, SEATS, tokenOf } from './fixtures.js';

let api: TestApp;
let owner: Tenant;
let stranger: Tenant;
let seat: any;

beforeAll(async () => {
  api = await startApp();
});
beforeEach(async () => {
  owner = await api.tenant();
  stranger = await api.tenant();
  seat = await newSeat(owner);
});
afterAll(() => api?.close());

const ROUTES: [name: string, method: string, path: (seat: any) => string][] = [
  ['list', 'GET', ({ subscription_id }) => `?subscription_id=${subscription_id}`],
  ['revoke', 'DELETE', ({ id }) => `/${id}`],
  ['resend', 'POST', ({ id }) => `/${id}/resend`],
];

test.each(ROUTES)('%s answers a stranger as if there were nothing', async (_, method, path) => {
  const foreign = await stranger.call(method, SEATS + path(seat));
  const unknown = await stranger.call(
    method,
    SEATS + path({ id: NOBODY, subscription_id: NOBODY }),
  );
  expect(errorOf(foreign)).toEqual([404, 'ResourceNotFound']);
  expect(foreign.body).toEqual(unknown.body);
});

test('what a stranger tries changes nothing', async () => {
  const url = `${SEATS}?subscription_id=${seat.subscription_id}`;
  const before = (await owner.call('GET', url)).body;
  for (const [, method, path] of ROUTES) await stranger.call(method, SEATS + path(seat));
  const body = { subscription_id: seat.subscription_id, email: newEmail() };
  await stranger.call('POST', SEATS, { body });
  expect((await owner.call('GET', url)).body).toEqual(before);
});

test('a stranger cannot name a member or a customer of somebody else', async () => {
  const { id } = await stranger.subscription(1);
  const give = (body: object) =>
    stranger.call('POST', SEATS, { body: { subscription_id: id, ...body } });
  expect(errorOf(await give({ member_id: seat.member_id }))).toEqual([404, 'MemberNotFound']);
  expect(errorOf(await give({ customer_id: seat.customer_id }))).toEqual([
    400,
    'InvalidSeatAssignmentRequest',
  ]);
});

test('the same external ids and e-mails may be used by every tenant', async () => {
  const people = { external_member_id: 'e-1', email: 'ada@example.com' };
  const seats = [];
  for (const tenant of [owner, stranger]) {
    const { id } = await tenant.subscription(1);
    seats.push(await assign(tenant, { subscription_id: id, ...people }));
  }
  expect(seats[0].member_id).not.toBe(seats[1].member_id);
});

test('the same ids may be used by every tenant, and each sees its own', async () => {
  const ids = { id: NOBODY };
  const mine = await owner.subscription(1, ids);
  const theirs = await stranger.subscription(2, ids);
  expect(mine.id).toBe(theirs.id);
  await assign(owner, { subscription_id: NOBODY, email: 'ada@example.com' });
  const url = `${SEATS}?subscription_id=${NOBODY}`;
  expect((await owner.call('GET', url)).body).toMatchObject({ total_seats: 1, available_seats: 0 });
  expect((await stranger.call('GET', url)).body).toEqual({
    seats: [],
    total_seats: 2,
    available_seats: 2,
  });
});

test('events belong to the tenant whose seat it is', async () => {
  await stranger.call('DELETE', `${SEATS}/${seat.id}`);
  const rows = await api.database.sql('SELECT organization_id FROM events WHERE seat_id = $1', [
    seat.id,
  ]);
  expect(rows).toEqual([{ organization_id: owner.id }]);
});

test('a claim needs no tenant: the token alone says whose seat it is', async () => {
  const token = await tokenOf(api, seat.id);
  const answer = await stranger.call('GET', `${SEATS}/claim/${token}`);
  expect(answer.body.organization_slug).toBe(owner.slug);
});
