import { ReleaseService } from '../../../src/seats/revoke/release.service.js';
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
  eventTypesOf,
  tryAssign,
} from '../fixtures.js';
import { startApp, type Tenant, type TestApp } from '../../support/app.js';

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
  const releases = api.app.get(ReleaseService, { strict: false });
  while ((await releases.runOnce()) > 0);
};
/** A seat whose invitation expires after an hour. */
const expiringSeat = () => newSeat(tenant, { invitation_expires_in: HOUR });

describe('the release of expired invitations', () => {
  it('revokes a seat when its invitation has expired, and not before', async () => {
    const seat = await expiringSeat();
    api.clock.advance(HOUR - 5);
    await release();
    expect(await statusOf(tenant, seat.id)).toBe('pending');
    api.clock.advance(6);
    await release();
    expect(await statusOf(tenant, seat.id)).toBe('revoked');
    expect(await poolOf(api, seat.subscription_id)).toMatchObject({ taken: 0, held: 0 });
  });

  it("waits for the organization's grace period as well", async () => {
    await setOrganization(api, tenant, { expired_invitation_grace: HOUR });
    const seat = await expiringSeat();
    api.clock.advance(2 * HOUR - 5);
    await release();
    expect(await statusOf(tenant, seat.id)).toBe('pending');
    api.clock.advance(6);
    await release();
    expect(await statusOf(tenant, seat.id)).toBe('revoked');
  });

  it('never revokes a seat when the grace period is null', async () => {
    await setOrganization(api, tenant, { expired_invitation_grace: null });
    const seat = await expiringSeat();
    api.clock.advance(1_000 * HOUR);
    await release();
    expect(await statusOf(tenant, seat.id)).toBe('pending');
  });

  it('revokes a seat within 10 minutes when its organization begins to release seats', async () => {
    await setOrganization(api, tenant, { expired_invitation_grace: null });
    const seat = await expiringSeat();
    api.clock.advance(1_000 * HOUR);
    await release();
    await setOrganization(api, tenant, { expired_invitation_grace: 0 });
    api.clock.advance(601);
    await release();
    expect(await statusOf(tenant, seat.id)).toBe('revoked');
  });

  it('leaves a seat taken until it runs, and spares it when the invitation was resent', async () => {
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

  it('writes an event with its reason, and ends the invitation', async () => {
    const seat = await expiringSeat();
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

  it('frees the place for another person and for the same one', async () => {
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

  it('leaves claimed and revoked seats alone', async () => {
    const one = await expiringSeat();
    await claimed(api, one);
    const two = await expiringSeat();
    await tenant.call('DELETE', `${SEATS}/${two.id}`);
    api.clock.advance(HOUR + 1);
    await release();
    expect(await statusOf(tenant, one.id)).toBe('claimed');
    expect(await eventTypesOf(api, two.subscription_id)).toEqual([
      'customer_seat.assigned',
      'customer_seat.revoked',
    ]);
  });

  it('goes on with other pools when it fails for one', async () => {
    const seats = [await expiringSeat(), await expiringSeat(), await expiringSeat()] as const;
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

  it('writes one event for each seat when two workers run at once', async () => {
    const seats = [await expiringSeat(), await expiringSeat(), await expiringSeat()] as const;
    api.clock.advance(HOUR + 1);
    await Promise.all([release(), release()]);
    for (const seat of seats) {
      expect(await eventTypesOf(api, seat.subscription_id)).toEqual([
        'customer_seat.assigned',
        'customer_seat.revoked',
      ]);
    }
  });

  it('revokes more seats of a pool than one statement takes', async () => {
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
    // They expired long before the clock of the service, so they wait for the look at all seats.
    api.clock.advance(601);
    await release();
    expect(await poolOf(api, id)).toMatchObject({ taken: 0, held: 0 });
    expect(await eventTypesOf(api, id)).toHaveLength(6_000);
  }, 120_000);
});
