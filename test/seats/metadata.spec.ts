import {
  assign,
  errorOf,
  newEmail,
  newSeat,
  UNKNOWN_ID,
  problems,
  revoke,
  SEATS,
  setOrganization,
  eventTypesOf,
} from './fixtures.js';
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

describe('GET /v1/customer-seats/{seat_id}', () => {
  it('shows the seat as its assign answered it', async () => {
    const { id } = await tenant.order(1);
    const seat = await assign(tenant, { order_id: id, email: newEmail() });
    expect(await get(seat.id)).toMatchObject({ status: 200, body: seat });
  });

  it('is refused to a token that has only the scope customer_seats:write', async () => {
    const seat = await newSeat(tenant);
    const token = await tenant.tokenWith('customer_seats:write');
    const answer = await tenant.call('GET', `${SEATS}/${seat.id}`, { token });
    expect(errorOf(answer)).toEqual([403, 'insufficient_scope']);
  });
});

describe('PATCH /v1/customer-seats/{seat_id}', () => {
  it('replaces the metadata, sets modified_at and writes an event', async () => {
    const seat = await newSeat(tenant, { metadata: { a: 1, b: 2 } });
    const { body } = await patch(seat.id, { metadata: { c: [3] } });
    expect(body).toEqual({ ...seat, seat_metadata: { c: [3] }, modified_at: expect.any(String) });
    expect((await get(seat.id)).body).toEqual(body);
    expect(await eventTypesOf(api, seat.subscription_id)).toEqual([
      'customer_seat.assigned',
      'customer_seat.updated',
    ]);
  });

  it.each([
    ['the same metadata', { metadata: { a: 1 } }],
    ['no metadata', {}],
  ])('changes nothing and writes no event with %s', async (_, body) => {
    const seat = await newSeat(tenant, { metadata: { a: 1 } });
    expect((await patch(seat.id, body)).body).toEqual(seat);
    expect(await eventTypesOf(api, seat.subscription_id)).toEqual(['customer_seat.assigned']);
  });

  it('empties the metadata with null', async () => {
    const seat = await newSeat(tenant, { metadata: { a: 1 } });
    expect((await patch(seat.id, { metadata: null })).body.seat_metadata).toEqual({});
  });

  it('is refused for a revoked seat', async () => {
    const seat = await newSeat(tenant);
    await revoke(tenant, seat.id);
    const answer = await patch(seat.id, { metadata: { left: true } });
    expect([answer.status, answer.body.error]).toEqual([400, 'SeatAlreadyRevoked']);
    const { body } = await tenant.call('GET', `/v1/customer-seats/${seat.id}`);
    expect(body).toMatchObject({ status: 'revoked', seat_metadata: seat.seat_metadata });
  });

  it.each([
    [
      'metadata of 1,025 characters',
      { metadata: { k: 'a'.repeat(1016) } },
      ['value_error', 'body', 'metadata'],
    ],
    [
      'metadata of 11 keys',
      { metadata: Object.fromEntries(Array.from({ length: 11 }, (_, n) => [n, n])) },
      ['value_error', 'body', 'metadata'],
    ],
    ['a list as metadata', { metadata: [] }, ['dict_type', 'body', 'metadata']],
    ['an unknown key', { metadta: {} }, ['extra_forbidden', 'body', 'metadta']],
    ['a key that is read-only', { status: 'claimed' }, ['extra_forbidden', 'body', 'status']],
  ])('answers 422 for %s', async (_, body, expected) => {
    const seat = await newSeat(tenant);
    expect(problems(await patch(seat.id, body))).toEqual([expected]);
  });

  it('accepts metadata of 1,024 characters', async () => {
    const seat = await newSeat(tenant);
    expect((await patch(seat.id, { metadata: { k: 'a'.repeat(1015) } })).status).toBe(200);
  });
});

describe('/v1/customer-seats/{seat_id}', () => {
  it.each([
    ['GET', get],
    ['PATCH', (id: string) => patch(id, {})],
  ] as const)(
    'answers %s with 404 for unknown and foreign seats, and 403 when seats are switched off',
    async (_, call) => {
      const foreign = await newSeat(await api.tenant());
      const own = await newSeat(tenant);
      expect(errorOf(await call(UNKNOWN_ID))).toEqual([404, 'ResourceNotFound']);
      expect(errorOf(await call(foreign.id))).toEqual([404, 'ResourceNotFound']);
      expect(problems(await call('x'))).toEqual([['uuid_parsing', 'path', 'seat_id']]);
      await setOrganization(api, tenant, { seats_enabled: false });
      expect(errorOf(await call(own.id))).toEqual([403, 'FeatureNotEnabled']);
    },
  );
});
