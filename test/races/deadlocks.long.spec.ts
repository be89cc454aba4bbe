import { Client } from 'pg';
import { ReleaseService } from '../../src/seats/revoke/release.service.js';
import {
  assign,
  errorOf,
  newEmail,
  poolOf,
  setOrganization,
  statusOf,
  eventTypesOf,
  tokenOf,
} from '../seats/fixtures.js';
import type { Tenant } from '../support/app.js';
import { doneOrWaiting, lockWaiters, startWire, type Wire } from './wire.js';

let wire: Wire;
let tenant: Tenant;
let other: Client;

beforeAll(async () => {
  wire = await startWire();
});
beforeEach(async () => {
  tenant = await wire.api.tenant();
  other = new Client(wire.api.database.url);
  await other.connect();
  // PostgreSQL aborts the transaction whose deadlock check comes first. This long timeout makes sure
  // that it is the service's.
  await other.query(`SET deadlock_timeout = '20s'`);
  await other.query('BEGIN');
});
afterEach(() => other.end());
afterAll(() => wire?.api.close());

/** Takes a lock with `first`, lets `work` wait for it, and runs `second` before the commit. */
async function cross<T>(first: string, work: () => Promise<T>, second = ''): Promise<T> {
  await other.query(first);
  const answering = work();
  await lockWaiters(wire.api, 1);
  await other.query(second);
  await other.query('COMMIT');
  return answering;
}

describe('after a deadlock', () => {
  it.each(['email', 'member_id'])('an assign by %s is retried', async (key) => {
    const { id, customer_id } = await tenant.subscription(2);
    const member = await tenant.create('members', { customer_id, email: newEmail() });
    const person = { email: member.email, member_id: member.id }[key];
    const answer = await cross(
      `SELECT 1 FROM members WHERE id = '${member.id}' FOR UPDATE`,
      () => wire.send(tenant, 'POST', 'customer-seats', { subscription_id: id, [key]: person }),
      `SELECT 1 FROM pools WHERE subscription_id = '${id}' FOR UPDATE`,
    );
    expect(answer).toMatchObject({ status: 200, body: { member_id: member.id } });
    expect(await poolOf(wire.api, id)).toMatchObject({ taken: 1, held: 1 });
  });

  it('a claim is retried', async () => {
    const { id } = await tenant.subscription(1);
    const seat = await assign(tenant, { subscription_id: id, email: newEmail() });
    const invitation_token = await tokenOf(wire.api, seat.id);
    const answer = await cross(
      `SELECT 1 FROM members WHERE id = '${seat.member_id}' FOR UPDATE`,
      () => wire.send(tenant, 'POST', 'customer-seats/claim', { invitation_token }),
      `SELECT 1 FROM seats WHERE id = '${seat.id}' FOR UPDATE`,
    );
    expect(answer).toMatchObject({ status: 200, body: { seat: { status: 'claimed' } } });
  });

  it('a revoke is retried', async () => {
    const { id } = await tenant.subscription(1);
    const seat = await assign(tenant, { subscription_id: id, email: newEmail() });
    const answer = await cross(
      `SELECT 1 FROM seats WHERE id = '${seat.id}' FOR UPDATE`,
      () => wire.send(tenant, 'DELETE', `customer-seats/${seat.id}`),
      `SELECT 1 FROM pools WHERE subscription_id = '${id}' FOR UPDATE`,
    );
    expect(answer).toMatchObject({ status: 200, body: { status: 'revoked' } });
  });
});

