import { jest } from '@jest/globals';
import { TokenAuthenticator } from '../../src/organizations/tokens.authenticator.js';
import { Keys } from '../../src/platform/crypto.js';
import { ClaimsRepository } from '../../src/seats/claims.repository.js';
import { hashesOf } from '../../src/invitations/invitation.js';
import { SessionAuthenticator } from '../../src/portal/sessions.authenticator.js';
import type { Tenant, TestApp } from '../support/app.js';
import { startApp } from '../support/app.js';
import {
  CLAIM,
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
  statusOf,
  toldOf,
  tokenOf,
  tryAssign,
  wholeDatabase,
} from './fixtures.js';

const DAY = 24 * 60 * 60;

let api: TestApp;
let tenant: Tenant;
let seat: any;
let token: string;

beforeAll(async () => {
  api = await startApp();
});
beforeEach(async () => {
  tenant = await api.tenant();
  seat = await newSeat(tenant, { metadata: { a: 1 } });
  token = await tokenOf(api, seat.id);
});
afterEach(() => jest.restoreAllMocks());
afterAll(() => api?.close());

const info = (invitation: string) => api.call('GET', `${CLAIM}/${invitation}`);
const sessionOf = (session: string) => api.app.get(SessionAuthenticator).authenticate(session);

describe('the token of an invitation', () => {
  test('is 43 or more URL-safe characters', () => {
    expect(token).toMatch(/^[A-Za-z0-9_-]{43,}$/);
  });

  test('is nowhere in the database, and neither is that of the session', async () => {
    const before = await wholeDatabase(api);
    const { customer_session_token } = await claimed(api, seat);
    const after = await wholeDatabase(api);
    expect(before).toContain(seat.id);
    for (const secret of [token, customer_session_token]) {
      expect(before + after).not.toContain(secret);
      expect(before + after).not.toContain(secret.slice(9, -6));
    }
  });
});

describe('the information on a claim', () => {
  test('says what is offered, to whom and by whom', async () => {
    const product = await api.database.sql(
      `SELECT r.id, r.name FROM products r JOIN pools p ON p.product_id = r.id
       WHERE p.subscription_id = $1`,
      [seat.subscription_id],
    );
    const answer = await info(token);
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      product_name: product[0]?.['name'],
      product_id: product[0]?.['id'],
      organization_name: `Tenant ${tenant.slug}`,
      organization_slug: tenant.slug,
      customer_email: seat.email,
      can_claim: true,
    });
  });

  test('changes nothing, whoever fetches it', async () => {
    const before = await wholeDatabase(api);
    const head = { method: 'HEAD', url: `${CLAIM}/${token}` } as const;
    await Promise.all([info(token), info(token), api.app.inject(head)]);
    expect(await wholeDatabase(api)).toBe(before);
    expect((await claim(api, token)).status).toBe(200);
  });

  test('does not mind a token, not even a bad one', async () => {
    const answer = await api.call('GET', `${CLAIM}/${token}`, { token: 'seat_oat_bad' });
    expect(answer.status).toBe(200);
  });

  test('says when the purchase does not let it be claimed right now', async () => {
    const url = `/v1/subscriptions/${seat.subscription_id}`;
    await tenant.call('PATCH', url, { body: { status: 'unpaid' } });
    expect((await info(token)).body.can_claim).toBe(false);
    expect(errorOf(await claim(api, token))).toEqual([400, 'SeatNotAvailable']);
    await tenant.call('PATCH', url, { body: { status: 'active' } });
    expect((await claim(api, token)).status).toBe(200);
  });

  test('is the same 404 for unknown, expired, used and revoked tokens', async () => {
    const [used, gone] = [await newSeat(tenant), await newSeat(tenant)];
    const tokens = [await tokenOf(api, used.id), await tokenOf(api, gone.id), 'unknown', token];
    await claimed(api, used);
    await revoke(tenant, gone.id);
    api.clock.advance(DAY + 1);
    const answers = await Promise.all(tokens.map(info));
    for (const answer of answers) {
      expect(errorOf(answer)).toEqual([404, 'ResourceNotFound']);
      expect(answer.body).toEqual(answers[0]?.body);
    }
  });

  test.each([
    ['%00', 'value_error'],
    ['a%00b', 'value_error'],
  ])('with the token %s is a 422 that does not echo it', async (text, type) => {
    const answer = await info(text);
    expect(problems(answer)).toEqual([[type, 'path', 'invitation_token']]);
    expect(answer.body.detail[0].input).toBeNull();
  });

  test.each([
    ['a space', '%20'],
    ['an umlaut', 'ü'],
    ['an emoji', '%F0%9F%98%80'],
    ['2,000 characters', 'a'.repeat(2000)],
  ])('with %s for a token is a 404', async (_, text) => {
    expect((await info(text)).status).toBe(404);
  });
});

