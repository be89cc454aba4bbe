import { startApp, type Tenant, type TestApp } from '../../support/app.js';
import {
  anonymous,
  assign,
  errorOf,
  newEmail,
  UNKNOWN_ID,
  poolOf,
  problems,
  SEAT_KEYS,
  SEATS,
  setOrganization,
  eventTypesOf,
  tryAssign,
  UUID_V1,
} from '../fixtures.js';

let api: TestApp;
let tenant: Tenant;
let subscription: { id: string; customer_id: string };

beforeAll(async () => {
  api = await startApp();
});
beforeEach(async () => {
  tenant = await api.tenant();
  subscription = await tenant.subscription(5);
});
afterAll(() => api?.close());

/** Assigns a seat of the subscription to a new person. */
const give = (more: object = {}) =>
  tryAssign(tenant, { subscription_id: subscription.id, email: newEmail(), ...more });

describe('POST /v1/customer-seats', () => {
  it('answers with exactly the keys of the contract', async () => {
    const answer = await give();
    expect(answer.status).toBe(200);
    expect(Object.keys(answer.body).sort()).toEqual([...SEAT_KEYS].sort());
  });

  it('makes a pending seat for a member of the buyer, with an invitation of a week', async () => {
    const { body } = await give({ email: 'Ada@EXAMPLE.com', metadata: { team: 'red' } });
    expect(body).toMatchObject({
      status: 'pending',
      modified_at: null,
      subscription_id: subscription.id,
      order_id: null,
      customer_id: subscription.customer_id,
      customer_email: 'Ada@example.com',
      email: 'Ada@example.com',
      claimed_at: null,
      revoked_at: null,
      seat_metadata: { team: 'red' },
      member: { role: 'member', email: 'Ada@example.com', customer_id: subscription.customer_id },
    });
    expect(body.member.id).toBe(body.member_id);
    const lasts = Date.parse(body.invitation_token_expires_at) - Date.parse(body.created_at);
    expect(lasts).toBe(7 * 24 * 60 * 60 * 1000);
  });

  it('shows a member with exactly the keys of the contract', async () => {
    const { body } = await give();
    expect(Object.keys(body.member).sort()).toEqual([
      'created_at',
      'customer_id',
      'email',
      'external_id',
      'id',
      'modified_at',
      'name',
      'role',
    ]);
  });

  it('shows times in UTC with a Z', async () => {
    const { body } = await give();
    for (const time of [body.created_at, body.invitation_token_expires_at]) {
      expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    }
  });

  it('shows the order of the seat', async () => {
    const order = await tenant.order(1);
    const { body } = await tryAssign(tenant, { order_id: order.id, email: newEmail() });
    expect(body).toMatchObject({ order_id: order.id, subscription_id: null, status: 'pending' });
  });

  it('claims the seat at once, without an invitation and with only the event of the claim', async () => {
    const { body } = await give({ immediate_claim: true });
    expect(body).toMatchObject({ status: 'claimed', invitation_token_expires_at: null });
    expect(body.claimed_at).toBe(body.created_at);
    expect(await eventTypesOf(api, subscription.id)).toEqual(['customer_seat.claimed']);
  });

  it('writes one event', async () => {
    await give();
    expect(await eventTypesOf(api, subscription.id)).toEqual(['customer_seat.assigned']);
  });

  it('makes a new seat with a new id when the same person comes back', async () => {
    const email = newEmail();
    const first = await assign(tenant, { subscription_id: subscription.id, email });
    await tenant.call('DELETE', `${SEATS}/${first.id}`);
    const second = await assign(tenant, { subscription_id: subscription.id, email });
    expect(second.id).not.toBe(first.id);
    expect(second.member_id).toBe(first.member_id);
  });
});

