import { randomUUID } from 'node:crypto';
import { jest } from '@jest/globals';
import { expectNoFailures, startWire, tally, type Wire } from '../../races/wire.js';
import {
  assign,
  claim,
  errorOf,
  newEmail,
  UNKNOWN_ID,
  poolOf,
  problems,
  type Seat,
  SEAT_KEYS,
  SEATS,
  setOrganization,
  eventTypesOf,
  tryAssign,
} from '../fixtures.js';
import type { Answer, Tenant } from '../../support/app.js';

const BULK = `${SEATS}/bulk`;
const MEGABYTE = 1024 * 1024;
// 10,000 seats take seconds, and longer while other tests run.
jest.setTimeout(180_000);

let wire: Wire;
let tenant: Tenant;

beforeAll(async () => {
  wire = await startWire();
});
beforeEach(async () => {
  tenant = await wire.api.tenant();
});
afterAll(() => wire?.api.close());

/** Calls bulk over HTTP, so that a large body arrives in pieces, as it does from clients. */
const bulk = (body: object, query = '') =>
  wire.send(tenant, 'POST', `customer-seats/bulk${query}`, body);

const people = (count: number, prefix = randomUUID().slice(0, 8)) =>
  Array.from({ length: count }, (_, index) => ({ email: `${prefix}-${index}@example.com` }));

interface BulkFailure {
  index: number;
  error: string;
}

const failures = (answer: Answer) =>
  answer.body.failed.map(({ index, error }: BulkFailure) => [index, error] as const);

const emailsOf = (answer: Answer) => answer.body.seats.map(({ email }: Seat) => email);

/** How many events of each type a container has. */
async function eventCounts(containerId: string): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const type of await eventTypesOf(wire.api, containerId))
    counts[type] = (counts[type] ?? 0) + 1;
  return counts;
}

describe('POST /v1/customer-seats/bulk with thousands of people', () => {
  it.each([true, false])(
    'seats 10,000 in one atomic call with one event each (member model: %s)',
    async (member_model_enabled) => {
      await setOrganization(wire.api, tenant, { member_model_enabled });
      const { id } = await tenant.subscription(10_000);
      const seats = people(10_000);
      const answer = await bulk({ subscription_id: id, mode: 'atomic', seats });
      expect(answer).toMatchObject({
        status: 200,
        body: { failed: [], available_seats: 0, total_seats: 10_000 },
      });
      expect(emailsOf(answer)).toEqual(seats.map(({ email }) => email));
      expect(await poolOf(wire.api, id)).toMatchObject({ taken: 10_000, held: 10_000 });
      expect(await eventCounts(id)).toEqual({ 'customer_seat.assigned': 10_000 });
    },
  );

  it('changes nothing in an atomic call of 10,000 for 9,999 places, and names the failed index', async () => {
    const { id } = await tenant.subscription(9_999);
    const answer = await bulk({ subscription_id: id, mode: 'atomic', seats: people(10_000) });
    expect(errorOf(answer)).toEqual([400, 'BulkAssignmentFailed']);
    expect(failures(answer)).toEqual([[9_999, 'SeatNotAvailable']]);
    expect(await poolOf(wire.api, id)).toMatchObject({ taken: 0, held: 0 });
    expect(await eventCounts(id)).toEqual({ 'seats.exhausted': 1 });
    const members = await wire.api.database.sql(
      `SELECT 1 FROM members WHERE organization_id = $1 AND role = 'member'`,
      [tenant.id],
    );
    expect(members).toEqual([]);
  });

  it('seats 9,999 in a partial call of 10,000 for 9,999 places, and fails the last one', async () => {
    const { id } = await tenant.subscription(9_999);
    const answer = await bulk({ subscription_id: id, seats: people(10_000) });
    expect(answer.body.seats).toHaveLength(9_999);
    expect(failures(answer)).toEqual([[9_999, 'SeatNotAvailable']]);
    expect(await poolOf(wire.api, id)).toMatchObject({ taken: 9_999, held: 9_999 });
  });

  it('refuses 10,001', async () => {
    const { id } = await tenant.subscription(1);
    const answer = await bulk({ subscription_id: id, seats: people(10_001) });
    expect(problems(answer)).toEqual([['too_long', 'body', 'seats']]);
  });

  it('gives every person one seat when two calls name them in opposite order', async () => {
    const { id } = await tenant.subscription(4_000);
    const seats = people(2_000);
    const answers = await Promise.all([
      bulk({ subscription_id: id, seats }),
      bulk({ subscription_id: id, seats: seats.toReversed() }),
    ]);
    expectNoFailures(answers);
    expect(tally(answers)).toEqual({ 200: 2 });
    const seated = answers.map((answer) => answer.body.seats.length);
    expect(seated.sort((a, b) => a - b)).toEqual([0, 2_000]);
    expect(await poolOf(wire.api, id)).toMatchObject({ taken: 2_000, held: 2_000 });
  });

  it.each([true, false])(
    'creates every person once when two calls seat them in two pools of a buyer (member model: %s)',
    async (member_model_enabled) => {
      await setOrganization(wire.api, tenant, { member_model_enabled });
      const one = await tenant.subscription(2_000);
      const { product_id, customer_id } = one;
      const two = await tenant.create('orders', { product_id, customer_id, seats: 2_000 });
      const seats = people(2_000);
      const answers = await Promise.all([
        bulk({ subscription_id: one.id, seats }),
        bulk({ order_id: two.id, seats: seats.toReversed() }),
      ]);
      expect(answers.map((answer) => [answer.status, answer.body.seats?.length])).toEqual([
        [200, 2_000],
        [200, 2_000],
      ]);
      const [count] = await wire.api.database.sql(
        `SELECT count(*)::int AS rows, count(DISTINCT lower(email))::int AS people FROM members
         WHERE organization_id = $1 AND customer_id = $2`,
        [tenant.id, customer_id],
      );
      expect(count).toEqual({ rows: 2_001, people: 2_001 });
    },
  );
});

