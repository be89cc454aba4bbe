import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { Polar } from 'polar-sdk-0';
import { HTTPValidationError } from 'polar-sdk-0/models/errors/httpvalidationerror.js';
import { SDKError } from 'polar-sdk-0/models/errors/sdkerror.js';
import { PolarClientError, type PolarError, PolarRateLimitError } from 'polar-sdk-1';
import { createPolar, errors } from 'polar-sdk-1/2026-04';
import { recoverToken } from '../../src/invitations/invitation.js';
import { Keys } from '../../src/platform/crypto.js';
import { startApp, type Tenant, type TestApp } from '../support/app.js';

/*
 * Polar's unmodified clients against this API. They must return their typed objects and throw their
 * error classes. 0.47 validates every response with zod and throws a ResponseValidationError for one
 * that does not fit.
 */

type Verb =
  'assignSeat' | 'listSeats' | 'getClaimInfo' | 'claimSeat' | 'resendInvitation' | 'revokeSeat';

/** One interface for both clients. Bodies and queries have the keys of the HTTP API. */
interface Client {
  assignSeat(body: Record<string, unknown>): Promise<{ id: string }>;
  listSeats(query: Record<string, string>): Promise<unknown>;
  getClaimInfo(token: string): Promise<unknown>;
  claimSeat(token: string): Promise<unknown>;
  resendInvitation(seatId: string): Promise<unknown>;
  revokeSeat(seatId: string): Promise<unknown>;
}

interface ErrorBody {
  error: string;
  detail?: unknown;
  error_description?: string;
}

interface Version {
  connect(url: string, token: string | undefined): Client;
  /** Expects the error class that users of the client catch for this status. */
  expectClass(error: unknown, verb: Verb, status: number): void;
  /** The body of the response, taken from the client's error. */
  bodyOf(error: any): ErrorBody;
}

const version0: Version = {
  connect: (serverURL, accessToken) => {
    const { customerSeats } = new Polar({ serverURL, ...(accessToken && { accessToken }) });
    return {
      assignSeat: (body) => customerSeats.assignSeat(camelKeys(body)),
      listSeats: (query) => customerSeats.listSeats(camelKeys(query)),
      getClaimInfo: (invitationToken) => customerSeats.getClaimInfo({ invitationToken }),
      claimSeat: (invitationToken) => customerSeats.claimSeat({ invitationToken }),
      resendInvitation: (seatId) => customerSeats.resendInvitation({ seatId }),
      revokeSeat: (seatId) => customerSeats.revokeSeat({ seatId }),
    };
  },
  expectClass: (error, _verb, status) => {
    expect(error).toBeInstanceOf(status === 422 ? HTTPValidationError : SDKError);
    expect(error).toMatchObject({ statusCode: status });
  },
  bodyOf: (error) => JSON.parse(error.body),
};

const version1: Version = {
  connect: (baseUrl, accessToken = '') => {
    const { customerSeats } = createPolar({ baseUrl, accessToken });
    return {
      ...customerSeats,
      claimSeat: (invitation_token) => customerSeats.claimSeat({ invitation_token }),
    };
  },
  expectClass: (error, verb, status) => {
    expect(error).toBeInstanceOf(classIn1(verb, status));
    expect(error).toMatchObject({ statusCode: status });
  },
  bodyOf: (error) => (typeof error.error === 'string' ? JSON.parse(error.error) : error.error),
};

function classIn1(verb: Verb, status: number): new (...args: never[]) => PolarError {
  if (status === 422) return errors.HTTPValidationError;
  const name = `CustomerSeats${verb[0]?.toUpperCase()}${verb.slice(1)}${status}Error`;
  // The client has no class for a status that it does not expect of a route, such as 413.
  return errors[name as 'HTTPValidationError'] ?? PolarClientError;
}

function camelKeys(body: Record<string, unknown>): Record<string, never> {
  const camel = (key: string) => key.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase());
  return Object.fromEntries(
    Object.entries(body).map(([key, value]) => [camel(key), value as never]),
  );
}

let app: TestApp;
let url: string;
let tenant: Tenant;
let subscription: { id: string; product_id: string; customer_id: string };