describe('to avoid deadlocks with assigns', () => {
  it('the deletion of a member locks the pool first', async () => {
    const { id } = await tenant.subscription(1);
    const seat = await assign(tenant, { subscription_id: id, email: newEmail() });
    const answer = await cross(
      `SELECT 1 FROM pools WHERE subscription_id = '${id}' FOR UPDATE`,
      () => wire.send(tenant, 'DELETE', `members/${seat.member_id}`),
      `SELECT 1 FROM members WHERE id = '${seat.member_id}' FOR SHARE NOWAIT`,
    );
    expect(answer).toMatchObject({ status: 200, body: { id: seat.member_id } });
    expect(await poolOf(wire.api, id)).toMatchObject({ taken: 0, held: 0 });
  });

  it('a revoke locks the pool first', async () => {
    const { id } = await tenant.subscription(1);
    const seat = await assign(tenant, { subscription_id: id, email: newEmail() });
    const answer = await cross(
      `SELECT 1 FROM pools WHERE subscription_id = '${id}' FOR UPDATE`,
      () => wire.send(tenant, 'DELETE', `customer-seats/${seat.id}`),
      `SELECT 1 FROM seats WHERE id = '${seat.id}' FOR SHARE NOWAIT`,
    );
    expect(answer).toMatchObject({ status: 200, body: { status: 'revoked' } });
  });

  it('the deletion of a customer locks the pool first', async () => {
    await setOrganization(wire.api, tenant, { member_model_enabled: false });
    const { id } = await tenant.subscription(1);
    const seat = await assign(tenant, { subscription_id: id, email: newEmail() });
    const answer = await cross(
      `SELECT 1 FROM pools WHERE subscription_id = '${id}' FOR UPDATE`,
      () => wire.send(tenant, 'DELETE', `customers/${seat.customer_id}`),
      `SELECT 1 FROM customers WHERE id = '${seat.customer_id}' FOR SHARE NOWAIT`,
    );
    expect(answer).toMatchObject({ status: 200, body: { id: seat.customer_id } });
    expect(await poolOf(wire.api, id)).toMatchObject({ taken: 0, held: 0 });
  });
});

describe('while another transaction seats the buyer', () => {
  /** Inserts a seat of the buyer, as another process would. */
  const seatBuyer = (subscriptionId: string) => `
    INSERT INTO seats (organization_id, id, created_at, claimed_at, pool_id, status, customer_id,
      member_id, email)
    SELECT p.organization_id, gen_random_uuid(), now(), now(), p.id, 'claimed', m.customer_id, m.id,
      m.email
    FROM pools p
    JOIN members m ON m.organization_id = p.organization_id AND m.customer_id = p.customer_id
    WHERE p.subscription_id = '${subscriptionId}' AND m.role = 'owner'`;

  it('a request for fewer seats waits, and is refused with SeatsAlreadyAssigned', async () => {
    const { id } = await tenant.subscription(2);
    await assign(tenant, { subscription_id: id, email: newEmail() });
    const answer = await cross(seatBuyer(id), () =>
      wire.send(tenant, 'PATCH', `subscriptions/${id}`, { seats: 1 }),
    );
    expect(errorOf(answer)).toEqual([400, 'SeatsAlreadyAssigned']);
    expect(await poolOf(wire.api, id)).toMatchObject({ capacity: 2, taken: 2, held: 2 });
  });

  it('a change of the buyer waits, and is refused with NotPermitted', async () => {
    const sold = await tenant.subscription(2, { external_id: 'x' });
    const { id: customer_id } = await tenant.create('customers', { email: newEmail() });
    const body = { product_id: sold.product_id, customer_id, seats: 2 };
    const answer = await cross(seatBuyer(sold.id), () =>
      wire.send(tenant, 'PUT', 'subscriptions/external/x', body),
    );
    expect(errorOf(answer)).toEqual([403, 'NotPermitted']);
    expect(await poolOf(wire.api, sold.id)).toMatchObject({ customer_id: sold.customer_id });
  });

  it('an assign of the same person waits, and is refused with SeatAlreadyAssigned', async () => {
    const { id, customer_id } = await tenant.subscription(2);
    const { body: buyer } = await tenant.call('GET', `/v1/customers/${customer_id}`);
    const answer = await cross(seatBuyer(id), () =>
      wire.send(tenant, 'POST', 'customer-seats', { subscription_id: id, email: buyer.email }),
    );
    expect(errorOf(answer)).toEqual([400, 'SeatAlreadyAssigned']);
  });

  it('a revoke of all seats waits, and revokes the new seat as well', async () => {
    const { id } = await tenant.subscription(2);
    await assign(tenant, { subscription_id: id, email: newEmail() });
    const answer = await cross(seatBuyer(id), () =>
      wire.send(tenant, 'POST', 'customer-seats/bulk-revoke', { subscription_id: id, all: true }),
    );
    expect(answer).toMatchObject({ status: 200, body: { revoked_count: 2, available_seats: 2 } });
  });
});

describe('while another transaction locks the pool', () => {
  it.each([
    ['is full', 'active', 1],
    ['gives no seats', 'unpaid', 0],
  ])('an assign does not wait when the pool %s', async (_, status, taken) => {
    const { id } = await tenant.subscription(1, { status });
    if (taken > 0) await assign(tenant, { subscription_id: id, email: newEmail() });
    await other.query(`SELECT 1 FROM pools WHERE subscription_id = '${id}' FOR UPDATE`);
    const body = { subscription_id: id, email: newEmail() };
    const assigning = wire.send(tenant, 'POST', 'customer-seats', body);
    expect(await doneOrWaiting(wire.api, assigning)).toBe('done');
    expect(errorOf(await assigning)).toEqual([400, 'SeatNotAvailable']);
  });
});

