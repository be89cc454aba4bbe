import { Client } from 'pg';
import { assign, newEmail, poolOf, tokenOf } from '../seats/fixtures.js';
import type { Tenant } from '../support/app.js';
import { lockWaiters, startWire, type Wire } from './wire.js';

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
  // Of two that wait for each other PostgreSQL ends the one that looks first: the service.
  await other.query(`SET deadlock_timeout = '20s'`);
  await other.query('BEGIN');
});
afterEach(() => other.end());
afterAll(() => wire?.api.close());

/** Locks `first`, lets the service run into it, and then wants what the service holds. */
async function cross<T>(first: string, work: () => Promise<T>, second: string): Promise<T> {
  await other.query(first);
  const answering = work();
  await lockWaiters(wire.api, 1);
  await other.query(second);
  await other.query('COMMIT');
  return answering;
}

test.each(['email', 'member_id'])('an assign by %s that is ended is tried again', async (key) => {
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

test('who deletes a member waits for the pool first, as an assign does', async () => {
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

test('a claim that is ended is tried again', async () => {
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

test('a revoke that is ended is tried again', async () => {
  const { id } = await tenant.subscription(1);
  const seat = await assign(tenant, { subscription_id: id, email: newEmail() });
  const answer = await cross(
    `SELECT 1 FROM seats WHERE id = '${seat.id}' FOR UPDATE`,
    () => wire.send(tenant, 'DELETE', `customer-seats/${seat.id}`),
    `SELECT 1 FROM pools WHERE subscription_id = '${id}' FOR UPDATE`,
  );
  expect(answer).toMatchObject({ status: 200, body: { status: 'revoked' } });
});