beforeAll(async () => {
  app = await startApp();
  await app.app.listen(0, '127.0.0.1');
  url = `http://127.0.0.1:${(app.app.getHttpServer().address() as AddressInfo).port}`;
});
afterAll(() => app.close());

beforeEach(async () => {
  tenant = await app.tenant();
  subscription = await tenant.subscription(3);
});

/** The token in the invitation mail of this seat. */
async function invitationOf(seatId: string): Promise<string> {
  const [row] = await app.database.sql(
    'SELECT invitation_nonce, invitation_hash FROM seats WHERE id = $1',
    [seatId],
  );
  const { invitation_nonce, invitation_hash } = row as Record<string, string>;
  const keys = app.app.get(Keys);
  return recoverToken(keys, seatId, invitation_nonce as string, invitation_hash as string) ?? '';
}

/** Assigns a seat of the subscription to a new person. */
async function assigned(client: Client, more: object = {}): Promise<{ id: string }> {
  return client.assignSeat({
    subscription_id: subscription.id,
    email: `${randomUUID()}@example.com`,
    ...more,
  });
}

const thrownBy = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

const setOrganization = (column: string, value: boolean) =>
  app.database.sql(`UPDATE organizations SET ${column} = $2 WHERE id = $1`, [tenant.id, value]);

interface Case {
  status: number;
  error: string;
  verb: Verb;
  when: string;
  only?: Version;
  act(client: Client, connect: (token: string | undefined) => Client): Promise<unknown>;
}

const nobody = 'nobody@example.com';
const stranger = () => randomUUID();