describe('a claim', () => {
  test('makes the seat the person’s and opens a session', async () => {
    api.clock.advance(10);
    const { status, body } = await claim(api, token);
    expect(status).toBe(200);
    expect(Object.keys(body).sort()).toEqual(['customer_session_token', 'seat']);
    expect(Object.keys(body.seat).sort()).toEqual([...SEAT_KEYS].sort());
    expect(body.seat).toEqual({
      ...seat,
      status: 'claimed',
      claimed_at: expect.any(String),
      modified_at: body.seat.claimed_at,
      invitation_token_expires_at: null,
    });
    expect(Date.parse(body.seat.claimed_at)).toBeGreaterThan(Date.parse(seat.created_at));
  });

  test('works once', async () => {
    await claimed(api, seat);
    expect(errorOf(await claim(api, token))).toEqual([400, 'InvalidInvitationToken']);
  });

  test('does not change how many seats are taken, and is told of once, by the invitation', async () => {
    await claimed(api, seat);
    await claim(api, token);
    expect(await poolOf(api, seat.subscription_id)).toMatchObject({ taken: 1, held: 1 });
    expect((await toldOf(api, seat.subscription_id)).slice(1)).toEqual(['customer_seat.claimed']);
    const [event] = await api.database.sql(
      `SELECT actor_type, actor_id FROM events WHERE type = 'customer_seat.claimed' AND seat_id = $1`,
      [seat.id],
    );
    expect(event).toEqual({ actor_type: 'invitation', actor_id: seat.id });
  });

  test('is possible until the invitation expires', async () => {
    const expiry = Date.parse(seat.invitation_token_expires_at);
    const now = jest.spyOn(api.clock, 'now').mockReturnValue(new Date(expiry));
    expect(errorOf(await claim(api, token))).toEqual([400, 'InvalidInvitationToken']);
    now.mockReturnValue(new Date(expiry - 1));
    expect((await claim(api, token)).status).toBe(200);
  });

  test('is refused in one way for expired, used, revoked and unknown tokens', async () => {
    const [used, gone] = [await newSeat(tenant), await newSeat(tenant)];
    const tokens = [await tokenOf(api, used.id), await tokenOf(api, gone.id), 'x', '', token];
    await claimed(api, used);
    await revoke(tenant, gone.id);
    api.clock.advance(DAY + 1);
    const answers = await Promise.all(tokens.map((each) => claim(api, each)));
    for (const answer of answers) {
      expect(errorOf(answer)).toEqual([400, 'InvalidInvitationToken']);
      expect(answer.body).toEqual(answers[0]?.body);
    }
  });

  test.each([
    ['no token', undefined, 'missing'],
    ['null', null, 'missing'],
    ['a number', 5, 'string_type'],
    ['a list', ['a'], 'string_type'],
    ['a NUL', 'a\0', 'value_error'],
    ['3,000 characters', 'a'.repeat(3000), 'string_too_long'],
  ])('with %s is a 422 that does not echo it', async (_, text, type) => {
    const answer = await claim(api, text);
    expect(problems(answer)).toEqual([[type, 'body', 'invitation_token']]);
    expect(answer.body.detail[0].input).toBeNull();
  });

  test('with seats switched off is a 403, once the invitation was found', async () => {
    await setOrganization(api, tenant, { seats_enabled: false });
    expect(errorOf(await info(token))).toEqual([403, 'FeatureNotEnabled']);
    expect(errorOf(await claim(api, token))).toEqual([403, 'FeatureNotEnabled']);
    expect(errorOf(await info('x'))).toEqual([404, 'ResourceNotFound']);
    expect(errorOf(await claim(api, 'x'))).toEqual([400, 'InvalidInvitationToken']);
  });
});

