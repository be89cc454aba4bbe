import type { Tenant, TestApp } from '../support/app.js';
import { startApp } from '../support/app.js';
import {
  assign,
  claim,
  claimed,
  errorOf,
  newEmail,
  newSeat,
  NOBODY,
  poolOf,
  problems,
  revoke,
  SEAT_KEYS,
  setOrganization,
  toldOf,
  tokenOf,
  tryAssign,
  UUID_V1,
} from './fixtures.js';

let api: TestApp;
let tenant: Tenant;

beforeAll(async () => {
  api = await startApp();
});
beforeEach(async () => {
  tenant = await api.tenant();
});
afterAll(() => api?.close());

describe.each(['pending', 'claimed'])('a %s seat that is revoked', (status) => {
  let seat: any;
  let answer: any;

  beforeEach(async () => {
    seat = await newSeat(tenant, { metadata: { a: 1 }, immediate_claim: status === 'claimed' });
    answer = await revoke(tenant, seat.id);
  });

  test('names nobody and keeps its metadata', () => {
    expect(answer.status).toBe(200);
    expect(Object.keys(answer.body).sort()).toEqual([...SEAT_KEYS].sort());
    expect(answer.body).toMatchObject({
      id: seat.id,
      status: 'revoked',
      subscription_id: seat.subscription_id,
      customer_id: null,
      member_id: null,
      member: null,
      email: null,
      customer_email: null,
      invitation_token_expires_at: null,
      claimed_at: seat.claimed_at,
      revoked_at: expect.any(String),
      modified_at: expect.any(String),
      seat_metadata: { a: 1 },
    });
  });

  test('gives its place to the next one', async () => {
    expect(await poolOf(api, seat.subscription_id)).toMatchObject({ taken: 0, held: 0 });
    await assign(tenant, { subscription_id: seat.subscription_id, email: seat.email });
  });

  test('is answered the same a second time, and nobody is told again', async () => {
    api.clock.advance(5);
    const again = await revoke(tenant, seat.id);
    expect([again.status, again.body]).toEqual([200, answer.body]);
    expect((await toldOf(api, seat.subscription_id)).slice(1)).toEqual(['customer_seat.revoked']);
  });

  test('is told of with the person that it had, the reason and who did it', async () => {
    const [event] = await api.database.sql(
      `SELECT * FROM events WHERE type = 'customer_seat.revoked' AND seat_id = $1`,
      [seat.id],
    );
    expect(event).toMatchObject({
      reason: 'requested',
      actor_type: 'token',
      data: { status: 'revoked', email: seat.email, member_id: seat.member_id },
    });
  });
});

test('the invitation of a revoked seat is dead', async () => {
  const seat = await newSeat(tenant);
  const token = await tokenOf(api, seat.id);
  await revoke(tenant, seat.id);
  expect(errorOf(await claim(api, token))).toEqual([400, 'InvalidInvitationToken']);
});

test('the only seat of a full pool can be given again', async () => {
  const { id } = await tenant.subscription(1);
  const seat = await assign(tenant, { subscription_id: id, email: newEmail() });
  expect((await tryAssign(tenant, { subscription_id: id, email: newEmail() })).status).toBe(400);
  await revoke(tenant, seat.id);
  expect((await tryAssign(tenant, { subscription_id: id, email: newEmail() })).status).toBe(200);
});

test('a seat of an order can be revoked', async () => {
  const order = await tenant.order(1);
  const seat = await assign(tenant, { order_id: order.id, email: newEmail() });
  expect((await revoke(tenant, seat.id)).body).toMatchObject({ order_id: order.id });
});

test('a claimed seat shows when it was claimed', async () => {
  const { seat } = await claimed(api, await newSeat(tenant));
  expect((await revoke(tenant, seat.id)).body.claimed_at).toBe(seat.claimed_at);
});

test('unknown seats and those of other tenants are alike', async () => {
  const foreign = await newSeat(await api.tenant());
  const answer = await revoke(tenant, foreign.id);
  expect(errorOf(answer)).toEqual([404, 'ResourceNotFound']);
  expect((await revoke(tenant, NOBODY)).body).toEqual(answer.body);
});

test.each([
  ['x', 'uuid_parsing'],
  [UUID_V1, 'uuid_version'],
  ['%00', 'value_error'],
  ['%F0%9F%98%80', 'uuid_parsing'],
])('the id %s is a 422', async (id, type) => {
  expect(problems(await revoke(tenant, id))).toEqual([[type, 'path', 'seat_id']]);
});

test('an id without hyphens is understood', async () => {
  const seat = await newSeat(tenant);
  expect((await revoke(tenant, seat.id.replaceAll('-', ''))).body.id).toBe(seat.id);
});

test('with seats switched off nothing is revoked', async () => {
  const seat = await newSeat(tenant);
  await setOrganization(api, tenant, { seats_enabled: false });
  expect(errorOf(await revoke(tenant, seat.id))).toEqual([403, 'FeatureNotEnabled']);
  expect(errorOf(await revoke(tenant, NOBODY))).toEqual([404, 'ResourceNotFound']);
});
