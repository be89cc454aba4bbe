import { jest } from '@jest/globals';
import type { Tenant, TestApp } from '../support/app.js';
import { startApp } from '../support/app.js';
import {
  claim,
  claimed,
  errorOf,
  newSeat,
  NOBODY,
  poolOf,
  problems,
  resend,
  revoke,
  SEATS,
  setOrganization,
  toldOf,
  tokenOf,
  UUID_V1,
} from './fixtures.js';

const DAY = 24 * 60 * 60;

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

test('a resend renews the invitation: the old link is dead, the new one claims', async () => {
  const seat = await newSeat(tenant);
  const old = await tokenOf(api, seat.id);
  api.clock.advance(100);
  const answer = await resend(tenant, seat.id);
  expect(answer).toMatchObject({ status: 200, body: { id: seat.id, status: 'pending' } });
  expect(errorOf(await claim(api, old))).toEqual([400, 'InvalidInvitationToken']);
  expect((await claim(api, await tokenOf(api, seat.id))).status).toBe(200);
});

test('the new invitation lasts a day from the resend, and the change is dated', async () => {
  const seat = await newSeat(tenant);
  api.clock.advance(100);
  const { body } = await resend(tenant, seat.id);
  const expires = Date.parse(body.invitation_token_expires_at);
  expect(expires - Date.parse(body.modified_at)).toBe(DAY * 1000);
  expect(expires - Date.parse(seat.invitation_token_expires_at)).toBeGreaterThanOrEqual(100_000);
  expect({ ...body, modified_at: null, invitation_token_expires_at: null }).toEqual({
    ...seat,
    modified_at: null,
    invitation_token_expires_at: null,
  });
});

test('a resend is told of, and asks for a mail', async () => {
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

describe('between two resends', () => {
  test('there are 60 seconds, and the mail of the assign does not count', async () => {
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

  test('the one that is refused changes nothing', async () => {
    const { id, subscription_id } = await newSeat(tenant);
    await resend(tenant, id);
    const token = await tokenOf(api, id);
    await resend(tenant, id);
    expect(await tokenOf(api, id)).toBe(token);
    expect(await toldOf(api, subscription_id)).toHaveLength(2);
  });

  test('each seat has its own time', async () => {
    const [one, two] = [await newSeat(tenant), await newSeat(tenant)];
    await resend(tenant, one.id);
    expect((await resend(tenant, two.id)).status).toBe(200);
  });

  test('a setting of 0 asks for no time', async () => {
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

test('an expired invitation comes alive again, in its place', async () => {
  const seat = await newSeat(tenant);
  const old = await tokenOf(api, seat.id);
  api.clock.advance(DAY + 1);
  expect(errorOf(await claim(api, old))).toEqual([400, 'InvalidInvitationToken']);
  expect(await poolOf(api, seat.subscription_id)).toMatchObject({ taken: 1, held: 1 });
  expect((await resend(tenant, seat.id)).status).toBe(200);
  expect((await claim(api, await tokenOf(api, seat.id))).status).toBe(200);
});

test('a claimed or revoked seat is not pending', async () => {
  const taken = await newSeat(tenant, { immediate_claim: true });
  const gone = await newSeat(tenant);
  await revoke(tenant, gone.id);
  const mailed = await newSeat(tenant);
  await claimed(api, mailed);
  for (const { id } of [taken, gone, mailed]) {
    expect(errorOf(await resend(tenant, id))).toEqual([400, 'SeatNotPending']);
  }
});

test('a claimed seat is not pending even right after a resend', async () => {
  const seat = await newSeat(tenant);
  await resend(tenant, seat.id);
  await claimed(api, seat);
  expect(errorOf(await resend(tenant, seat.id))).toEqual([400, 'SeatNotPending']);
});

test('unknown seats and those of other tenants are alike', async () => {
  const foreign = await newSeat(await api.tenant());
  const answer = await resend(tenant, foreign.id);
  expect(errorOf(answer)).toEqual([404, 'ResourceNotFound']);
  expect((await resend(tenant, NOBODY)).body).toEqual(answer.body);
});

test.each([
  ['x', 'uuid_parsing'],
  [UUID_V1, 'uuid_version'],
])('the id %s is a 422', async (id, type) => {
  expect(problems(await resend(tenant, id))).toEqual([[type, 'path', 'seat_id']]);
});

test('an empty body with a JSON type is no error, and a body is not looked at', async () => {
  const [one, two] = [await newSeat(tenant), await newSeat(tenant)];
  const headers = { 'content-type': 'application/json' };
  const empty = await tenant.call('POST', `${SEATS}/${one.id}/resend`, { headers });
  const full = await tenant.call('POST', `${SEATS}/${two.id}/resend`, { body: { a: 1 } });
  expect([empty.status, full.status]).toEqual([200, 200]);
});

test('with seats switched off nothing is sent', async () => {
  const seat = await newSeat(tenant);
  await setOrganization(api, tenant, { seats_enabled: false });
  expect(errorOf(await resend(tenant, seat.id))).toEqual([403, 'FeatureNotEnabled']);
  expect(errorOf(await resend(tenant, NOBODY))).toEqual([404, 'ResourceNotFound']);
});
