import { jest } from '@jest/globals';
import {
  assign,
  claimed,
  errorOf,
  newEmail,
  newSeat,
  NOBODY,
  poolOf,
  problems,
  revoke,
  SEATS,
  setOrganization,
  toldOf,
} from '../seats/fixtures.js';
import { startWire, tally, type Wire } from '../races/wire.js';
import type { Answer, Tenant } from '../support/app.js';

// 10,000 seats take seconds, and more where other tests run beside.
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

const bulkRevoke = (body: object): Promise<Answer> =>
  wire.send(tenant, 'POST', 'customer-seats/bulk-revoke', body);

const failures = (answer: Answer) =>
  answer.body.failed.map(({ index, error }: any) => [index, error]);

const idsOf = (answer: Answer) => answer.body.seats.map((seat: any) => seat.id);

/** A subscription with this many pending seats. */
async function seated(count: number, capacity = count) {
  const { id } = await tenant.subscription(capacity);
  const seats = Array.from({ length: count }, () => ({ email: newEmail() }));
  const { body } = await wire.send(tenant, 'POST', 'customer-seats/bulk', {
    subscription_id: id,
    seats,
  });
  return { id, seats: body.seats as any[] };
}

describe('by ids', () => {
  test('revokes pending and claimed seats, in the order of the request', async () => {
    const { id, seats } = await seated(3, 5);
    await claimed(wire.api, seats[0]);
    const answer = await bulkRevoke({ seat_ids: [seats[2].id, seats[0].id] });
    expect(answer).toMatchObject({
      status: 200,
      body: { revoked_count: 2, failed: [], available_seats: 4, total_seats: 5 },
    });
    expect(answer.body.seats).toMatchObject([
      { id: seats[2].id, status: 'revoked', email: null, member: null, customer_id: null },
      { id: seats[0].id, status: 'revoked', claimed_at: expect.any(String) },
    ]);
    expect(await poolOf(wire.api, id)).toMatchObject({ taken: 1, held: 1 });
    const [, , , , ...told] = await toldOf(wire.api, id);
    expect(told).toEqual(['customer_seat.revoked', 'customer_seat.revoked']);
  });

  test('an unknown or foreign id fails alone', async () => {
    const { seats } = await seated(1);
    const foreign = await newSeat(await wire.api.tenant());
    const answer = await bulkRevoke({ seat_ids: [NOBODY, seats[0].id, foreign.id] });
    expect(failures(answer)).toEqual([
      [0, 'ResourceNotFound'],
      [2, 'ResourceNotFound'],
    ]);
    expect(idsOf(answer)).toEqual([seats[0].id]);
    const [row] = await wire.api.database.sql('SELECT status FROM seats WHERE id = $1', [
      foreign.id,
    ]);
    expect(row).toEqual({ status: 'pending' });
  });

  test('a seat that was revoked before is shown, not counted, and nobody is told again', async () => {
    const { id, seats } = await seated(2);
    const before = (await revoke(tenant, seats[0].id)).body;
    const answer = await bulkRevoke({ seat_ids: seats.map((seat) => seat.id) });
    expect(answer.body.revoked_count).toBe(1);
    expect(answer.body.seats[0]).toEqual(before);
    const told = await toldOf(wire.api, id);
    expect(told.filter((type) => type === 'customer_seat.revoked')).toHaveLength(2);
  });

  test('an id named twice is revoked once', async () => {
    const { seats } = await seated(1);
    const answer = await bulkRevoke({ seat_ids: [seats[0].id, seats[0].id.toUpperCase()] });
    expect(answer.body.revoked_count).toBe(1);
  });

  test('of several containers: the totals are null', async () => {
    const one = await seated(1);
    const two = await seated(1);
    const answer = await bulkRevoke({ seat_ids: [one.seats[0].id, two.seats[0].id] });
    expect(answer.body).toMatchObject({
      revoked_count: 2,
      available_seats: null,
      total_seats: null,
    });
  });

  test('10,000 of them in one call', async () => {
    const { id, seats } = await seated(10_000);
    const answer = await bulkRevoke({ seat_ids: seats.map((seat) => seat.id) });
    expect(answer.body).toMatchObject({ revoked_count: 10_000, available_seats: 10_000 });
    expect(await poolOf(wire.api, id)).toMatchObject({ taken: 0, held: 0 });
  });

  test('when seats are switched off is a 403', async () => {
    const { seats } = await seated(1);
    await setOrganization(wire.api, tenant, { seats_enabled: false });
    expect(errorOf(await bulkRevoke({ seat_ids: [seats[0].id] }))).toEqual([
      403,
      'FeatureNotEnabled',
    ]);
  });
});

