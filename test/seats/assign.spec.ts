import type { Tenant, TestApp } from '../support/app.js';
import { startApp } from '../support/app.js';
import {
  assign,
  errorOf,
  newEmail,
  NOBODY,
  poolOf,
  problems,
  SEAT_KEYS,
  SEATS,
  setOrganization,
  toldOf,
  tryAssign,
  UUID_V1,
} from './fixtures.js';

let api: TestApp;
let tenant: Tenant;
let subscription: any;

beforeAll(async () => {
  api = await startApp();
});
beforeEach(async () => {
  tenant = await api.tenant();
  subscription = await tenant.subscription(5);
});
afterAll(() => api?.close());

/** Assigns a seat of the subscription to somebody new. */
const give = (more: object = {}) =>
  tryAssign(tenant, { subscription_id: subscription.id, email: newEmail(), ...more });

describe('an assigned seat', () => {
  test('has exactly the keys of the contract', async () => {
    const answer = await give();
    expect(answer.status).toBe(200);
    expect(Object.keys(answer.body).sort()).toEqual([...SEAT_KEYS].sort());
  });

  test('is pending, for a member of the buyer, with an invitation of a day', async () => {
    const { body } = await give({ email: 'Ada@EXAMPLE.com', metadata: { team: 'red' } });
    expect(body).toMatchObject({
      status: 'pending',
      modified_at: null,
      subscription_id: subscription.id,
      order_id: null,
      customer_id: subscription.customer_id,
      customer_email: expect.stringMatching(/^buyer-/),
      email: 'Ada@example.com',
      claimed_at: null,
      revoked_at: null,
      seat_metadata: { team: 'red' },
      member: { role: 'member', email: 'Ada@example.com', customer_id: subscription.customer_id },
    });
    expect(body.member.id).toBe(body.member_id);
    const lasts = Date.parse(body.invitation_token_expires_at) - Date.parse(body.created_at);
    expect(lasts).toBe(24 * 60 * 60 * 1000);
  });

  test('shows a member with exactly the keys of the contract', async () => {
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

  test('has times in UTC with a Z', async () => {
    const { body } = await give();
    for (const time of [body.created_at, body.invitation_token_expires_at]) {
      expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    }
  });

  test('of an order shows the order', async () => {
    const order = await tenant.order(1);
    const { body } = await tryAssign(tenant, { order_id: order.id, email: newEmail() });
    expect(body).toMatchObject({ order_id: order.id, subscription_id: null, status: 'pending' });
  });

  test('claimed at once has no invitation and tells of the claim alone', async () => {
    const { body } = await give({ immediate_claim: true });
    expect(body).toMatchObject({ status: 'claimed', invitation_token_expires_at: null });
    expect(body.claimed_at).toBe(body.created_at);
    expect(await toldOf(api, subscription.id)).toEqual(['customer_seat.claimed']);
  });

  test('is told of once', async () => {
    await give();
    expect(await toldOf(api, subscription.id)).toEqual(['customer_seat.assigned']);
  });

  test('is a new one with a new id when the same person comes back', async () => {
    const email = newEmail();
    const first = await assign(tenant, { subscription_id: subscription.id, email });
    await tenant.call('DELETE', `${SEATS}/${first.id}`);
    const second = await assign(tenant, { subscription_id: subscription.id, email });
    expect(second.id).not.toBe(first.id);
    expect(second.member_id).toBe(first.member_id);
  });
});

describe('the body of an assignment', () => {
  test.each([
    ['none', () => ({ subscription_id: undefined })],
    ['none, as null', () => ({ subscription_id: null })],
    ['two', () => ({ order_id: NOBODY })],
    ['three', () => ({ order_id: NOBODY, checkout_id: NOBODY })],
  ])('needs exactly one container: %s', async (_, more) => {
    const answer = await give(more());
    expect(problems(answer)).toEqual([['value_error', 'body']]);
    expect(answer.body.detail[0].msg).toMatch(/subscription_id, order_id and checkout_id/);
  });

  test('is told of the container before the recipient', async () => {
    const answer = await tryAssign(tenant, { customer_id: NOBODY, member_id: NOBODY });
    expect(answer.body.detail).toHaveLength(1);
    expect(answer.body.detail[0].msg).toMatch(/subscription_id/);
  });

  test('is told of single fields before the rules over several', async () => {
    expect(problems(await tryAssign(tenant, { email: 'nobody' }))).toEqual([
      ['value_error', 'body', 'email'],
    ]);
  });

  test('is told of every field that is wrong, with what was sent', async () => {
    const answer = await give({ email: 7, metadata: [], immediate_claim: null });
    expect(answer.body.detail).toEqual([
      { type: 'string_type', loc: ['body', 'email'], msg: expect.any(String), input: 7 },
      { type: 'dict_type', loc: ['body', 'metadata'], msg: expect.any(String), input: [] },
      { type: 'bool_type', loc: ['body', 'immediate_claim'], msg: expect.any(String), input: null },
    ]);
  });

  test('may hold keys that nobody knows', async () => {
    expect((await give({ checkout: 'x', constructor: 1, ['__proto__']: 2 })).status).toBe(200);
  });

  test.each([
    ['without hyphens', (id: string) => id.replaceAll('-', '')],
    ['as urn:uuid:', (id: string) => `urn:uuid:${id}`],
    ['in upper case', (id: string) => id.toUpperCase()],
  ])('takes ids %s', async (_, form) => {
    expect((await give({ subscription_id: form(subscription.id) })).status).toBe(200);
  });

  test('takes ids of any version', async () => {
    const answer = await give({ subscription_id: UUID_V1 });
    expect(errorOf(answer)).toEqual([404, 'ResourceNotFound']);
  });

  test.each([
    ['subscription_id', '', 'uuid_parsing'],
    ['subscription_id', 'x', 'uuid_parsing'],
    ['subscription_id', 5, 'uuid_parsing'],
    ['subscription_id', {}, 'uuid_parsing'],
    ['subscription_id', [NOBODY], 'uuid_parsing'],
    ['subscription_id', `${NOBODY} `, 'uuid_parsing'],
    ['subscription_id', `${NOBODY}0`, 'uuid_parsing'],
    ['email', '', 'value_error'],
    ['email', 'a b@example.com', 'value_error'],
    ['email', `${'a'.repeat(65)}@example.com`, 'value_error'],
    ['email', { a: 1 }, 'string_type'],
    ['email', true, 'string_type'],
  ])('refuses %s = %j', async (key, value, type) => {
    expect(problems(await give({ [key]: value }))).toEqual([[type, 'body', key]]);
  });

  test.each(['customer_id', 'member_id'])('refuses an empty %s', async (key) => {
    const answer = await give({ email: undefined, [key]: '' });
    expect(problems(answer)).toEqual([['uuid_parsing', 'body', key]]);
  });

  test.each(['external_customer_id', 'external_member_id'])(
    'takes 255 characters of %s, and no more',
    async (key) => {
      const by = (length: number) => give({ email: undefined, [key]: 'x'.repeat(length) });
      expect((await by(255)).body.error).toMatch(/MemberNotFound|InvalidSeatAssignmentRequest/);
      expect(problems(await by(256))).toEqual([['string_too_long', 'body', key]]);
    },
  );

  test('takes 254 characters of email, and no more', async () => {
    const domain = `${'d'.repeat(63)}.${'d'.repeat(63)}.${'d'.repeat(57)}.com`;
    const email = `${'a'.repeat(64)}@${domain}`;
    expect(email).toHaveLength(254);
    expect((await give({ email })).body.email).toBe(email);
    expect(problems(await give({ email: email.replace('.com', '.comm') }))).toEqual([
      ['value_error', 'body', 'email'],
    ]);
  });

  test.each(['external_customer_id', 'external_member_id'])('refuses an empty %s', async (key) => {
    const answer = await give({ email: undefined, [key]: '' });
    expect(problems(answer)).toEqual([['string_too_short', 'body', key]]);
  });
});

describe('immediate_claim', () => {
  const YES = [true, 1, '1', 'true', 'TRUE', 'yes', 'Yes', 'on', 'oN'];
  const NO = [false, 0, '0', 'false', 'False', 'no', 'NO', 'off', 'OFF'];

  test.each([...YES.map((value) => [value, 'claimed']), ...NO.map((value) => [value, 'pending'])])(
    '%j makes the seat %s',
    async (immediate_claim, status) => {
      expect((await give({ immediate_claim })).body.status).toBe(status);
    },
  );

  test.each([
    [null, 'bool_type'],
    [[], 'bool_type'],
    [{}, 'bool_type'],
    [[true], 'bool_type'],
    [2, 'bool_parsing'],
    [-1, 'bool_parsing'],
    [0.5, 'bool_parsing'],
    ['', 'bool_parsing'],
    [' true', 'bool_parsing'],
    ['y', 'bool_parsing'],
    ['null', 'bool_parsing'],
  ])('cannot be %j', async (immediate_claim, type) => {
    const answer = await give({ immediate_claim });
    expect(problems(answer)).toEqual([[type, 'body', 'immediate_claim']]);
  });
});

describe('metadata', () => {
  const a = (count: number) => 'a'.repeat(count);
  const keys = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, index]));

  test.each([
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
    // As text: toEqual looks over a key named __proto__.
    const sorted = (value: object) => JSON.stringify(Object.entries(value).sort());
    expect(sorted(answer.body.seat_metadata)).toBe(sorted(metadata));
  });

  test.each([
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
  ])('cannot be %s', async (_, metadata, type) => {
    expect(problems(await give({ metadata }))).toEqual([[type, 'body', 'metadata']]);
  });

  test.each([[undefined], [null]])('%j is stored as an empty object', async (metadata) => {
    expect((await give({ metadata })).body.seat_metadata).toEqual({});
  });
});

