import { ReleasesService } from '../../src/seats/releases.service.js';
import {
  assign,
  claim,
  claimed,
  errorOf,
  newEmail,
  newSeat,
  poolOf,
  resend,
  SEATS,
  setOrganization,
  statusOf,
  tokenOf,
  toldOf,
  tryAssign,
} from '../seats/fixtures.js';
import { startApp, type Tenant, type TestApp } from '../support/app.js';

const HOUR = 3_600;

let api: TestApp;
let tenant: Tenant;

beforeAll(async () => {
  api = await startApp();
});
beforeEach(async () => {
  tenant = await api.tenant();
});
afterAll(() => api?.close());

const release = async () => {
  const releases = api.app.get(ReleasesService, { strict: false });
  while ((await releases.runOnce()) > 0);
};
const lapsing = () => newSeat(tenant, { invitation_expires_in: HOUR });

test('a lapsed invitation frees its seat, and not a moment before', async () => {
  const seat = await lapsing();
  api.clock.advance(HOUR - 5);
  await release();
  expect(await statusOf(tenant, seat.id)).toBe('pending');
  api.clock.advance(6);
  await release();
  expect(await statusOf(tenant, seat.id)).toBe('revoked');
  expect(await poolOf(api, seat.subscription_id)).toMatchObject({ taken: 0, held: 0 });
});

test("the organization's grace comes on top", async () => {
  await setOrganization(api, tenant, { expired_invitation_grace: HOUR });
  const seat = await lapsing();
  api.clock.advance(2 * HOUR - 5);
  await release();
  expect(await statusOf(tenant, seat.id)).toBe('pending');
  api.clock.advance(6);
  await release();
  expect(await statusOf(tenant, seat.id)).toBe('revoked');
});

test('without a grace it is kept for ever', async () => {
  await setOrganization(api, tenant, { expired_invitation_grace: null });
  const seat = await lapsing();
  api.clock.advance(1_000 * HOUR);
  await release();
  expect(await statusOf(tenant, seat.id)).toBe('pending');
});

test('until it is released the seat counts as taken, and a resend revives it', async () => {
  const { id } = await tenant.subscription(1);
  const seat = await assign(tenant, {
    subscription_id: id,
    email: newEmail(),
    invitation_expires_in: HOUR,
  });
  api.clock.advance(HOUR + 1);
  const another = await tryAssign(tenant, { subscription_id: id, email: newEmail() });
  expect(errorOf(another)).toEqual([400, 'SeatNotAvailable']);
  expect((await resend(tenant, seat.id)).status).toBe(200);
  await release();
  expect(await statusOf(tenant, seat.id)).toBe('pending');
  expect((await claim(api, await tokenOf(api, seat.id))).status).toBe(200);
});

test('the system says why, and the first link is dead', async () => {
  const seat = await lapsing();
  const token = await tokenOf(api, seat.id);
  api.clock.advance(HOUR + 1);
  await release();
  const { items } = (await tenant.call('GET', `${SEATS}/${seat.id}/events`)).body;
  expect(items.at(-1)).toMatchObject({
    type: 'customer_seat.revoked',
    reason: 'invitation_expired',
    actor: { type: 'system', id: null },
    request_id: null,
    data: { status: 'revoked', email: seat.email },
  });
  expect(errorOf(await claim(api, token))).toEqual([400, 'InvalidInvitationToken']);
  expect((await api.call('GET', `${SEATS}/claim/${token}`)).status).toBe(404);
});

test('the place can be given to another, and to the same person', async () => {
  const { id } = await tenant.subscription(2);
  const seat = await assign(tenant, {
    subscription_id: id,
    email: newEmail(),
    invitation_expires_in: HOUR,
  });
  api.clock.advance(HOUR + 1);
  await release();
  for (const email of [newEmail(), seat.email]) {
    expect((await tryAssign(tenant, { subscription_id: id, email })).status).toBe(200);
  }
});

test('claimed and revoked seats are left alone', async () => {
  const one = await lapsing();
  await claimed(api, one);
  const two = await lapsing();
  await tenant.call('DELETE', `${SEATS}/${two.id}`);
  api.clock.advance(HOUR + 1);
  await release();
  expect(await statusOf(tenant, one.id)).toBe('claimed');
  expect(await toldOf(api, two.subscription_id)).toEqual([
    'customer_seat.assigned',
    'customer_seat.revoked',
  ]);
});

test('a pool that cannot release keeps no other from it', async () => {
  const seats = [await lapsing(), await lapsing(), await lapsing()];
  const pool = await poolOf(api, seats[1].subscription_id);
  api.clock.advance(HOUR + 1);
  await api.database.sql(
    `CREATE TRIGGER no_release BEFORE UPDATE ON seats FOR EACH ROW
     WHEN (NEW.pool_id = '${pool.id}') EXECUTE FUNCTION refuse('on purpose')`,
  );
  const statuses = () => Promise.all(seats.map(({ id }) => statusOf(tenant, id)));
  try {
    await release();
    expect(await statuses()).toEqual(['revoked', 'pending', 'revoked']);
  } finally {
    await api.database.sql('DROP TRIGGER no_release ON seats');
  }
  await release();
  expect(await statuses()).toEqual(['revoked', 'revoked', 'revoked']);
});

test('two workers at once tell of each seat once', async () => {
  const seats = [await lapsing(), await lapsing(), await lapsing()];
  api.clock.advance(HOUR + 1);
  await Promise.all([release(), release()]);
  for (const seat of seats) {
    expect(await toldOf(api, seat.subscription_id)).toEqual([
      'customer_seat.assigned',
      'customer_seat.revoked',
    ]);
  }
});

test('more lapse in one pool than one statement takes', async () => {
  const { id } = await tenant.subscription(6_000);
  await api.database.sql(
    `WITH p AS (SELECT * FROM pools WHERE subscription_id = $1), m AS (
       INSERT INTO members (organization_id, id, created_at, customer_id, email)
       SELECT p.organization_id, gen_random_uuid(), now(), p.customer_id, 'p' || n || '@example.com'
       FROM p, generate_series(1, 6000) n RETURNING *)
     INSERT INTO seats (organization_id, id, created_at, pool_id, status, customer_id, member_id,
       email, invitation_nonce, invitation_hash, invitation_expires_at)
     SELECT m.organization_id, gen_random_uuid(), now(), p.id, 'pending', m.customer_id, m.id,
       m.email, 'n', gen_random_uuid()::text, now() FROM p, m`,
    [id],
  );
  api.clock.advance(1);
  await release();
  expect(await poolOf(api, id)).toMatchObject({ taken: 0, held: 0 });
  expect(await toldOf(api, id)).toHaveLength(6_000);
}, 120_000);
