import { jest } from '@jest/globals';
import { TokenAuthenticator } from '../../../src/organizations/tokens.authenticator.js';
import { Keys } from '../../../src/platform/crypto.js';
import { ClaimRepository } from '../../../src/seats/claim/claim.repository.js';
import { hashesOf } from '../../../src/invitations/invitation.js';
import { SessionAuthenticator } from '../../../src/sessions/sessions.authenticator.js';
import { startApp, type Tenant, type TestApp } from '../../support/app.js';
import {
  anonymous,
  CLAIM,
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
  statusOf,
  type SubscriptionSeat,
  eventTypesOf,
  tokenOf,
  tryAssign,
  wholeDatabase,
} from '../fixtures.js';

const WEEK = 7 * 24 * 60 * 60;

let api: TestApp;
let tenant: Tenant;
let seat: SubscriptionSeat;
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
  it('has 43 or more URL-safe characters', () => {
    expect(token).toMatch(/^[A-Za-z0-9_-]{43,}$/);
  });

  it('is not stored in the database, and neither is the token of the session', async () => {
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

describe('GET /v1/customer-seats/claim/{invitation_token}', () => {
  it('shows the product, the organization and the e-mail of the person', async () => {
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

  it('changes nothing, not even by HEAD', async () => {
    const before = await wholeDatabase(api);
    const head = { method: 'HEAD', url: `${CLAIM}/${token}` } as const;
    await Promise.all([info(token), info(token), api.app.inject(head)]);
    expect(await wholeDatabase(api)).toBe(before);
    expect((await claim(api, token)).status).toBe(200);
  });

  it('ignores an access token, even an invalid one', async () => {
    const answer = await api.call('GET', `${CLAIM}/${token}`, { token: 'seat_oat_bad' });
    expect(answer.status).toBe(200);
  });

  it('shows can_claim false while the purchase gives no seats', async () => {
    const url = `/v1/subscriptions/${seat.subscription_id}`;
    await tenant.call('PATCH', url, { body: { status: 'unpaid' } });
    expect((await info(token)).body.can_claim).toBe(false);
    expect(errorOf(await claim(api, token))).toEqual([400, 'SeatNotAvailable']);
    await tenant.call('PATCH', url, { body: { status: 'active' } });
    expect((await claim(api, token)).status).toBe(200);
  });

  it('answers the same 404 for unknown, expired, used and revoked tokens', async () => {
    const [used, gone] = [await newSeat(tenant), await newSeat(tenant)];
    const tokens = [await tokenOf(api, used.id), await tokenOf(api, gone.id), 'unknown', token];
    await claimed(api, used);
    await revoke(tenant, gone.id);
    api.clock.advance(WEEK + 1);
    const answers = await Promise.all(tokens.map(info));
    for (const answer of answers) {
      expect(errorOf(answer)).toEqual([404, 'ResourceNotFound']);
      expect(anonymous(answer)).toEqual(anonymous(answers[0] as (typeof answers)[number]));
    }
  });

  it.each([
    ['%00', 'value_error'],
    ['a%00b', 'value_error'],
  ])('answers 422 for the token %s, without showing it', async (text, type) => {
    const answer = await info(text);
    expect(problems(answer)).toEqual([[type, 'path', 'invitation_token']]);
    expect(answer.body.detail[0].input).toBeNull();
  });

  it.each([
    ['a space', '%20'],
    ['an umlaut', 'ü'],
    ['an emoji', '%F0%9F%98%80'],
    ['2,000 characters', 'a'.repeat(2000)],
  ])('answers 404 for %s as the token', async (_, text) => {
    expect((await info(text)).status).toBe(404);
  });
});

describe('a string that is not a token', () => {
  it.each(['', 'x', ' ', 'ü'.repeat(3_000), 'a'.repeat(100_000)])(
    'is a 400 on POST, whatever its length: %#',
    async (text) => {
      expect(errorOf(await claim(api, text))).toEqual([400, 'InvalidInvitationToken']);
    },
  );

  it('is a 422 on POST when it is missing or not text', async () => {
    expect(problems(await api.call('POST', CLAIM, { body: {} }))).toEqual([
      ['missing', 'body', 'invitation_token'],
    ]);
    const answer = await claim(api, 5);
    expect(problems(answer)).toEqual([['string_type', 'body', 'invitation_token']]);
    expect(answer.body.detail[0].input).toBeNull();
  });
});

describe('wrong tokens of one address', () => {
  let limited: TestApp;
  beforeAll(async () => {
    limited = await startApp({ RATE_LIMIT_PUBLIC: '600', TRUSTED_PROXIES: '127.0.0.1' });
  });
  afterAll(() => limited?.close());

  let last = 0;
  const newcomer = () => ({ 'x-forwarded-for': `192.0.2.${(last += 1)}` });
  const wrong = () => `wrong-${'x'.repeat(40)}-${Math.random().toString(36).slice(2)}`;
  const routes = (token: string, headers: Record<string, string>) => [
    () => limited.call('POST', CLAIM, { body: { invitation_token: token }, headers }),
    () => limited.call('GET', `${CLAIM}/${token}`, { headers }),
    () => limited.call('GET', `${CLAIM}/${token}/stream`, { headers }),
    () => limited.call('GET', `/claim?token=${token}`, { headers }),
  ];

  it('are 20 a minute on all routes together, and the 21st is a 429 on each', async () => {
    const headers = newcomer();
    for (let round = 0; round < 5; round += 1) {
      const answers = [];
      for (const send of routes(wrong(), headers)) answers.push((await send()).status);
      expect(answers).toEqual([400, 404, 404, 404]);
    }
    for (const send of routes(wrong(), headers)) expect((await send()).status).toBe(429);
    const bearer = await limited.call('GET', '/v1/organization', { headers, token: 'seat_oat_x' });
    expect(bearer.status).toBe(429);
  });

  it('are counted before the look-up, even when they arrive at once', async () => {
    const headers = newcomer();
    const looked = jest.spyOn(ClaimRepository.prototype, 'findInvited');
    const answers = await Promise.all(
      Array.from({ length: 60 }, () => limited.call('GET', `${CLAIM}/${wrong()}`, { headers })),
    );
    expect(answers.filter(({ status }) => status === 404)).toHaveLength(20);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(40);
    expect(looked.mock.calls.length).toBeLessThanOrEqual(22);
  });

  it('do not keep the good tokens of sixty colleagues from being claimed', async () => {
    const headers = newcomer();
    const seller = await limited.tenant();
    const { id } = await seller.subscription(60);
    const seats = Array.from({ length: 60 }, () => ({ email: newEmail() }));
    const url = '/v1/customer-seats/bulk?include=invitation';
    const { body } = await seller.call('POST', url, { body: { subscription_id: id, seats } });
    for (let count = 0; count < 21; count += 1) {
      await limited.call('GET', `${CLAIM}/${wrong()}`, { headers });
    }
    const claims = await Promise.all(
      body.seats.map(({ invitation }: any) =>
        limited.call('POST', CLAIM, { body: { invitation_token: invitation.token }, headers }),
      ),
    );
    expect(claims.map(({ status }) => status)).toEqual(Array(60).fill(200));
  });
});

describe('POST /v1/customer-seats/claim', () => {
  it('claims the seat and opens a session', async () => {
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

  it('works once', async () => {
    await claimed(api, seat);
    expect(errorOf(await claim(api, token))).toEqual([400, 'InvalidInvitationToken']);
  });

  it("does not change the pool's count, and writes one event with the invitation as its actor", async () => {
    await claimed(api, seat);
    await claim(api, token);
    expect(await poolOf(api, seat.subscription_id)).toMatchObject({ taken: 1, held: 1 });
    expect((await eventTypesOf(api, seat.subscription_id)).slice(1)).toEqual([
      'customer_seat.claimed',
    ]);
    const [event] = await api.database.sql(
      `SELECT actor_type, actor_id FROM events WHERE type = 'customer_seat.claimed' AND seat_id = $1`,
      [seat.id],
    );
    expect(event).toEqual({ actor_type: 'invitation', actor_id: seat.id });
  });

  it('works until the invitation expires', async () => {
    const expiry = Date.parse(seat.invitation_token_expires_at as string);
    const now = jest.spyOn(api.clock, 'now').mockReturnValue(new Date(expiry));
    expect(errorOf(await claim(api, token))).toEqual([400, 'InvalidInvitationToken']);
    now.mockReturnValue(new Date(expiry - 1));
    expect((await claim(api, token)).status).toBe(200);
  });

  it('answers the same 400 for expired, used, revoked and unknown tokens', async () => {
    const [used, gone] = [await newSeat(tenant), await newSeat(tenant)];
    const tokens = [await tokenOf(api, used.id), await tokenOf(api, gone.id), 'x', '', token];
    await claimed(api, used);
    await revoke(tenant, gone.id);
    api.clock.advance(WEEK + 1);
    const answers = await Promise.all(tokens.map((each) => claim(api, each)));
    for (const answer of answers) {
      expect(errorOf(answer)).toEqual([400, 'InvalidInvitationToken']);
      expect(anonymous(answer)).toEqual(anonymous(answers[0] as (typeof answers)[number]));
    }
  });

  it.each([
    ['no token', undefined, 'missing'],
    ['null', null, 'missing'],
    ['a number', 5, 'string_type'],
    ['a list', ['a'], 'string_type'],
    ['a NUL', 'a\0', 'value_error'],
  ])('answers 422 for %s, without showing it', async (_, text, type) => {
    const answer = await claim(api, text);
    expect(problems(answer)).toEqual([[type, 'body', 'invitation_token']]);
    expect(answer.body.detail[0].input).toBeNull();
  });

  it('answers 403 when seats are switched off, but only for a valid invitation', async () => {
    await setOrganization(api, tenant, { seats_enabled: false });
    expect(errorOf(await info(token))).toEqual([403, 'FeatureNotEnabled']);
    expect(errorOf(await claim(api, token))).toEqual([403, 'FeatureNotEnabled']);
    expect(errorOf(await info('x'))).toEqual([404, 'ResourceNotFound']);
    expect(errorOf(await claim(api, 'x'))).toEqual([400, 'InvalidInvitationToken']);
  });
});

// All of this can change after the service has looked, so the statement checks it itself.
describe('the statement of a claim', () => {
  const attempt = (tenantId: string, after = 0) => {
    const now = new Date(api.clock.now().getTime() + after * 1000);
    const session = { id: UNKNOWN_ID, memberId: seat.member_id, tokenHash: token, expiresAt: now };
    const actor = { type: 'invitation' as const, id: seat.id };
    const caller = { organizationId: tenantId, actor, requestId: null };
    const [hash] = hashesOf(api.app.get(Keys), token) as [string];
    return api.app.get(ClaimRepository).claim(caller, hash, session, now);
  };
  const unpaid = () =>
    tenant.call('PATCH', `/v1/subscriptions/${seat.subscription_id}`, {
      body: { status: 'unpaid' },
    });

  it.each<[string, () => Promise<unknown>]>([
    ['the pool gives no seats', () => unpaid().then(() => attempt(tenant.id))],
    [
      'seats are switched off',
      () => setOrganization(api, tenant, { seats_enabled: false }).then(() => attempt(tenant.id)),
    ],
    ['the invitation has expired', () => attempt(tenant.id, WEEK + 1)],
    ['the seat is of another tenant', async () => attempt((await api.tenant()).id)],
  ])('claims no seat when %s', async (_, work) => {
    expect(await work()).toBeUndefined();
    await setOrganization(api, tenant, { seats_enabled: true });
    expect(await statusOf(tenant, seat.id)).toBe('pending');
  });

  it('claims the seat of a valid invitation', async () => {
    expect(await attempt(tenant.id)).toMatchObject({ seat_id: seat.id, status: 'claimed' });
  });
});

describe('the session of a claim', () => {
  it('belongs to the member', async () => {
    const { customer_session_token } = await claimed(api, seat);
    expect(customer_session_token).toMatch(/^seat_mst_/);
    expect(await sessionOf(customer_session_token)).toMatchObject({
      organizationId: tenant.id,
      customerId: seat.customer_id,
      memberId: seat.member_id,
    });
  });

  it('belongs to the person as a customer without the member model', async () => {
    await setOrganization(api, tenant, { member_model_enabled: false });
    const theirs = await newSeat(tenant);
    const { customer_session_token } = await claimed(api, theirs);
    expect(customer_session_token).toMatch(/^seat_cst_/);
    expect(await sessionOf(customer_session_token)).toMatchObject({
      customerId: theirs.customer_id,
      memberId: null,
    });
  });

  it('lasts one hour', async () => {
    const { customer_session_token } = await claimed(api, seat);
    api.clock.advance(3590);
    expect(await sessionOf(customer_session_token)).toBeDefined();
    api.clock.advance(11);
    expect(await sessionOf(customer_session_token)).toBeUndefined();
  });

  it('is not accepted as an access token', async () => {
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

  it('belongs to the member even when the buyer takes a seat', async () => {
    const { id, customer_id } = await tenant.subscription(1);
    const { body } = await tryAssign(tenant, { subscription_id: id, customer_id });
    const { customer_session_token } = await claimed(api, body);
    expect(await sessionOf(customer_session_token)).toMatchObject({ memberId: body.member_id });
  });
});
