import { jest } from '@jest/globals';
import { startApp, type Tenant, type TestApp } from '../support/app.js';
import {
  anonymous,
  claim,
  claimed,
  errorOf,
  newSeat,
  UNKNOWN_ID,
  poolOf,
  problems,
  resend,
  revoke,
  SEATS,
  setOrganization,
  eventTypesOf,
  tokenOf,
  UUID_V1,
} from './fixtures.js';

const WEEK = 7 * 24 * 60 * 60;

let api: TestApp;
let tenant: Tenant;

beforeAll(async () => {
  api = await startApp();
});
beforeEach(async () => {
  tenant = await api.tenant();
});
afterEach(() => jest.restoreAllMocks());
afterAll(() => api?.close());

describe('POST /v1/customer-seats/{seat_id}/resend', () => {
  it('renews the invitation: the old link fails and the new one claims', async () => {
    const seat = await newSeat(tenant);
    const old = await tokenOf(api, seat.id);
    api.clock.advance(100);
    const answer = await resend(tenant, seat.id);
    expect(answer).toMatchObject({ status: 200, body: { id: seat.id, status: 'pending' } });
    expect(errorOf(await claim(api, old))).toEqual([400, 'InvalidInvitationToken']);
    expect((await claim(api, await tokenOf(api, seat.id))).status).toBe(200);
  });

  it('makes an invitation that lasts a week, and sets modified_at', async () => {
    const seat = await newSeat(tenant);
    api.clock.advance(100);
    const { body } = await resend(tenant, seat.id);
    const expires = Date.parse(body.invitation_token_expires_at);
    expect(expires - Date.parse(body.modified_at)).toBe(WEEK * 1000);
    expect(expires - Date.parse(seat.invitation_token_expires_at as string)).toBeGreaterThanOrEqual(
      100_000,
    );
    expect({ ...body, modified_at: null, invitation_token_expires_at: null }).toEqual({
      ...seat,
      modified_at: null,
      invitation_token_expires_at: null,
    });
  });

  it('writes an event that sends a mail', async () => {
    const seat = await newSeat(tenant);
    await resend(tenant, seat.id);
    const events = await api.database.sql(
      'SELECT type, invites FROM events WHERE seat_id = $1 ORDER BY position',
      [seat.id],
    );
    expect(events).toEqual([
      { type: 'customer_seat.assigned', invites: true },
      { type: 'customer_seat.invitation_resent', invites: true },
    ]);
  });

  describe('a second time', () => {
    it('is refused for 60 seconds after the first resend, not after the assign', async () => {
      const { id } = await newSeat(tenant);
      const start = api.clock.now().getTime();
      const now = jest.spyOn(api.clock, 'now');
      const after = (seconds: number) => {
        now.mockReturnValue(new Date(start + seconds * 1000));
        return resend(tenant, id);
      };
      expect((await after(0)).status).toBe(200);
      const early = await after(20);
      expect(errorOf(early)).toEqual([429, 'TooManyRequests']);
      expect(early.headers['retry-after']).toBe('40');
      expect((await after(59.999)).status).toBe(429);
      expect((await after(60)).status).toBe(200);
    });

    it('changes nothing when it is refused', async () => {
      const { id, subscription_id } = await newSeat(tenant);
      await resend(tenant, id);
      const token = await tokenOf(api, id);
      await resend(tenant, id);
      expect(await tokenOf(api, id)).toBe(token);
      expect(await eventTypesOf(api, subscription_id)).toHaveLength(2);
    });

    it('is allowed at once for another seat', async () => {
      const [one, two] = [await newSeat(tenant), await newSeat(tenant)];
      await resend(tenant, one.id);
      expect((await resend(tenant, two.id)).status).toBe(200);
    });

    it('is allowed at once when RESEND_INTERVAL is 0', async () => {
      const hasty = await startApp({ RESEND_INTERVAL: '0' });
      try {
        const other = await hasty.tenant();
        const { id } = await newSeat(other);
        const answers = [await resend(other, id), await resend(other, id)];
        expect(answers.map(({ status }) => status)).toEqual([200, 200]);
      } finally {
        await hasty.close();
      }
    });
  });

  it('renews an expired invitation, whose seat is still taken', async () => {
    const seat = await newSeat(tenant);
    const old = await tokenOf(api, seat.id);
    api.clock.advance(WEEK + 1);
    expect(errorOf(await claim(api, old))).toEqual([400, 'InvalidInvitationToken']);
    expect(await poolOf(api, seat.subscription_id)).toMatchObject({ taken: 1, held: 1 });
    expect((await resend(tenant, seat.id)).status).toBe(200);
    expect((await claim(api, await tokenOf(api, seat.id))).status).toBe(200);
  });

  it('answers SeatNotPending for a claimed or revoked seat', async () => {
    const taken = await newSeat(tenant, { immediate_claim: true });
    const gone = await newSeat(tenant);
    await revoke(tenant, gone.id);
    const mailed = await newSeat(tenant);
    await claimed(api, mailed);
    for (const { id } of [taken, gone, mailed]) {
      expect(errorOf(await resend(tenant, id))).toEqual([400, 'SeatNotPending']);
    }
  });

  it('answers SeatNotPending for a claimed seat even right after a resend', async () => {
    const seat = await newSeat(tenant);
    await resend(tenant, seat.id);
    await claimed(api, seat);
    expect(errorOf(await resend(tenant, seat.id))).toEqual([400, 'SeatNotPending']);
  });

  it('answers the same 404 for an unknown seat and for a seat of another tenant', async () => {
    const foreign = await newSeat(await api.tenant());
    const answer = await resend(tenant, foreign.id);
    expect(errorOf(answer)).toEqual([404, 'ResourceNotFound']);
    expect(anonymous(await resend(tenant, UNKNOWN_ID))).toEqual(anonymous(answer, foreign.id));
  });

  it.each([
    ['x', 'uuid_parsing'],
    [UUID_V1, 'uuid_version'],
  ])('answers 422 for the id %s', async (id, type) => {
    expect(problems(await resend(tenant, id))).toEqual([[type, 'path', 'seat_id']]);
  });

  it('accepts an empty body with a JSON content type, and ignores any body', async () => {
    const [one, two] = [await newSeat(tenant), await newSeat(tenant)];
    const headers = { 'content-type': 'application/json' };
    const empty = await tenant.call('POST', `${SEATS}/${one.id}/resend`, { headers });
    const full = await tenant.call('POST', `${SEATS}/${two.id}/resend`, { body: { a: 1 } });
    expect([empty.status, full.status]).toEqual([200, 200]);
  });

  it('answers 403 when seats are switched off, and 404 for an unknown seat', async () => {
    const seat = await newSeat(tenant);
    await setOrganization(api, tenant, { seats_enabled: false });
    expect(errorOf(await resend(tenant, seat.id))).toEqual([403, 'FeatureNotEnabled']);
    expect(errorOf(await resend(tenant, UNKNOWN_ID))).toEqual([404, 'ResourceNotFound']);
  });
});