describe('the body of POST /v1/customer-seats', () => {
  it.each([
    ['no container', () => ({ subscription_id: undefined })],
    ['null as its container', () => ({ subscription_id: null })],
    ['two containers', () => ({ order_id: UNKNOWN_ID })],
    ['three containers', () => ({ order_id: UNKNOWN_ID, checkout_id: UNKNOWN_ID })],
  ])('is refused with %s', async (_, more) => {
    const answer = await give(more());
    expect(problems(answer)).toEqual([['value_error', 'body']]);
    expect(answer.body.detail[0].msg).toMatch(/subscription_id, order_id and checkout_id/);
  });

  it('is refused for its container before its recipient is checked', async () => {
    const answer = await tryAssign(tenant, { customer_id: UNKNOWN_ID, member_id: UNKNOWN_ID });
    expect(answer.body.detail).toHaveLength(1);
    expect(answer.body.detail[0].msg).toMatch(/subscription_id/);
  });

  it('is refused for a single field before the rules over several fields are checked', async () => {
    expect(problems(await tryAssign(tenant, { email: 'nobody' }))).toEqual([
      ['value_error', 'body', 'email'],
    ]);
  });

  it('is refused for all invalid fields at once, with their values', async () => {
    const answer = await give({ email: 7, metadata: [], immediate_claim: null });
    expect(answer.body.detail).toEqual([
      { type: 'dict_type', loc: ['body', 'metadata'], msg: expect.any(String), input: [] },
      { type: 'bool_type', loc: ['body', 'immediate_claim'], msg: expect.any(String), input: null },
      { type: 'string_type', loc: ['body', 'email'], msg: expect.any(String), input: 7 },
    ]);
  });

  it('may have unknown keys', async () => {
    expect((await give({ checkout: 'x', constructor: 1, ['__proto__']: 2 })).status).toBe(200);
  });

  it.each([
    ['without hyphens', (id: string) => id.replaceAll('-', '')],
    ['as urn:uuid:', (id: string) => `urn:uuid:${id}`],
    ['in upper case', (id: string) => id.toUpperCase()],
  ])('may have an id %s', async (_, form) => {
    expect((await give({ subscription_id: form(subscription.id) })).status).toBe(200);
  });

  it('may have an id of any UUID version', async () => {
    const answer = await give({ subscription_id: UUID_V1 });
    expect(errorOf(answer)).toEqual([404, 'ResourceNotFound']);
  });

  it.each([
    ['subscription_id', '', 'uuid_parsing'],
    ['subscription_id', 'x', 'uuid_parsing'],
    ['subscription_id', 5, 'uuid_parsing'],
    ['subscription_id', {}, 'uuid_parsing'],
    ['subscription_id', [UNKNOWN_ID], 'uuid_parsing'],
    ['subscription_id', `${UNKNOWN_ID} `, 'uuid_parsing'],
    ['subscription_id', `${UNKNOWN_ID}0`, 'uuid_parsing'],
    ['email', '', 'value_error'],
    ['email', 'a b@example.com', 'value_error'],
    ['email', `${'a'.repeat(65)}@example.com`, 'value_error'],
    ['email', { a: 1 }, 'string_type'],
    ['email', true, 'string_type'],
  ])('is refused with %s = %j', async (key, value, type) => {
    expect(problems(await give({ [key]: value }))).toEqual([[type, 'body', key]]);
  });

  it.each(['customer_id', 'member_id'])('is refused with an empty %s', async (key) => {
    const answer = await give({ email: undefined, [key]: '' });
    expect(problems(answer)).toEqual([['uuid_parsing', 'body', key]]);
  });

  it.each(['external_customer_id', 'external_member_id'])(
    'may have 255 characters of %s, and no more',
    async (key) => {
      const by = (length: number) => give({ email: undefined, [key]: 'x'.repeat(length) });
      expect((await by(255)).body.error).toMatch(/MemberNotFound|InvalidSeatAssignmentRequest/);
      expect(problems(await by(256))).toEqual([['string_too_long', 'body', key]]);
    },
  );

  it('may have 254 characters of email, and no more', async () => {
    const domain = `${'d'.repeat(63)}.${'d'.repeat(63)}.${'d'.repeat(57)}.com`;
    const email = `${'a'.repeat(64)}@${domain}`;
    expect(email).toHaveLength(254);
    expect((await give({ email })).body.email).toBe(email);
    expect(problems(await give({ email: email.replace('.com', '.comm') }))).toEqual([
      ['value_error', 'body', 'email'],
    ]);
  });

  it.each(['external_customer_id', 'external_member_id'])(
    'is refused with an empty %s',
    async (key) => {
      const answer = await give({ email: undefined, [key]: '' });
      expect(problems(answer)).toEqual([['string_too_short', 'body', key]]);
    },
  );
});

