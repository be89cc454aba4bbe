import {
  assign,
  errorOf,
  newEmail,
  newSeat,
  NOBODY,
  problems,
  revoke,
  SEATS,
  setOrganization,
  toldOf,
} from '../seats/fixtures.js';
import { startApp, type Tenant, type TestApp } from '../support/app.js';

let api: TestApp;
let tenant: Tenant;

beforeAll(async () => {
  api = await startApp();
});
beforeEach(async () => {
  tenant = await api.tenant();
});
afterAll(() => api?.close());

const get = (id: string) => tenant.call('GET', `${SEATS}/${id}`);
const patch = (id: string, body: unknown) => tenant.call('PATCH', `${SEATS}/${id}`, { body });

test('a seat can be read by itself', async () => {
  const { id } = await tenant.order(1);
  const seat = await assign(tenant, { order_id: id, email: newEmail() });
  expect(await get(seat.id)).toMatchObject({ status: 200, body: seat });
});

test('metadata is replaced, dated and told', async () => {
  const seat = await newSeat(tenant, { metadata: { a: 1, b: 2 } });
  const { body } = await patch(seat.id, { metadata: { c: [3] } });
  expect(body).toEqual({ ...seat, seat_metadata: { c: [3] }, modified_at: expect.any(String) });
  expect((await get(seat.id)).body).toEqual(body);
  expect(await toldOf(api, seat.subscription_id)).toEqual([
    'customer_seat.assigned',
    'customer_seat.updated',
  ]);
});

test.each([
  ['the same metadata', { metadata: { a: 1 } }],
  ['no metadata', {}],
])('%s changes nothing and tells nobody', async (_, body) => {
  const seat = await newSeat(tenant, { metadata: { a: 1 } });
  expect((await patch(seat.id, body)).body).toEqual(seat);
  expect(await toldOf(api, seat.subscription_id)).toEqual(['customer_seat.assigned']);
});

test('null empties it', async () => {
  const seat = await newSeat(tenant, { metadata: { a: 1 } });
  expect((await patch(seat.id, { metadata: null })).body.seat_metadata).toEqual({});
});

test('a revoked seat may get other metadata, and stays revoked', async () => {
  const seat = await newSeat(tenant);
  await revoke(tenant, seat.id);
  const { body } = await patch(seat.id, { metadata: { left: true } });
  expect(body).toMatchObject({ status: 'revoked', email: null, seat_metadata: { left: true } });
});

test.each([
  [{ metadata: { k: 'a'.repeat(1016) } }, ['value_error', 'body', 'metadata']],
  [
    { metadata: Object.fromEntries(Array.from({ length: 11 }, (_, n) => [n, n])) },
    ['value_error', 'body', 'metadata'],
  ],
  [{ metadata: [] }, ['dict_type', 'body', 'metadata']],
  [{ metadta: {} }, ['extra_forbidden', 'body', 'metadta']],
  [{ status: 'claimed' }, ['extra_forbidden', 'body', 'status']],
])('%#: what does not fit is a 422', async (body, expected) => {
  const seat = await newSeat(tenant);
  expect(problems(await patch(seat.id, body))).toEqual([expected]);
});

test('metadata may have 1,024 characters', async () => {
  const seat = await newSeat(tenant);
  expect((await patch(seat.id, { metadata: { k: 'a'.repeat(1015) } })).status).toBe(200);
});

test.each([get, (id: string) => patch(id, {})])(
  'unknown and foreign seats are a 404, switched-off ones a 403 (%#)',
  async (call) => {
    const foreign = await newSeat(await api.tenant());
    const own = await newSeat(tenant);
    expect(errorOf(await call(NOBODY))).toEqual([404, 'ResourceNotFound']);
    expect(errorOf(await call(foreign.id))).toEqual([404, 'ResourceNotFound']);
    expect(problems(await call('x'))).toEqual([['uuid_parsing', 'path', 'seat_id']]);
    await setOrganization(api, tenant, { seats_enabled: false });
    expect(errorOf(await call(own.id))).toEqual([403, 'FeatureNotEnabled']);
  },
);

test('write does not imply read', async () => {
  const seat = await newSeat(tenant);
  const token = await tenant.tokenWith('customer_seats:write');
  const answer = await tenant.call('GET', `${SEATS}/${seat.id}`, { token });
  expect(errorOf(answer)).toEqual([403, 'insufficient_scope']);
});
