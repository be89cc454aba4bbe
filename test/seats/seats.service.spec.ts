import { RequestValidationError } from '../../src/platform/errors.js';
import type { AssignmentRequest, ContainerKeys } from '../../src/seats/seats.rules.js';
import { SeatsService } from '../../src/seats/seats.service.js';
import { startApp, type Tenant, type TestApp } from '../support/app.js';
import { newSeat, UNKNOWN_ID, problems } from './fixtures.js';

let api: TestApp;
let tenant: Tenant;
let seats: SeatsService;
let subscription: { id: string };

beforeAll(async () => {
  api = await startApp();
  seats = api.app.get(SeatsService, { strict: false });
  tenant = await api.tenant();
  subscription = await tenant.subscription(5);
});
afterAll(() => api?.close());

const caller = () => ({
  organizationId: tenant.id,
  actor: { type: 'system' as const, id: null },
  requestId: null,
});

/** The type and the location of each problem that the call is refused with. */
async function refusedWith(work: Promise<unknown>): Promise<(string | number)[][]> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof RequestValidationError)) throw new Error(`not refused: ${String(error)}`);
  return error.problems.map(({ type, loc }) => [type, ...loc]);
}

async function seatCount(): Promise<number> {
  const [row] = await api.database.sql<{ count: number }>(
    'SELECT count(*)::int AS count FROM seats WHERE organization_id = $1',
    [tenant.id],
  );
  return row?.count ?? 0;
}

describe('SeatsService', () => {
  const person = { email: 'ada@example.com' };
  const tooManyKeys = Object.fromEntries(
    Array.from({ length: 50 }, (_, index) => [`k${index}`, 1]),
  );

  it.each<[string, () => ContainerKeys & AssignmentRequest]>([
    [
      'two containers',
      () => ({ subscription_id: subscription.id, order_id: UNKNOWN_ID, ...person }),
    ],
    ['no container', () => person],
    ['a container that is not a UUID', () => ({ subscription_id: 'x', ...person })],
    ['an invalid e-mail', () => ({ subscription_id: subscription.id, email: 'not an email' })],
    ['no recipient', () => ({ subscription_id: subscription.id })],
    [
      'two recipients',
      () => ({ subscription_id: subscription.id, ...person, customer_id: UNKNOWN_ID }),
    ],
    ['an empty external id', () => ({ subscription_id: subscription.id, external_member_id: '' })],
    [
      '50 metadata keys',
      () => ({ subscription_id: subscription.id, ...person, metadata: tooManyKeys }),
    ],
    [
      'long metadata',
      () => ({ subscription_id: subscription.id, ...person, metadata: { k: 'a'.repeat(1016) } }),
    ],
    [
      'a negative expiry',
      () => ({ subscription_id: subscription.id, ...person, invitation_expires_in: -5 }),
    ],
    [
      'an expiry of two years',
      () => ({ subscription_id: subscription.id, ...person, invitation_expires_in: 63_072_000 }),
    ],
  ])('refuses an assign with %s as the API does', async (_, request) => {
    const body = request();
    const before = await seatCount();
    const overHttp = problems(await tenant.call('POST', '/v1/customer-seats', { body }));
    expect(overHttp).not.toEqual([]);
    expect(await refusedWith(seats.assign(caller(), body, body))).toEqual(overHttp);
    expect(await seatCount()).toBe(before);
  });

  it('names the invalid item of a bulk assign', async () => {
    const container = { subscription_id: subscription.id };
    const requests = [person, { email: 'not an email' }];
    const work = seats.assignMany(caller(), container, requests, { atomic: false });
    expect(await refusedWith(work)).toEqual([['value_error', 'body', 'seats', 1, 'email']]);
  });

  it('refuses a replacement with an invalid expiry', async () => {
    const seat = await newSeat(tenant);
    const work = seats.replace(caller(), seat.id, { invitation_expires_in: -5, ...person });
    expect(await refusedWith(work)).toEqual([
      ['greater_than_equal', 'body', 'invitation_expires_in'],
    ]);
  });

  it('refuses a change to invalid metadata', async () => {
    const seat = await newSeat(tenant);
    const work = seats.changeMetadata(caller(), seat.id, tooManyKeys);
    expect(await refusedWith(work)).toEqual([['value_error', 'body', 'metadata']]);
  });

  it('refuses a bulk revocation with two lists or an invalid e-mail', async () => {
    const both = { seat_ids: [UNKNOWN_ID], emails: ['ada@example.com'] };
    expect(await refusedWith(seats.revokeMany(caller(), both))).toEqual([['value_error', 'body']]);
    const unreadable = { subscription_id: subscription.id, emails: ['not an email'] };
    expect(await refusedWith(seats.revokeMany(caller(), unreadable))).toEqual([
      ['value_error', 'body', 'emails', 0],
    ]);
  });

  it('refuses an empty bulk call and one with more than 10,000 items', async () => {
    const container = { subscription_id: subscription.id };
    const assignMany = (count: number) =>
      seats.assignMany(caller(), container, Array(count).fill(person), { atomic: false });
    const revokeMany = (count: number) =>
      seats.revokeMany(caller(), { seat_ids: Array(count).fill(UNKNOWN_ID) });
    expect(await refusedWith(assignMany(0))).toEqual([['too_short', 'body', 'seats']]);
    expect(await refusedWith(assignMany(10_001))).toEqual([['too_long', 'body', 'seats']]);
    expect(await refusedWith(revokeMany(0))).toEqual([['too_short', 'body', 'seat_ids']]);
    expect(await refusedWith(revokeMany(10_001))).toEqual([['too_long', 'body', 'seat_ids']]);
  });

  it('refuses an access check with an invalid e-mail', async () => {
    expect(await refusedWith(seats.access(caller(), UNKNOWN_ID, { email: 'x' }))).toEqual([
      ['value_error', 'query', 'email'],
    ]);
  });

  it('normalises the e-mail as the API does', async () => {
    const container = { subscription_id: subscription.id };
    const { row } = await seats.assign(caller(), container, { email: '  Grace@EXAMPLE.com ' });
    expect(row.email).toBe('Grace@example.com');
  });
});