describe('immediate_claim', () => {
  const YES = [true, 1, '1', 'true', 'TRUE', 'yes', 'Yes', 'on', 'oN'];
  const NO = [false, 0, '0', 'false', 'False', 'no', 'NO', 'off', 'OFF'];

  it.each([...YES.map((value) => [value, 'claimed']), ...NO.map((value) => [value, 'pending'])])(
    'of %j makes the seat %s',
    async (immediate_claim, status) => {
      expect((await give({ immediate_claim })).body.status).toBe(status);
    },
  );

  it.each([
    [null, 'bool_type'],
    [[], 'bool_type'],
    [{}, 'bool_type'],
    [[true], 'bool_type'],
    [2, 'bool_parsing'],
    [-1, 'bool_parsing'],
    [0.5, 'bool_parsing'],
    ['', 'bool_parsing'],
    [' true', 'bool_parsing'],
    ['ja', 'bool_parsing'],
    ['null', 'bool_parsing'],
  ])('is refused when it is %j', async (immediate_claim, type) => {
    const answer = await give({ immediate_claim });
    expect(problems(answer)).toEqual([[type, 'body', 'immediate_claim']]);
  });
});

describe('metadata', () => {
  const a = (count: number) => 'a'.repeat(count);
  const keys = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, index]));

  it.each([
    ['1,024 characters', { k: a(1015) }],
    ['1,024 characters, counted with a space after colon and comma', { k: [a(500), a(509)] }],
    ['1,024 characters of which 6 are one é', { k: `${a(1009)}é` }],
    ['1,024 characters of which 12 are one emoji', { k: `${a(1003)}😀` }],
    ['ten keys', keys(10)],
    ['values in values', { k: { l: [{ m: null }, [], {}, 1.5, false] } }],
    ['keys of Object.prototype', { constructor: 1, toString: { a: 1 }, hasOwnProperty: [] }],
    ['a key __proto__', { ['__proto__']: { a: 1 }, k: { ['__proto__']: null } }],
    ['an empty key and an empty text', { '': '' }],
    ['no key', {}],
  ])('comes back as it was sent: %s', async (_, metadata) => {
    const answer = await give({ metadata });
    expect(answer.status).toBe(200);
    // Compared as text, because toEqual ignores a key named __proto__.
    const sorted = (value: object) => JSON.stringify(Object.entries(value).sort());
    expect(sorted(answer.body.seat_metadata)).toBe(sorted(metadata));
  });

  it.each([
    ['1,025 characters', { k: a(1016) }, 'value_error'],
    ['1,025 characters, with its spaces', { k: [a(500), a(510)] }, 'value_error'],
    ['1,025 characters of which 6 are one é', { k: `${a(1010)}é` }, 'value_error'],
    ['1,025 characters in a key', { [a(1018)]: 1 }, 'value_error'],
    ['1,025 characters in a value of a value', { k: { l: a(1009) } }, 'value_error'],
    ['eleven keys', keys(11), 'value_error'],
    ['a list', [], 'dict_type'],
    ['a text', 'x', 'dict_type'],
    ['a number', 0, 'dict_type'],
    ['false', false, 'dict_type'],
  ])('is refused when it is %s', async (_, metadata, type) => {
    expect(problems(await give({ metadata }))).toEqual([[type, 'body', 'metadata']]);
  });

  it.each([[undefined], [null]])('of %j is stored as an empty object', async (metadata) => {
    expect((await give({ metadata })).body.seat_metadata).toEqual({});
  });
});