describe('the body of POST /v1/customer-seats/bulk', () => {
  it('is refused with an empty list', async () => {
    const { id } = await tenant.subscription(1);
    const answer = await bulk({ subscription_id: id, seats: [] });
    expect(problems(answer)).toEqual([['too_short', 'body', 'seats']]);
  });

  it.each([
    ['nothing', undefined, [['missing', 'body', 'seats']]],
    ['an object', {}, [['list_type', 'body', 'seats']]],
    ['a list of strings', ['ada@example.com'], [['dict_type', 'body', 'seats', 0]]],
    ['a list with null', [null], [['dict_type', 'body', 'seats', 0]]],
    ['a list of lists', [[]], [['dict_type', 'body', 'seats', 0]]],
  ])('is refused with %s as seats', async (_, seats, expected) => {
    const { id } = await tenant.subscription(1);
    expect(problems(await bulk({ subscription_id: id, seats }))).toEqual(expected);
  });

  it.each([
    [{ email: 'nobody' }, ['value_error', 'body', 'seats', 3, 'email']],
    [{ email: newEmail(), metadata: [] }, ['dict_type', 'body', 'seats', 3, 'metadata']],
    [
      { email: newEmail(), metadata: { k: 'a'.repeat(1016) } },
      ['value_error', 'body', 'seats', 3, 'metadata'],
    ],
    [{ email: newEmail(), if_assigned: 'skip' }, ['enum', 'body', 'seats', 3, 'if_assigned']],
    [
      { email: newEmail(), invitation_expires_in: 59 },
      ['greater_than_equal', 'body', 'seats', 3, 'invitation_expires_in'],
    ],
    [
      { email: newEmail(), immediate_claim: null },
      ['bool_type', 'body', 'seats', 3, 'immediate_claim'],
    ],
    [{ member_id: 'x' }, ['uuid_parsing', 'body', 'seats', 3, 'member_id']],
    [{ external_member_id: '' }, ['string_too_short', 'body', 'seats', 3, 'external_member_id']],
    [{ email: 'a\0@example.com' }, ['value_error', 'body', 'seats', 3, 'email']],
    [{}, ['value_error', 'body', 'seats', 3]],
    [{ email: newEmail(), customer_id: UNKNOWN_ID }, ['value_error', 'body', 'seats', 3]],
    [{ member_id: UNKNOWN_ID, external_member_id: 'x' }, ['value_error', 'body', 'seats', 3]],
  ])('is refused as a whole for one invalid item: %j', async (wrong, expected) => {
    const { id } = await tenant.subscription(5);
    const seats = [...people(3), wrong, ...people(1)];
    expect(problems(await bulk({ subscription_id: id, seats }))).toEqual([expected]);
    expect(await poolOf(wire.api, id)).toMatchObject({ taken: 0 });
  });

  it('is refused for its containers before its items are checked', async () => {
    const body = { subscription_id: UNKNOWN_ID, order_id: UNKNOWN_ID, seats: [{}] };
    expect(problems(await bulk(body))).toEqual([['value_error', 'body']]);
  });

  it('is refused with an unknown mode', async () => {
    const body = { subscription_id: UNKNOWN_ID, mode: 'some', seats: people(1) };
    expect(problems(await bulk(body))).toEqual([['enum', 'body', 'mode']]);
  });

  it('may have 10 MiB, and not 11', async () => {
    const { id } = await tenant.subscription(1);
    const sized = (size: number) => ({
      subscription_id: id,
      seats: people(1),
      ignored: 'x'.repeat(size),
    });
    expect((await bulk(sized(9.9 * MEGABYTE))).status).toBe(200);
    const { status } = await tenant.call('POST', BULK, { body: sized(11 * MEGABYTE) });
    expect(status).toBe(413);
  });
});