const CASES: Case[] = [
  {
    status: 400,
    error: 'BadRequest',
    verb: 'listSeats',
    when: 'no container is named',
    act: (client) => client.listSeats({}),
  },
  {
    status: 400,
    error: 'SeatNotAvailable',
    verb: 'assignSeat',
    when: 'the pool is full',
    act: async (client) => {
      for (let seat = 0; seat < 3; seat += 1) await assigned(client);
      return assigned(client);
    },
  },
  {
    status: 400,
    error: 'SeatNotAvailable',
    verb: 'assignSeat',
    when: 'the order is pending',
    act: async (client) => {
      const order = await tenant.order(1, { status: 'pending' });
      return client.assignSeat({ order_id: order.id, email: nobody });
    },
  },
  {
    status: 400,
    error: 'SeatNotAvailable',
    verb: 'claimSeat',
    when: 'the subscription has become unpaid',
    act: async (client) => {
      const token = await invitationOf((await assigned(client)).id);
      const path = `/v1/subscriptions/${subscription.id}`;
      await tenant.call('PATCH', path, { body: { status: 'unpaid' } });
      return client.claimSeat(token);
    },
  },
  {
    status: 400,
    error: 'SeatAlreadyAssigned',
    verb: 'assignSeat',
    when: 'the person has a seat',
    act: async (client) => {
      await assigned(client, { email: nobody });
      return assigned(client, { email: nobody });
    },
  },
  {
    status: 400,
    error: 'SeatNotPending',
    verb: 'resendInvitation',
    when: 'the seat is claimed',
    act: async (client) =>
      client.resendInvitation((await assigned(client, { immediate_claim: true })).id),
  },
  {
    status: 400,
    error: 'InvalidInvitationToken',
    verb: 'claimSeat',
    when: 'the token was used',
    act: async (client) => {
      const token = await invitationOf((await assigned(client)).id);
      await client.claimSeat(token);
      return client.claimSeat(token);
    },
  },
  {
    status: 400,
    error: 'MemberEmailMismatch',
    verb: 'assignSeat',
    when: 'the external member has another e-mail',
    act: async (client) => {
      await assigned(client, { external_member_id: 'm1' });
      return assigned(client, { external_member_id: 'm1' });
    },
  },
  {
    status: 400,
    error: 'InvalidSeatAssignmentRequest',
    verb: 'assignSeat',
    when: 'the customer does not exist',
    act: (client) =>
      client.assignSeat({ subscription_id: subscription.id, customer_id: stranger() }),
  },
  {
    status: 401,
    error: 'Unauthorized',
    verb: 'assignSeat',
    when: 'no token is sent',
    only: version0, // 1.0 always sends a token.
    act: (_client, connect) => assigned(connect(undefined)),
  },
  ...(['assignSeat', 'listSeats', 'resendInvitation', 'revokeSeat'] as const).flatMap(
    (verb): Case[] => {
      const call = (client: Client) => callOf(client, verb);
      return [
        {
          status: 401,
          error: 'invalid_token',
          verb,
          when: 'the token is unknown',
          act: (_client, connect) => call(connect('seat_oat_unknown')),
        },
        {
          status: 403,
          error: 'insufficient_scope',
          verb,
          when: 'the token lacks the scope',
          act: async (_client, connect) => call(connect(await tenant.tokenWith('products:read'))),
        },
        { status: 404, error: 'ResourceNotFound', verb, when: 'the id is unknown', act: call },
      ];
    },
  ),
  ...(['assignSeat', 'listSeats'] as const).map((verb): Case => ({
    status: 403,
    error: 'FeatureNotEnabled',
    verb,
    when: 'seats are switched off',
    act: async (client) => {
      await setOrganization('seats_enabled', false);
      return callOf(client, verb, subscription.id);
    },
  })),
  ...(['resendInvitation', 'revokeSeat'] as const).map((verb): Case => ({
    status: 403,
    error: 'FeatureNotEnabled',
    verb,
    when: 'seats are switched off',
    act: async (client) => {
      const { id } = await assigned(client);
      await setOrganization('seats_enabled', false);
      return client[verb](id);
    },
  })),
  ...(['getClaimInfo', 'claimSeat'] as const).map((verb): Case => ({
    status: 403,
    error: 'FeatureNotEnabled',
    verb,
    when: 'seats are switched off',
    act: async (client) => {
      const token = await invitationOf((await assigned(client)).id);
      await setOrganization('seats_enabled', false);
      return client[verb](token);
    },
  })),
  {
    status: 403,
    error: 'NotPermitted',
    verb: 'assignSeat',
    when: 'the checkout has not succeeded',
    only: version0, // 1.0 has no checkout_id.
    act: async (client) => {
      const { product_id, customer_id } = subscription;
      const checkout = await tenant.create('checkouts', { product_id, customer_id, seats: 1 });
      return client.assignSeat({ checkout_id: checkout.id, email: nobody });
    },
  },
  {
    status: 404,
    error: 'CustomerNotFound',
    verb: 'assignSeat',
    when: 'the organization has no members and the customer does not exist',
    act: async (client) => {
      await setOrganization('member_model_enabled', false);
      return client.assignSeat({ subscription_id: subscription.id, customer_id: stranger() });
    },
  },
  {
    status: 404,
    error: 'MemberNotFound',
    verb: 'assignSeat',
    when: 'the buyer has no such member',
    act: (client) => client.assignSeat({ subscription_id: subscription.id, member_id: stranger() }),
  },
  {
    status: 404,
    error: 'ResourceNotFound',
    verb: 'getClaimInfo',
    when: 'the token is unknown',
    act: (client) => client.getClaimInfo('x'.repeat(43)),
  },
  {
    status: 413,
    error: 'RequestBodyTooLarge',
    verb: 'assignSeat',
    when: 'the body is larger than 1 MiB',
    act: (client) => assigned(client, { metadata: { text: 'x'.repeat(1024 * 1024) } }),
  },
];

/** A valid call of this route, by default with an unknown id. */
function callOf(client: Client, verb: Verb, id: string = stranger()): Promise<unknown> {
  if (verb === 'assignSeat') return client.assignSeat({ subscription_id: id, email: nobody });
  if (verb === 'listSeats') return client.listSeats({ subscription_id: id });
  return client[verb](id);
}

const INVALID: [verb: Verb, loc: (string | number)[], act: (client: Client) => Promise<unknown>][] =
  [
    ['assignSeat', ['body'], (client) => client.assignSeat({ email: nobody })],
    ['assignSeat', ['body', 'email'], (client) => assigned(client, { email: 'no e-mail' })],
    ['listSeats', ['query', 'order_id'], (client) => client.listSeats({ order_id: 'no-uuid' })],
    ['revokeSeat', ['path', 'seat_id'], (client) => client.revokeSeat('no-uuid')],
    ['resendInvitation', ['path', 'seat_id'], (client) => client.resendInvitation('no-uuid')],
    ['claimSeat', ['body', 'invitation_token'], (client) => client.claimSeat('x\0')],
  ];