describe('an assign', () => {
  it('is answered with the same 404 for a container of another tenant and an unknown one', async () => {
    const other = await (await api.tenant()).subscription(1);
    const foreign = await give({ subscription_id: other.id });
    const unknown = await give({ subscription_id: UNKNOWN_ID });
    expect(foreign).toMatchObject({ status: 404, body: { error: 'ResourceNotFound' } });
    expect(anonymous(foreign, other.id)).toEqual(anonymous(unknown));
  });

  it('is answered with 404 for an unknown container, even when seats are switched off', async () => {
    await setOrganization(api, tenant, { seats_enabled: false });
    expect(errorOf(await give({ subscription_id: UNKNOWN_ID }))).toEqual([404, 'ResourceNotFound']);
    expect(errorOf(await give())).toEqual([403, 'FeatureNotEnabled']);
  });

  it('is answered with 403 when seats are switched off, even if the container gives no seats', async () => {
    const order = await tenant.order(1, { status: 'pending' });
    await setOrganization(api, tenant, { seats_enabled: false });
    const answer = await tryAssign(tenant, { order_id: order.id, email: newEmail() });
    expect(errorOf(answer)).toEqual([403, 'FeatureNotEnabled']);
  });

  it.each(['active', 'trialing', 'past_due'])(
    'succeeds for a subscription that is %s',
    async (status) => {
      const { id } = await tenant.subscription(1, { status });
      expect((await give({ subscription_id: id })).status).toBe(200);
    },
  );

  it.each(['canceled', 'unpaid', 'incomplete', 'incomplete_expired'])(
    'is refused for a subscription that is %s',
    async (status) => {
      const { id } = await tenant.subscription(1, { status });
      const answer = await give({ subscription_id: id });
      expect(errorOf(answer)).toEqual([400, 'SeatNotAvailable']);
    },
  );

  it.each([
    ['paid', 200],
    ['partially_refunded', 200],
    ['pending', 400],
    ['refunded', 400],
    ['void', 400],
  ])('for an order that is %s is answered with %i', async (status, expected) => {
    const { id } = await tenant.order(1, { status });
    const answer = await tryAssign(tenant, { order_id: id, email: newEmail() });
    expect(answer.status).toBe(expected);
    if (expected === 400) expect(answer.body.error).toBe('SeatNotAvailable');
  });

  it('is refused with SeatNotAvailable if the container gives no seats, even for an unknown person', async () => {
    const { id } = await tenant.subscription(1, { status: 'unpaid' });
    const answer = await tryAssign(tenant, { subscription_id: id, member_id: UNKNOWN_ID });
    expect(errorOf(answer)).toEqual([400, 'SeatNotAvailable']);
  });

  it.each([
    ['a duplicate', { email: 'ada@example.com' }],
    ['an unknown member', { member_id: UNKNOWN_ID }],
    ['an unknown customer', { customer_id: UNKNOWN_ID }],
  ])('is refused with SeatNotAvailable on a full pool, even for %s', async (_, recipient) => {
    const { id } = await tenant.subscription(1);
    await assign(tenant, { subscription_id: id, email: 'ada@example.com' });
    const answer = await tryAssign(tenant, { subscription_id: id, ...recipient });
    expect(errorOf(answer)).toEqual([400, 'SeatNotAvailable']);
  });

  it('writes seats.exhausted for a full pool at most once a minute', async () => {
    const { id } = await tenant.subscription(1);
    const full = () => tryAssign(tenant, { subscription_id: id, email: newEmail() });
    for (let count = 0; count < 3; count += 1) await full();
    const exhausted = ['customer_seat.assigned', 'seats.exhausted'];
    expect(await eventTypesOf(api, id)).toEqual(exhausted);
    api.clock.advance(61);
    await full();
    expect(await eventTypesOf(api, id)).toEqual([...exhausted, 'seats.exhausted']);
  });

  it('writes no seats.exhausted for a subscription that gives no seats', async () => {
    const { id } = await tenant.subscription(1, { status: 'unpaid' });
    await tryAssign(tenant, { subscription_id: id, email: newEmail() });
    expect(await eventTypesOf(api, id)).toEqual([]);
  });

  it('is refused with SeatNotAvailable for a person who took the last place in the same call', async () => {
    const { id } = await tenant.subscription(1);
    const seats = [{ email: 'ada@example.com' }, { email: 'ada@example.com' }];
    const body = { subscription_id: id, seats };
    const { body: answer } = await tenant.call('POST', `${SEATS}/bulk`, { body });
    expect(answer.failed).toMatchObject([{ index: 1, error: 'SeatNotAvailable' }]);
  });

  it('creates no person when it is refused', async () => {
    const { id } = await tenant.subscription(1);
    await assign(tenant, { subscription_id: id, email: newEmail() });
    await tryAssign(tenant, { subscription_id: id, email: 'late@example.com' });
    expect(await api.database.sql(`SELECT 1 FROM members WHERE email LIKE 'late@%'`)).toEqual([]);
  });

  it.each(['ada@example.com', 'ADA@Example.COM'])(
    'is refused for a person who has a seat: %s',
    async (email) => {
      await give({ email: 'ada@example.com' });
      expect(errorOf(await give({ email }))).toEqual([400, 'SeatAlreadyAssigned']);
      expect(await poolOf(api, subscription.id)).toMatchObject({ taken: 1, held: 1 });
    },
  );
});