describe('the container of POST /v1/customer-seats/bulk', () => {
  it.each(['subscription', 'order'] as const)('may be one %s', async (kind) => {
    const { id } = await tenant[kind](3);
    const answer = await bulk({ [`${kind}_id`]: id, seats: people(2) });
    expect(answer.body).toMatchObject({ failed: [], available_seats: 1, total_seats: 3 });
    expect(answer.body.seats).toMatchObject([{ [`${kind}_id`]: id }, { [`${kind}_id`]: id }]);
  });

  it('may be a succeeded checkout', async () => {
    const product = await tenant.create('products', { name: 'Pro' });
    const checkout = await tenant.create('checkouts', {
      product_id: product.id,
      status: 'succeeded',
    });
    const sold = await tenant.subscription(2, { checkout_id: checkout.id });
    const answer = await bulk({
      checkout_id: checkout.id,
      checkout_client_secret: checkout.client_secret,
      seats: people(1),
    });
    expect(answer.body.seats).toMatchObject([{ subscription_id: sold.id }]);
  });

  it('is answered with 404 when it is unknown', async () => {
    const answer = await bulk({ subscription_id: UNKNOWN_ID, seats: people(1) });
    expect(errorOf(answer)).toEqual([404, 'ResourceNotFound']);
  });

  it('is answered with 404 when it belongs to another tenant', async () => {
    const { id } = await (await wire.api.tenant()).subscription(1);
    const answer = await bulk({ subscription_id: id, seats: people(1) });
    expect(errorOf(answer)).toEqual([404, 'ResourceNotFound']);
  });

  it('is answered with 403 when seats are switched off', async () => {
    const { id } = await tenant.subscription(1);
    await setOrganization(wire.api, tenant, { seats_enabled: false });
    const answer = await bulk({ subscription_id: id, seats: people(1) });
    expect(errorOf(answer)).toEqual([403, 'FeatureNotEnabled']);
  });

  it('fails every item when it cannot give seats', async () => {
    const { id } = await tenant.order(5, { status: 'pending' });
    const answer = await bulk({ order_id: id, seats: people(2) });
    expect(answer).toMatchObject({ status: 200, body: { seats: [], total_seats: 5 } });
    expect(failures(answer)).toEqual([
      [0, 'SeatNotAvailable'],
      [1, 'SeatNotAvailable'],
    ]);
    expect(await eventTypesOf(wire.api, id)).toEqual([]);
  });

  it('cannot be used without the scope to write', async () => {
    const token = await tenant.tokenWith('customer_seats:read');
    const answer = await tenant.call('POST', BULK, { token, body: {} });
    expect(errorOf(answer)).toEqual([403, 'insufficient_scope']);
  });
});

