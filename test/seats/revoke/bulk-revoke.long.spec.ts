import { jest } from '@jest/globals';
import {
  assign,
  claimed,
  errorOf,
  newEmail,
  newSeat,
  UNKNOWN_ID,
  poolOf,
  problems,
  revoke,
  type Seat,
  SEATS,
  setOrganization,
  eventTypesOf,
} from '../fixtures.js';
import { startWire, tally, type Wire } from '../../races/wire.js';
import type { Answer, Tenant } from '../../support/app.js';

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

const bulkRevoke = (body: object): Promise<Answer> =>
  wire.send(tenant, 'POST', 'customer-seats/bulk-revoke', body);

const failures = (answer: Answer) =>
  answer.body.failed.map(({ index, error }: { index: number; error: string }) => [index, error]);

const idsOf = (answer: Answer) => answer.body.seats.map(({ id }: Seat) => id);

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

describe('POST /v1/customer-seats/bulk-revoke with seat_ids', () => {
  it('revokes pending and claimed seats, in the order of the request', async () => {
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
    const [, , , , ...told] = await eventTypesOf(wire.api, id);
    expect(told).toEqual(['customer_seat.revoked', 'customer_seat.revoked']);
  });

  it('fails only for an unknown or foreign id', async () => {
    const { seats } = await seated(1);
    const foreign = await newSeat(await wire.api.tenant());
    const answer = await bulkRevoke({ seat_ids: [UNKNOWN_ID, seats[0].id, foreign.id] });
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

  it('shows a seat that was already revoked, without counting it or writing another event', async () => {
    const { id, seats } = await seated(2);
    const before = (await revoke(tenant, seats[0].id)).body;
    const answer = await bulkRevoke({ seat_ids: seats.map((seat) => seat.id) });
    expect(answer.body.revoked_count).toBe(1);
    expect(answer.body.seats[0]).toEqual(before);
    const told = await eventTypesOf(wire.api, id);
    expect(told.filter((type) => type === 'customer_seat.revoked')).toHaveLength(2);
  });

  it('revokes a seat once when its id is sent twice', async () => {
    const { seats } = await seated(1);
    const answer = await bulkRevoke({ seat_ids: [seats[0].id, seats[0].id.toUpperCase()] });
    expect(answer.body.revoked_count).toBe(1);
  });

  it('shows null totals for seats of several containers', async () => {
    const one = await seated(1);
    const two = await seated(1);
    const answer = await bulkRevoke({ seat_ids: [one.seats[0].id, two.seats[0].id] });
    expect(answer.body).toMatchObject({
      revoked_count: 2,
      available_seats: null,
      total_seats: null,
    });
  });

  it('revokes 10,000 seats in one call', async () => {
    const { id, seats } = await seated(10_000);
    const answer = await bulkRevoke({ seat_ids: seats.map((seat) => seat.id) });
    expect(answer.body).toMatchObject({ revoked_count: 10_000, available_seats: 10_000 });
    expect(await poolOf(wire.api, id)).toMatchObject({ taken: 0, held: 0 });
  });

  it('answers 403 when seats are switched off', async () => {
    const { seats } = await seated(1);
    await setOrganization(wire.api, tenant, { seats_enabled: false });
    expect(errorOf(await bulkRevoke({ seat_ids: [seats[0].id] }))).toEqual([
      403,
      'FeatureNotEnabled',
    ]);
  });
});

describe('POST /v1/customer-seats/bulk-revoke with emails', () => {
  it('revokes the seats of these people in this container, regardless of case', async () => {
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

  it('fails for a person whose seat was revoked', async () => {
    const { id, seats } = await seated(1);
    await revoke(tenant, seats[0].id);
    const answer = await bulkRevoke({ subscription_id: id, emails: [seats[0].email] });
    expect(failures(answer)).toEqual([[0, 'ResourceNotFound']]);
    expect(answer.body.revoked_count).toBe(0);
  });

  it('revokes seats of an order', async () => {
    const { id } = await tenant.order(1);
    const seat = await assign(tenant, { order_id: id, email: newEmail() });
    const answer = await bulkRevoke({ order_id: id, emails: [seat.email] });
    expect(idsOf(answer)).toEqual([seat.id]);
  });
});

describe('POST /v1/customer-seats/bulk-revoke with all', () => {
  it('revokes every active seat and shows none', async () => {
    const { id, seats } = await seated(3, 4);
    await claimed(wire.api, seats[0]);
    await revoke(tenant, seats[1].id);
    expect(await bulkRevoke({ subscription_id: id, all: true })).toMatchObject({
      status: 200,
      body: { seats: [], revoked_count: 2, failed: [], available_seats: 4, total_seats: 4 },
    });
  });

  it('revokes any number of seats while other calls revoke some of them', async () => {
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
      ...list.body.seats.map((seat: Seat) =>
        wire.send(tenant, 'DELETE', `customer-seats/${seat.id}`),
      ),
    ]);
    expect(tally(answers)).toEqual({ 200: 21 });
    expect(await poolOf(wire.api, id)).toMatchObject({ taken: 0, held: 0 });
    const told = await eventTypesOf(wire.api, id);
    expect(told).toHaveLength(12_000);
  });
});

describe('the body of POST /v1/customer-seats/bulk-revoke', () => {
  it.each([
    [{}, ['value_error', 'body']],
    [{ seat_ids: [UNKNOWN_ID], all: true }, ['value_error', 'body']],
    [{ seat_ids: [UNKNOWN_ID], emails: ['a@example.com'] }, ['value_error', 'body']],
    [{ seat_ids: [UNKNOWN_ID], subscription_id: UNKNOWN_ID }, ['value_error', 'body']],
    [{ emails: ['a@example.com'] }, ['value_error', 'body']],
    [{ all: true }, ['value_error', 'body']],
    [{ all: false, subscription_id: UNKNOWN_ID }, ['value_error', 'body']],
    [{ all: true, subscription_id: UNKNOWN_ID, order_id: UNKNOWN_ID }, ['value_error', 'body']],
    [{ seat_ids: [] }, ['too_short', 'body', 'seat_ids']],
    [{ emails: [], subscription_id: UNKNOWN_ID }, ['too_short', 'body', 'emails']],
    [{ seat_ids: 'x' }, ['list_type', 'body', 'seat_ids']],
    [{ seat_ids: [UNKNOWN_ID, 'x'] }, ['uuid_parsing', 'body', 'seat_ids', 1]],
    [{ emails: [1], subscription_id: UNKNOWN_ID }, ['string_type', 'body', 'emails', 0]],
  ])('is refused when it is %j', async (body, expected) => {
    expect(problems(await bulkRevoke(body))).toEqual([expected]);
  });

  it.each(['seat_ids', 'emails'])('is refused with 10,001 %s', async (key) => {
    const item = key === 'emails' ? 'a@example.com' : UNKNOWN_ID;
    const body = {
      ...(key === 'emails' && { subscription_id: UNKNOWN_ID }),
      [key]: Array<string>(10_001).fill(item),
    };
    expect(problems(await bulkRevoke(body))).toEqual([['too_long', 'body', key]]);
  });

  it('is answered with 404 for an unknown container', async () => {
    const answer = await bulkRevoke({ subscription_id: UNKNOWN_ID, all: true });
    expect(errorOf(answer)).toEqual([404, 'ResourceNotFound']);
  });
});