describe('the statement of a claim judges for itself, whatever was seen before it', () => {
  const attempt = (tenantId: string, after = 0) => {
    const now = new Date(api.clock.now().getTime() + after * 1000);
    const session = { id: NOBODY, memberId: seat.member_id, tokenHash: token, expiresAt: now };
    const actor = { type: 'invitation' as const, id: seat.id };
    const caller = { organizationId: tenantId, actor, requestId: null };
    const hashes = hashesOf(api.app.get(Keys), token);
    return api.app.get(ClaimsRepository).claim(caller, hashes, session, now);
  };
  const unpaid = () =>
    tenant.call('PATCH', `/v1/subscriptions/${seat.subscription_id}`, {
      body: { status: 'unpaid' },
    });

  test.each<[string, () => Promise<unknown>]>([
    ['the pool gives no seats', () => unpaid().then(() => attempt(tenant.id))],
    [
      'seats are switched off',
      () => setOrganization(api, tenant, { seats_enabled: false }).then(() => attempt(tenant.id)),
    ],
    ['the invitation has expired', () => attempt(tenant.id, DAY + 1)],
    ['the seat is of another tenant', async () => attempt((await api.tenant()).id)],
  ])('%s: nobody gets the seat', async (_, work) => {
    expect(await work()).toBeUndefined();
    await setOrganization(api, tenant, { seats_enabled: true });
    expect(await statusOf(tenant, seat.id)).toBe('pending');
  });

  test('else the person gets it', async () => {
    expect(await attempt(tenant.id)).toMatchObject({ seat_id: seat.id, status: 'claimed' });
  });
});

describe('the session of a claim', () => {
  test('is that of the member', async () => {
    const { customer_session_token } = await claimed(api, seat);
    expect(customer_session_token).toMatch(/^seat_mst_/);
    expect(await sessionOf(customer_session_token)).toMatchObject({
      organizationId: tenant.id,
      customerId: seat.customer_id,
      memberId: seat.member_id,
    });
  });

  test('is that of the person as a customer without the member model', async () => {
    await setOrganization(api, tenant, { member_model_enabled: false });
    const theirs = await newSeat(tenant);
    const { customer_session_token } = await claimed(api, theirs);
    expect(customer_session_token).toMatch(/^seat_cst_/);
    expect(await sessionOf(customer_session_token)).toMatchObject({
      customerId: theirs.customer_id,
      memberId: null,
    });
  });

  test('lasts one hour', async () => {
    const { customer_session_token } = await claimed(api, seat);
    api.clock.advance(3590);
    expect(await sessionOf(customer_session_token)).toBeDefined();
    api.clock.advance(11);
    expect(await sessionOf(customer_session_token)).toBeUndefined();
  });

  test('is no access token', async () => {
    const { customer_session_token } = await claimed(api, seat);
    const authenticator = api.app.get(TokenAuthenticator);
    expect(await authenticator.authenticate(customer_session_token)).toBeUndefined();
    const answer = await tryAssign(
      tenant,
      { subscription_id: seat.subscription_id, email: newEmail() },
      { token: customer_session_token },
    );
    expect(errorOf(answer)).toEqual([401, 'invalid_token']);
  });

  test('is never the buyer’s, also when the buyer takes a seat', async () => {
    const { id, customer_id } = await tenant.subscription(1);
    const { body } = await tryAssign(tenant, { subscription_id: id, customer_id });
    const { customer_session_token } = await claimed(api, body);
    expect(await sessionOf(customer_session_token)).toMatchObject({ memberId: body.member_id });
  });
});