describe.each([
  ['0.47', version0],
  ['1.0', version1],
])('@polar-sh/sdk %s', (_name, version) => {
  const connect = (token: string | undefined) => version.connect(url, token);

  it.each(CASES.filter(({ only = version }) => only === version))(
    'turns $status $error of $verb into its own error class when $when',
    async ({ status, error, verb, act }) => {
      const thrown = await thrownBy(act(connect(tenant.token), connect));
      version.expectClass(thrown, verb, status);
      const body = version.bodyOf(thrown);
      expect(body.error).toBe(error);
      expect(typeof (body.detail ?? body.error_description)).toBe('string');
    },
  );

  it.each(INVALID)(
    'turns a 422 of %s into an error that lists the problem at %j',
    async (verb, loc, act) => {
      const thrown = await thrownBy(act(connect(tenant.token)));
      version.expectClass(thrown, verb, 422);
      const { detail } = version.bodyOf(thrown);
      expect(detail).toEqual([expect.objectContaining({ loc, msg: expect.any(String) })]);
    },
  );
});

describe('@polar-sh/sdk 0.47', () => {
  it('returns typed objects through the whole life of a seat', async () => {
    const { customerSeats } = new Polar({ serverURL: url, accessToken: tenant.token });
    const subscriptionId = subscription.id;
    const pending = await customerSeats.assignSeat({
      subscriptionId,
      email: 'Ada@Example.com',
      metadata: { team: { name: 'Ünï' } },
    });
    expect(pending).toMatchObject({
      status: 'pending',
      subscriptionId,
      orderId: null,
      email: 'Ada@example.com',
      modifiedAt: null,
      seatMetadata: { team: { name: 'Ünï' } },
      member: { role: 'member', createdAt: expect.any(Date) },
      createdAt: expect.any(Date),
      invitationTokenExpiresAt: expect.any(Date),
    });

    const resent = await customerSeats.resendInvitation({ seatId: pending.id });
    expect(resent).toMatchObject({ id: pending.id, modifiedAt: expect.any(Date) });

    const invitationToken = await invitationOf(pending.id);
    const info = await customerSeats.getClaimInfo({ invitationToken });
    expect(info).toMatchObject({ customerEmail: 'Ada@example.com', canClaim: true });

    const claimed = await customerSeats.claimSeat({ invitationToken });
    expect(claimed).toMatchObject({
      seat: { status: 'claimed', claimedAt: expect.any(Date), invitationTokenExpiresAt: null },
      customerSessionToken: expect.stringMatching(/^seat_mst_/),
    });

    const revoked = await customerSeats.revokeSeat({ seatId: pending.id });
    expect(revoked).toMatchObject({
      status: 'revoked',
      revokedAt: expect.any(Date),
      member: null,
      email: null,
    });

    const list = await customerSeats.listSeats({ subscriptionId });
    expect(list).toMatchObject({ seats: [revoked], availableSeats: 3, totalSeats: 3 });
  });

  it.each([
    ['a customer', () => ({})],
    ['a team without an e-mail', () => ({ type: 'team', email: undefined })],
    ['a customer with nested metadata', () => ({ metadata: { plan: { seats: 3 }, note: null } })],
  ])('opens a portal session for %s', async (_, more) => {
    const customer = await tenant.create('customers', { email: `${randomUUID()}@a.co`, ...more() });
    const { customerSessions } = new Polar({ serverURL: url, accessToken: tenant.token });
    const returnUrl = 'https://shop.example.com/';
    const session = await customerSessions.create({ customerId: customer.id, returnUrl });
    expect(session).toMatchObject({
      token: expect.stringMatching(/^seat_cst_/),
      customerPortalUrl: expect.stringContaining('/portal?code='),
      returnUrl,
      customer: { id: customer.id, organizationId: tenant.id },
    });
  });

  it('lists the seats of an order in every state', async () => {
    const { id: orderId } = await tenant.order(3);
    const { customerSeats } = new Polar({ serverURL: url, accessToken: tenant.token });
    const assign = (name: string, immediateClaim = false) =>
      customerSeats.assignSeat({ orderId, email: `${name}@example.com`, immediateClaim });
    const [pending, claimed, { id: seatId }] = [
      await assign('pending'),
      await assign('claimed', true),
      await assign('revoked', true),
    ];
    const revoked = await customerSeats.revokeSeat({ seatId });
    const list = await customerSeats.listSeats({ orderId });
    expect(list).toMatchObject({ availableSeats: 1, totalSeats: 3 });
    expect(new Map(list.seats.map((seat) => [seat.status, seat]))).toEqual(
      new Map(Object.entries({ pending, claimed, revoked })),
    );
    expect(list.seats.map((seat) => [seat.orderId, seat.subscriptionId])).toEqual(
      Array(3).fill([orderId, null]),
    );
  });

  it('assigns a seat by its checkout and claims it at once', async () => {
    const { product_id, customer_id } = subscription;
    const checkout = await tenant.create('checkouts', {
      product_id,
      customer_id,
      seats: 1,
      status: 'succeeded',
    });
    const order = await tenant.create('orders', {
      product_id,
      customer_id,
      checkout_id: checkout.id,
      seats: 1,
    });
    const { customerSeats } = new Polar({ serverURL: url, accessToken: tenant.token });
    const seat = await customerSeats.assignSeat({
      checkoutId: checkout.id,
      checkoutClientSecret: checkout.client_secret,
      email: nobody,
      immediateClaim: true,
    });
    expect(seat).toMatchObject({ orderId: order.id, subscriptionId: null, status: 'claimed' });
  });

  it('turns a 429 of a second resend into its error class with Retry-After', async () => {
    const client = version0.connect(url, tenant.token);
    const { id } = await assigned(client);
    await client.resendInvitation(id);
    const thrown: any = await thrownBy(client.resendInvitation(id));
    expect(thrown).toBeInstanceOf(SDKError);
    expect(version0.bodyOf(thrown).error).toBe('TooManyRequests');
    expect(Number(thrown.headers.get('retry-after'))).toBeGreaterThan(0);
  });
});