describe('the items of POST /v1/customer-seats/bulk', () => {
  it('fail with the errors of single calls, while the others are seated in order', async () => {
    const { id, customer_id } = await tenant.subscription(20);
    const seated = await assign(tenant, { subscription_id: id, email: newEmail() });
    const member = await tenant.create('members', {
      customer_id,
      email: newEmail(),
      external_id: 'emp-1',
    });
    const [first, second] = people(2);
    const answer = await bulk({
      subscription_id: id,
      seats: [
        first,
        { email: seated.email.toUpperCase() },
        { member_id: UNKNOWN_ID },
        { external_member_id: 'nobody' },
        { external_member_id: 'emp-1', email: newEmail() },
        { customer_id: UNKNOWN_ID },
        { external_customer_id: 'nobody' },
        { member_id: member.id },
        { email: member.email },
        second,
        first,
      ],
    });
    expect(failures(answer)).toEqual([
      [1, 'SeatAlreadyAssigned'],
      [2, 'MemberNotFound'],
      [3, 'MemberNotFound'],
      [4, 'MemberEmailMismatch'],
      [5, 'InvalidSeatAssignmentRequest'],
      [6, 'InvalidSeatAssignmentRequest'],
      [8, 'SeatAlreadyAssigned'],
      [10, 'SeatAlreadyAssigned'],
    ]);
    expect(emailsOf(answer)).toEqual([first?.email, member.email, second?.email]);
    expect(answer.body).toMatchObject({ available_seats: 16, total_seats: 20 });
    for (const failure of answer.body.failed) {
      expect(failure).toEqual({
        index: expect.any(Number),
        error: expect.any(String),
        detail: expect.stringMatching(/\.$/),
      });
    }
  });

  it('fail with CustomerNotFound for an unknown customer without the member model', async () => {
    await setOrganization(wire.api, tenant, { member_model_enabled: false });
    const { id, customer_id } = await tenant.subscription(5);
    const customer = await tenant.create('customers', { email: newEmail(), external_id: 'c-1' });
    const answer = await bulk({
      subscription_id: id,
      seats: [
        { customer_id: UNKNOWN_ID },
        { external_customer_id: 'c-1' },
        { email: customer.email },
      ],
    });
    expect(failures(answer)).toEqual([
      [0, 'CustomerNotFound'],
      [2, 'SeatAlreadyAssigned'],
    ]);
    const [seat] = answer.body.seats;
    expect(seat).toMatchObject({ customer_id: customer.id, member: { customer_id } });
  });

  it('change nothing in an atomic call when one fails, and all failures are listed', async () => {
    const { id } = await tenant.subscription(5);
    const [person] = people(1);
    const seats = [person, person, { member_id: UNKNOWN_ID }];
    const answer = await bulk({ subscription_id: id, mode: 'atomic', seats });
    expect(errorOf(answer)).toEqual([400, 'BulkAssignmentFailed']);
    expect(failures(answer)).toEqual([
      [1, 'SeatAlreadyAssigned'],
      [2, 'MemberNotFound'],
    ]);
    expect(await poolOf(wire.api, id)).toMatchObject({ taken: 0, held: 0 });
    expect(await eventTypesOf(wire.api, id)).toEqual([]);
  });

  it('take no place when they fail', async () => {
    const { id } = await tenant.subscription(1);
    const answer = await bulk({
      subscription_id: id,
      seats: [{ member_id: UNKNOWN_ID }, ...people(2)],
    });
    expect(failures(answer)).toEqual([
      [0, 'MemberNotFound'],
      [2, 'SeatNotAvailable'],
    ]);
  });

  it('fail with SeatNotAvailable on a full pool, even for a duplicate', async () => {
    const { id } = await tenant.subscription(1);
    const seat = await assign(tenant, { subscription_id: id, email: newEmail() });
    const answer = await bulk({ subscription_id: id, seats: [{ email: seat.email }] });
    expect(failures(answer)).toEqual([[0, 'SeatNotAvailable']]);
  });

  it('return the existing seat with if_assigned: "return", even on a full pool', async () => {
    const { id } = await tenant.subscription(1);
    const seat = await assign(tenant, { subscription_id: id, email: newEmail() });
    const seats = [{ email: seat.email, if_assigned: 'return' }, { email: newEmail() }];
    const answer = await bulk({ subscription_id: id, seats });
    expect(answer.body.seats).toEqual([seat]);
    expect(failures(answer)).toEqual([[1, 'SeatNotAvailable']]);
  });

  it.each([true, false])(
    'fail like single calls, for every pair of people (member model: %s)',
    async (member_model_enabled) => {
      await setOrganization(wire.api, tenant, { member_model_enabled });
      const [ada, bob] = [{ email: 'ada@example.com' }, { email: 'bob@example.com' }];
      const [one, two] = [{ external_member_id: 'x-1' }, { external_member_id: 'x-2' }];
      await tenant.create('customers', { ...ada, external_id: 'x-1' });
      const firsts = [ada, one, { ...ada, ...one }, { external_customer_id: 'x-1' }];
      const seconds = [...firsts, bob, two, { ...ada, ...two }, { ...bob, ...one }];
      for (const first of firsts) {
        for (const second of [...seconds, { ...bob, ...two }]) {
          const seats = [first, second];
          const single = await tenant.subscription(5);
          const errors: unknown[] = [];
          for (const seat of seats) {
            const answer = await tryAssign(tenant, { subscription_id: single.id, ...seat });
            errors.push(answer.body.error);
          }
          const { id } = await tenant.subscription(5);
          const answer = await bulk({ subscription_id: id, seats });
          const failed = new Map<number, string>(failures(answer));
          expect([seats, seats.map((_, index) => failed.get(index))]).toEqual([seats, errors]);
        }
      }
    },
    60_000,
  );

  it.each([true, false])(
    'with if_assigned: "return" get the seats that single calls return (member model: %s)',
    async (member_model_enabled) => {
      await setOrganization(wire.api, tenant, { member_model_enabled });
      const [ada, one] = [{ email: 'ada@example.com' }, { external_member_id: 'x-1' }];
      await tenant.create('customers', { ...ada, external_id: 'x-1' });
      const items = [ada, one, { ...ada, ...one }, { external_customer_id: 'x-1' }].map((item) => ({
        ...item,
        if_assigned: 'return',
      }));
      const shown = (results: (Seat | string)[]) =>
        results.map((result) =>
          typeof result === 'string'
            ? result
            : [
                result.member.email,
                results.findIndex((each) => typeof each !== 'string' && each.id === result.id),
              ],
        );
      for (const first of items) {
        for (const second of items) {
          for (const third of items) {
            const seats = [first, second, third];
            const single = await tenant.subscription(1);
            const expected: (Seat | string)[] = [];
            for (const seat of seats) {
              const { body } = await tryAssign(tenant, { subscription_id: single.id, ...seat });
              expected.push(body.error ?? body);
            }
            const { id } = await tenant.subscription(1);
            const { body } = await bulk({ subscription_id: id, seats });
            const errors = new Map(
              body.failed.map(({ index, error }: BulkFailure) => [index, error]),
            );
            const answered = [...body.seats];
            const results = seats.map((_, index) => errors.get(index) ?? answered.shift());
            expect([seats, shown(results)]).toEqual([seats, shown(expected)]);
            const externalIds = async (container: string) =>
              wire.api.database.sql(
                `SELECT m.email, m.external_id FROM members m JOIN pools p
                   ON p.customer_id = m.customer_id WHERE p.subscription_id = $1
                   AND m.external_id IS NOT NULL`,
                [container],
              );
            expect([seats, await externalIds(id)]).toEqual([seats, await externalIds(single.id)]);
          }
        }
      }
    },
    60_000,
  );

  it('are listed in the order of the request, on pages too', async () => {
    const { id } = await tenant.subscription(200);
    const seats = people(200);
    const { body } = await bulk({ subscription_id: id, seats });
    const emails = seats.map(({ email }) => email);
    expect(body.seats.map(({ email }: Seat) => email)).toEqual(emails);
    const listed: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const from: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const page = await tenant.call('GET', `${SEATS}?subscription_id=${id}&limit=90${from}`);
      listed.push(...page.body.seats.map(({ email }: Seat) => email));
      cursor = page.body.next_cursor;
    }
    expect(listed).toEqual(emails);
  });

  it('fail for the second of two people with the same external id', async () => {
    const { id } = await tenant.subscription(5);
    const [ada, bob] = people(2);
    const seats = [
      { ...ada, external_member_id: 'emp-1' },
      { ...bob, external_member_id: 'emp-1' },
    ];
    const answer = await bulk({ subscription_id: id, seats });
    expect(answer.status).toBe(200);
    expect(failures(answer)).toEqual([[1, 'MemberEmailMismatch']]);
    expect(emailsOf(answer)).toEqual([ada?.email]);
  });

  it('link an external id to a member that has none, and fail for a second person with it', async () => {
    const { id, customer_id } = await tenant.subscription(5);
    const member = await tenant.create('members', { customer_id, email: newEmail() });
    const seats = [
      { email: member.email, external_member_id: 'emp-1' },
      { email: newEmail(), external_member_id: 'emp-1' },
    ];
    const answer = await bulk({ subscription_id: id, seats });
    expect(answer.status).toBe(200);
    expect(answer.body.seats).toMatchObject([
      { member_id: member.id, member: { external_id: 'emp-1' } },
    ]);
    expect(failures(answer)).toEqual([[1, 'MemberEmailMismatch']]);
  });

  it('each have their own metadata, expiry and immediate claim', async () => {
    const { id } = await tenant.subscription(3);
    const [ada, bob] = people(2);
    const { body } = await bulk({
      subscription_id: id,
      seats: [
        { ...ada, metadata: { team: 'a' }, invitation_expires_in: 60 },
        { ...bob, immediate_claim: 'yes' },
      ],
    });
    const [first, second] = body.seats;
    expect(first).toMatchObject({ status: 'pending', seat_metadata: { team: 'a' } });
    expect(Date.parse(first.invitation_token_expires_at) - Date.parse(first.created_at)).toBe(
      60_000,
    );
    expect(second).toMatchObject({ status: 'claimed', invitation_token_expires_at: null });
    expect(await eventTypesOf(wire.api, id)).toEqual([
      'customer_seat.assigned',
      'customer_seat.claimed',
    ]);
  });

  it('send no mail with send_invitation: false', async () => {
    const { id } = await tenant.subscription(2);
    const [ada, bob] = people(2);
    await bulk({ subscription_id: id, seats: [{ ...ada, send_invitation: false }, bob] });
    const rows = await wire.api.database.sql(
      `SELECT invites FROM events WHERE subscription_id = $1 ORDER BY data ->> 'email'`,
      [id],
    );
    expect(rows).toEqual([{ invites: false }, { invites: true }]);
  });

  it('show invitations that work, and only with include=invitation', async () => {
    const { id } = await tenant.subscription(4);
    const plain = await bulk({ subscription_id: id, seats: people(1) });
    expect(Object.keys(plain.body.seats[0]).sort()).toEqual(SEAT_KEYS.toSorted());
    const [ada] = people(1);
    const seats = [ada, { email: newEmail(), immediate_claim: true }];
    const { body } = await bulk({ subscription_id: id, seats }, '?include=invitation');
    const [first, second] = body.seats;
    expect(first.invitation).toEqual({
      token: expect.stringMatching(/^[\w-]{43,}$/),
      url: expect.stringContaining(first.invitation.token),
      expires_at: first.invitation_token_expires_at,
    });
    expect(second.invitation).toBeNull();
    const answer = await claim(wire.api, first.invitation.token);
    expect(answer.body.seat).toMatchObject({ id: first.id, status: 'claimed' });
  });

  it('fail for a person who is deleted while the call waits', async () => {
    const { id, customer_id } = await tenant.subscription(2);
    const member = await tenant.create('members', { customer_id, email: newEmail() });
    const { sql } = wire.api.database;
    // This transaction deletes the member, and stays open until the bulk call waits for it.
    const deletion = sql(
      `DO $$ BEGIN
       UPDATE members SET deleted_at = now() WHERE id = '${member.id}';
       WHILE NOT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'
         AND datname = current_database() AND application_name = 'seats')
       LOOP PERFORM pg_stat_clear_snapshot(); PERFORM pg_sleep(0.01); END LOOP;
     END $$`,
    );
    await sql(
      `DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM pg_stat_activity
       WHERE datname = current_database() AND query LIKE '%UPDATE members SET deleted_at = now()%'
       AND pid <> pg_backend_pid() AND state = 'active' AND backend_xid IS NOT NULL)
     LOOP PERFORM pg_stat_clear_snapshot(); PERFORM pg_sleep(0.01); END LOOP; END $$`,
    );
    const answer = await bulk({ subscription_id: id, seats: [{ member_id: member.id }] });
    await deletion;
    expect(failures(answer)).toEqual([[0, 'MemberNotFound']]);
    expect(await poolOf(wire.api, id)).toMatchObject({ taken: 0, held: 0 });
  });
});