describe('while another transaction claims the seat', () => {
  const claimOf = ({ id }: { id: string }) => `
    UPDATE seats SET status = 'claimed', claimed_at = now(), invitation_nonce = NULL,
      invitation_hash = NULL, invitation_expires_at = NULL
    WHERE id = '${id}'`;

  it('a resend waits, and is refused with SeatNotPending', async () => {
    const { id } = await tenant.subscription(1);
    const seat = await assign(tenant, { subscription_id: id, email: newEmail() });
    const answer = await cross(claimOf(seat), () =>
      wire.send(tenant, 'POST', `customer-seats/${seat.id}/resend`),
    );
    expect(errorOf(answer)).toEqual([400, 'SeatNotPending']);
  });

  it('a revoke waits, and its event shows a claimed seat', async () => {
    const { id } = await tenant.subscription(1);
    const seat = await assign(tenant, { subscription_id: id, email: newEmail() });
    await cross(claimOf(seat), () => wire.send(tenant, 'DELETE', `customer-seats/${seat.id}`));
    const { items } = (await tenant.call('GET', `/v1/customer-seats/${seat.id}/events`)).body;
    expect(items.at(-1)).toMatchObject({
      type: 'customer_seat.revoked',
      data: { claimed_at: expect.any(String) },
    });
  });

  it('a smaller size with revoke_pending waits, and revokes another seat', async () => {
    const { id } = await tenant.subscription(2);
    const older = await assign(tenant, { subscription_id: id, email: newEmail() });
    wire.api.clock.advance(1);
    const newer = await assign(tenant, { subscription_id: id, email: newEmail() });
    const body = { seats: 1, on_overflow: 'revoke_pending' };
    const answer = await cross(claimOf(newer), () =>
      wire.send(tenant, 'PATCH', `subscriptions/${id}`, body),
    );
    expect(answer).toMatchObject({ status: 200, body: { seats: 1, assigned_seats: 1 } });
    expect(await statusOf(tenant, older.id)).toBe('revoked');
    expect(await statusOf(tenant, newer.id)).toBe('claimed');
  });
});

describe('while another transaction revokes the seat', () => {
  const revocationOf = ({ id }: { id: string }) =>
    `UPDATE seats SET status = 'revoked', revoked_at = now(), customer_id = NULL, member_id = NULL,
       email = NULL, invitation_nonce = NULL, invitation_hash = NULL, invitation_expires_at = NULL
     WHERE id = '${id}'`;

  it('a change of the metadata waits, and is refused with SeatAlreadyRevoked', async () => {
    const { id } = await tenant.subscription(1);
    const seat = await assign(tenant, { subscription_id: id, email: newEmail() });
    const answer = await cross(revocationOf(seat), () =>
      wire.send(tenant, 'PATCH', `customer-seats/${seat.id}`, { metadata: { team: 'red' } }),
    );
    expect(errorOf(answer)).toEqual([400, 'SeatAlreadyRevoked']);
  });

  it('a revoke waits, and writes no event', async () => {
    const { id } = await tenant.subscription(1);
    const seat = await assign(tenant, { subscription_id: id, email: newEmail() });
    const answer = await cross(revocationOf(seat), () =>
      wire.send(tenant, 'DELETE', `customer-seats/${seat.id}`),
    );
    expect(answer).toMatchObject({ status: 200, body: { status: 'revoked' } });
    expect(await eventTypesOf(wire.api, id)).toEqual(['customer_seat.assigned']);
  });
});

describe('while another transaction renews the invitation', () => {
  it('the release of expired invitations waits, and keeps the seat', async () => {
    const { id } = await tenant.subscription(1);
    const seat = await assign(tenant, { subscription_id: id, email: newEmail() });
    const expiry = (change: string) =>
      `UPDATE seats SET invitation_expires_at = now() ${change} WHERE id = '${seat.id}'`;
    await wire.api.database.sql(expiry(`- interval '1 hour'`));
    const releases = wire.api.app.get(ReleaseService, { strict: false });
    const released = await cross(expiry(`+ interval '1 day'`), () => releases.runOnce());
    expect(released).toBe(0);
    expect(await statusOf(tenant, seat.id)).toBe('pending');
  });
});