describe('@polar-sh/sdk 1.0', () => {
  it('returns typed objects through the whole life of a seat', async () => {
    const { customerSeats } = createPolar({ baseUrl: url, accessToken: tenant.token });
    const subscription_id = subscription.id;
    const pending = await customerSeats.assignSeat({ subscription_id, email: nobody });
    expect(pending).toMatchObject({ status: 'pending', subscription_id, order_id: null });

    const resent = await customerSeats.resendInvitation(pending.id);
    expect(resent).toMatchObject({ id: pending.id, status: 'pending' });

    const invitation_token = await invitationOf(pending.id);
    const info = await customerSeats.getClaimInfo(invitation_token);
    expect(info).toMatchObject({ customer_email: nobody, can_claim: true });

    const claimed = await customerSeats.claimSeat({ invitation_token });
    expect(claimed).toMatchObject({
      seat: { id: pending.id, status: 'claimed' },
      customer_session_token: expect.stringMatching(/^seat_mst_/),
    });

    const revoked = await customerSeats.revokeSeat(pending.id);
    expect(revoked).toMatchObject({ status: 'revoked', email: null });

    const list = await customerSeats.listSeats({ subscription_id });
    expect(list).toEqual({ seats: [revoked], available_seats: 3, total_seats: 3 });
  });

  it('opens a portal session', async () => {
    const { customerSessions } = createPolar({ baseUrl: url, accessToken: tenant.token });
    const { customer_id } = subscription;
    const session = await customerSessions.create({ customer_id });
    expect(session).toMatchObject({
      token: expect.stringMatching(/^seat_cst_/),
      customer_portal_url: expect.stringContaining('/portal?code='),
      return_url: null,
      customer: { id: customer_id, organization_id: tenant.id },
    });
  });

  it('turns a 429 of a second resend into its rate limit error with the seconds to wait', async () => {
    const client = version1.connect(url, tenant.token);
    const { id } = await assigned(client);
    await client.resendInvitation(id);
    const thrown: any = await thrownBy(client.resendInvitation(id));
    expect(thrown).toBeInstanceOf(PolarRateLimitError);
    expect(thrown.retryAfter).toBeGreaterThan(0);
  });
});
