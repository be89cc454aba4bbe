import { type Answer, startApp, type Tenant, type TestApp } from '../../support/app.js';
import {
  anonymous,
  assign,
  claim,
  claimed,
  errorOf,
  newEmail,
  newSeat,
  UNKNOWN_ID,
  poolOf,
  problems,
  revoke,
  SEAT_KEYS,
  setOrganization,
  type SubscriptionSeat,
  eventTypesOf,
  tokenOf,
  tryAssign,
  UUID_V1,
} from '../fixtures.js';

let api: TestApp;
let tenant: Tenant;

beforeAll(async () => {
  api = await startApp();
});
beforeEach(async () => {
  tenant = await api.tenant();
});
afterAll(() => api?.close());

describe.each(['pending', 'claimed'])(
  'DELETE /v1/customer-seats/{seat_id} of a %s seat',
  (status) => {
    let seat: SubscriptionSeat;
    let answer: Answer;

    beforeEach(async () => {
      seat = await newSeat(tenant, { metadata: { a: 1 }, immediate_claim: status === 'claimed' });
      answer = await revoke(tenant, seat.id);
    });

    it('removes the person and keeps the metadata', () => {
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

    it('frees the place for the next person', async () => {
      expect(await poolOf(api, seat.subscription_id)).toMatchObject({ taken: 0, held: 0 });
      await assign(tenant, { subscription_id: seat.subscription_id, email: seat.email });
    });

    it('answers the same a second time, and writes no second event', async () => {
      api.clock.advance(5);
      const again = await revoke(tenant, seat.id);
      expect([again.status, again.body]).toEqual([200, answer.body]);
      expect((await eventTypesOf(api, seat.subscription_id)).slice(1)).toEqual([
        'customer_seat.revoked',
      ]);
    });

    it('writes an event with the person, the reason and the actor', async () => {
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
  },
);

describe('DELETE /v1/customer-seats/{seat_id}', () => {
  it('ends the invitation', async () => {
    const seat = await newSeat(tenant);
    const token = await tokenOf(api, seat.id);
    await revoke(tenant, seat.id);
    expect(errorOf(await claim(api, token))).toEqual([400, 'InvalidInvitationToken']);
  });

  it('frees the only place of a full pool', async () => {
    const { id } = await tenant.subscription(1);
    const seat = await assign(tenant, { subscription_id: id, email: newEmail() });
    expect((await tryAssign(tenant, { subscription_id: id, email: newEmail() })).status).toBe(400);
    await revoke(tenant, seat.id);
    expect((await tryAssign(tenant, { subscription_id: id, email: newEmail() })).status).toBe(200);
  });

  it('revokes a seat of an order', async () => {
    const order = await tenant.order(1);
    const seat = await assign(tenant, { order_id: order.id, email: newEmail() });
    expect((await revoke(tenant, seat.id)).body).toMatchObject({ order_id: order.id });
  });

  it('keeps claimed_at', async () => {
    const { seat } = await claimed(api, await newSeat(tenant));
    expect((await revoke(tenant, seat.id)).body.claimed_at).toBe(seat.claimed_at);
  });

  it('answers the same 404 for an unknown seat and for a seat of another tenant', async () => {
    const foreign = await newSeat(await api.tenant());
    const answer = await revoke(tenant, foreign.id);
    expect(errorOf(answer)).toEqual([404, 'ResourceNotFound']);
    expect(anonymous(await revoke(tenant, UNKNOWN_ID))).toEqual(anonymous(answer, foreign.id));
  });

  it.each([
    ['x', 'uuid_parsing'],
    [UUID_V1, 'uuid_version'],
    ['%00', 'value_error'],
    ['%F0%9F%98%80', 'uuid_parsing'],
  ])('answers 422 for the id %s', async (id, type) => {
    expect(problems(await revoke(tenant, id))).toEqual([[type, 'path', 'seat_id']]);
  });

  it('accepts an id without hyphens', async () => {
    const seat = await newSeat(tenant);
    expect((await revoke(tenant, seat.id.replaceAll('-', ''))).body.id).toBe(seat.id);
  });

  it('answers 403 when seats are switched off, and 404 for an unknown seat', async () => {
    const seat = await newSeat(tenant);
    await setOrganization(api, tenant, { seats_enabled: false });
    expect(errorOf(await revoke(tenant, seat.id))).toEqual([403, 'FeatureNotEnabled']);
    expect(errorOf(await revoke(tenant, UNKNOWN_ID))).toEqual([404, 'ResourceNotFound']);
  });
});