describe('before the seat is given', () => {
  test('another tenant’s container is one that does not exist', async () => {
    const other = await (await api.tenant()).subscription(1);
    const foreign = await give({ subscription_id: other.id });
    const unknown = await give({ subscription_id: NOBODY });
    expect(foreign).toMatchObject({ status: 404, body: { error: 'ResourceNotFound' } });
    expect(foreign.body).toEqual(unknown.body);
  });

  test('the container is looked for before the feature', async () => {
    await setOrganization(api, tenant, { seats_enabled: false });
    expect(errorOf(await give({ subscription_id: NOBODY }))).toEqual([404, 'ResourceNotFound']);
    expect(errorOf(await give())).toEqual([403, 'FeatureNotEnabled']);
  });

  test('the feature is looked at before the state of the container', async () => {
    const order = await tenant.order(1, { status: 'pending' });
    await setOrganization(api, tenant, { seats_enabled: false });
    const answer = await tryAssign(tenant, { order_id: order.id, email: newEmail() });
    expect(errorOf(answer)).toEqual([403, 'FeatureNotEnabled']);
  });

  test.each(['active', 'trialing', 'past_due'])('a subscription %s gives seats', async (status) => {
    const { id } = await tenant.subscription(1, { status });
    expect((await give({ subscription_id: id })).status).toBe(200);
  });

  test.each(['canceled', 'unpaid', 'incomplete', 'incomplete_expired'])(
    'a subscription %s gives none',
    async (status) => {
      const { id } = await tenant.subscription(1, { status });
      const answer = await give({ subscription_id: id });
      expect(errorOf(answer)).toEqual([400, 'SeatNotAvailable']);
    },
  );

  test.each([
    ['paid', 200],
    ['partially_refunded', 200],
    ['pending', 400],
    ['refunded', 400],
    ['void', 400],
  ])('an order %s answers %i', async (status, expected) => {
    const { id } = await tenant.order(1, { status });
    const answer = await tryAssign(tenant, { order_id: id, email: newEmail() });
    expect(answer.status).toBe(expected);
    if (expected === 400) expect(answer.body.error).toBe('SeatNotAvailable');
  });

  test('the state of the container is looked at before the person', async () => {
    const { id } = await tenant.subscription(1, { status: 'unpaid' });
    const answer = await tryAssign(tenant, { subscription_id: id, member_id: NOBODY });
    expect(errorOf(answer)).toEqual([400, 'SeatNotAvailable']);
  });

  test.each([
    ['a duplicate', { email: 'ada@example.com' }],
    ['an unknown member', { member_id: NOBODY }],
    ['an unknown customer', { customer_id: NOBODY }],
  ])('on a full pool %s hears that it is full', async (_, recipient) => {
    const { id } = await tenant.subscription(1);
    await assign(tenant, { subscription_id: id, email: 'ada@example.com' });
    const answer = await tryAssign(tenant, { subscription_id: id, ...recipient });
    expect(errorOf(answer)).toEqual([400, 'SeatNotAvailable']);
  });

  test('a full pool is told of once a minute', async () => {
    const { id } = await tenant.subscription(1);
    const full = () => tryAssign(tenant, { subscription_id: id, email: newEmail() });
    for (let count = 0; count < 3; count += 1) await full();
    const exhausted = ['customer_seat.assigned', 'seats.exhausted'];
    expect(await toldOf(api, id)).toEqual(exhausted);
    api.clock.advance(61);
    await full();
    expect(await toldOf(api, id)).toEqual([...exhausted, 'seats.exhausted']);
  });

  test('one that gives no seats is not told of as full', async () => {
    const { id } = await tenant.subscription(1, { status: 'unpaid' });
    await tryAssign(tenant, { subscription_id: id, email: newEmail() });
    expect(await toldOf(api, id)).toEqual([]);
  });

  test('who was seated a moment ago in the same call hears that it is full', async () => {
    const { id } = await tenant.subscription(1);
    const seats = [{ email: 'ada@example.com' }, { email: 'ada@example.com' }];
    const body = { subscription_id: id, seats };
    const { body: answer } = await tenant.call('POST', `${SEATS}/bulk`, { body });
    expect(answer.failed).toMatchObject([{ index: 1, error: 'SeatNotAvailable' }]);
  });

  test('a refused person is not created', async () => {
    const { id } = await tenant.subscription(1);
    await assign(tenant, { subscription_id: id, email: newEmail() });
    await tryAssign(tenant, { subscription_id: id, email: 'late@example.com' });
    expect(await api.database.sql(`SELECT 1 FROM members WHERE email LIKE 'late@%'`)).toEqual([]);
  });

  test.each(['ada@example.com', 'ADA@Example.COM'])('%s cannot be seated twice', async (email) => {
    await give({ email: 'ada@example.com' });
    expect(errorOf(await give({ email }))).toEqual([400, 'SeatAlreadyAssigned']);
    expect(await poolOf(api, subscription.id)).toMatchObject({ taken: 1, held: 1 });
  });
});