describe('by e-mails', () => {
  test('revokes the seats of these people in this container, without minding case', async () => {
    const { id, seats } = await seated(2);
    const elsewhere = await newSeat(tenant, { email: seats[0].email });
    const answer = await bulkRevoke({
      subscription_id: id,
      emails: [seats[0].email.toUpperCase(), newEmail(), seats[1].email],
    });
    expect(idsOf(answer)).toEqual([seats[0].id, seats[1].id]);
    expect(failures(answer)).toEqual([[1, 'ResourceNotFound']]);
    expect(answer.body).toMatchObject({ revoked_count: 2, available_seats: 2, total_seats: 2 });
    const other = await tenant.call('GET', `${SEATS}/${elsewhere.id}`);
    expect(other.body.status).toBe('pending');
  });

  test('a person without a seat any more fails', async () => {
    const { id, seats } = await seated(1);
    await revoke(tenant, seats[0].id);
    const answer = await bulkRevoke({ subscription_id: id, emails: [seats[0].email] });
    expect(failures(answer)).toEqual([[0, 'ResourceNotFound']]);
    expect(answer.body.revoked_count).toBe(0);
  });

  test('of an order works alike', async () => {
    const { id } = await tenant.order(1);
    const seat = await assign(tenant, { order_id: id, email: newEmail() });
    const answer = await bulkRevoke({ order_id: id, emails: [seat.email] });
    expect(idsOf(answer)).toEqual([seat.id]);
  });
});

describe('all', () => {
  test('revokes every active seat and shows none', async () => {
    const { id, seats } = await seated(3, 4);
    await claimed(wire.api, seats[0]);
    await revoke(tenant, seats[1].id);
    expect(await bulkRevoke({ subscription_id: id, all: true })).toMatchObject({
      status: 200,
      body: { seats: [], revoked_count: 2, failed: [], available_seats: 4, total_seats: 4 },
    });
  });

  test('knows no limit, and others may revoke meanwhile', async () => {
    const { id } = await tenant.subscription(12_000);
    await wire.api.database.sql(
      `WITH p AS (SELECT * FROM pools WHERE subscription_id = $1), m AS (
         INSERT INTO members (organization_id, id, created_at, customer_id, email)
         SELECT p.organization_id, gen_random_uuid(), now(), p.customer_id, 'p' || n || '@example.com'
         FROM p, generate_series(1, 12000) n RETURNING *)
       INSERT INTO seats (organization_id, id, created_at, pool_id, status, customer_id, member_id,
         email, claimed_at)
       SELECT m.organization_id, gen_random_uuid(), now(), p.id, 'claimed', m.customer_id, m.id,
         m.email, now() FROM p, m`,
      [id],
    );
    const list = await tenant.call('GET', `${SEATS}?subscription_id=${id}&limit=20`);
    const answers = await Promise.all([
      bulkRevoke({ subscription_id: id, all: true }),
      ...list.body.seats.map((seat: any) =>
        wire.send(tenant, 'DELETE', `customer-seats/${seat.id}`),
      ),
    ]);
    expect(tally(answers)).toEqual({ 200: 21 });
    expect(await poolOf(wire.api, id)).toMatchObject({ taken: 0, held: 0 });
    const told = await toldOf(wire.api, id);
    expect(told).toHaveLength(12_000);
  });
});

describe('the shape', () => {
  test.each([
    [{}, ['value_error', 'body']],
    [{ seat_ids: [NOBODY], all: true }, ['value_error', 'body']],
    [{ seat_ids: [NOBODY], emails: ['a@example.com'] }, ['value_error', 'body']],
    [{ seat_ids: [NOBODY], subscription_id: NOBODY }, ['value_error', 'body']],
    [{ emails: ['a@example.com'] }, ['value_error', 'body']],
    [{ all: true }, ['value_error', 'body']],
    [{ all: false, subscription_id: NOBODY }, ['value_error', 'body']],
    [{ all: true, subscription_id: NOBODY, order_id: NOBODY }, ['value_error', 'body']],
    [{ seat_ids: [] }, ['too_short', 'body', 'seat_ids']],
    [{ emails: [], subscription_id: NOBODY }, ['too_short', 'body', 'emails']],
    [{ seat_ids: 'x' }, ['list_type', 'body', 'seat_ids']],
    [{ seat_ids: [NOBODY, 'x'] }, ['uuid_parsing', 'body', 'seat_ids', 1]],
    [{ emails: [1], subscription_id: NOBODY }, ['string_type', 'body', 'emails', 0]],
  ])('%j is a 422', async (body, expected) => {
    expect(problems(await bulkRevoke(body))).toEqual([expected]);
  });

  test.each(['seat_ids', 'emails'])('10,001 %s are a 422', async (key) => {
    const item = key === 'emails' ? 'a@example.com' : NOBODY;
    const body = {
      ...(key === 'emails' && { subscription_id: NOBODY }),
      [key]: Array<string>(10_001).fill(item),
    };
    expect(problems(await bulkRevoke(body))).toEqual([['too_long', 'body', key]]);
  });

  test('an unknown container is a 404', async () => {
    const answer = await bulkRevoke({ subscription_id: NOBODY, all: true });
    expect(errorOf(answer)).toEqual([404, 'ResourceNotFound']);
  });
});
