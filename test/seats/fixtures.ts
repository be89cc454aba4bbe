import { randomUUID } from 'node:crypto';
import { recoverToken } from '../../src/invitations/invitation.js';
import { Keys } from '../../src/platform/crypto.js';
import type { Answer, CallOptions, Tenant, TestApp } from '../support/app.js';

/** Every key of a CustomerSeat, and no other. */
export const SEAT_KEYS = [
  ...['created_at', 'modified_at', 'id', 'subscription_id', 'order_id', 'status', 'customer_id'],
  ...['member_id', 'member', 'email', 'customer_email', 'invitation_token_expires_at'],
  ...['claimed_at', 'revoked_at', 'seat_metadata'],
];

export const SEATS = '/v1/customer-seats';
export const CLAIM = `${SEATS}/claim`;
export const UUID_V1 = 'c232ab00-9414-11ec-b3c8-9f6bdeced846';
/** An id that is nobody's. */
export const NOBODY = '11111111-1111-4111-8111-111111111111';

/** An e-mail that nobody has. */
export function newEmail(): string {
  return `${randomUUID().slice(0, 13)}@example.com`;
}

/** POST /v1/customer-seats. */
export function tryAssign(tenant: Tenant, body: object, more: CallOptions = {}): Promise<Answer> {
  return tenant.call('POST', SEATS, { body, ...more });
}

/** A new seat; fails the test when it is refused. */
export async function assign(tenant: Tenant, body: object): Promise<any> {
  const answer = await tryAssign(tenant, body);
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
  return answer.body;
}

/** A pending seat of a subscription of its own. */
export async function newSeat(tenant: Tenant, body: object = {}): Promise<any> {
  const { id } = await tenant.subscription(5);
  return assign(tenant, { subscription_id: id, email: newEmail(), ...body });
}

/** The token that the invitation mail of a seat would carry. */
export async function tokenOf(api: TestApp, seatId: string): Promise<string> {
  const [seat] = await api.database.sql('SELECT * FROM seats WHERE id = $1', [seatId]);
  const keys = api.app.get(Keys);
  const token = recoverToken(keys, seatId, seat?.['invitation_nonce'], seat?.['invitation_hash']);
  if (token === undefined) throw new Error('The seat has no invitation.');
  return token;
}

export function claim(api: TestApp, invitation_token: unknown): Promise<Answer> {
  return api.call('POST', CLAIM, { body: { invitation_token } });
}

/** Claims a seat with the token of its mail. */
export async function claimed(api: TestApp, seat: { id: string }): Promise<any> {
  const answer = await claim(api, await tokenOf(api, seat.id));
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
  return answer.body;
}

export function revoke(tenant: Tenant, id: string): Promise<Answer> {
  return tenant.call('DELETE', `${SEATS}/${id}`);
}

export function resend(tenant: Tenant, id: string): Promise<Answer> {
  return tenant.call('POST', `${SEATS}/${id}/resend`);
}

export async function statusOf(tenant: Tenant, id: string): Promise<string> {
  return (await tenant.call('GET', `${SEATS}/${id}`)).body.status;
}

export async function setOrganization(api: TestApp, tenant: Tenant, columns: object) {
  const names = Object.keys(columns);
  const set = names.map((name, index) => `${name} = $${index + 2}`).join(', ');
  const values = Object.values(columns);
  await api.database.sql(`UPDATE organizations SET ${set} WHERE id = $1`, [tenant.id, ...values]);
}

/** What the database says of a container: its counter, and its pending and claimed seats. */
export async function poolOf(api: TestApp, containerId: string): Promise<any> {
  const [row] = await api.database.sql(
    `SELECT p.*, (SELECT count(*)::int FROM seats s WHERE s.pool_id = p.id
       AND s.organization_id = p.organization_id AND s.status <> 'revoked') AS held
     FROM pools p WHERE $1 IN (p.subscription_id, p.order_id)`,
    [containerId],
  );
  return row;
}

/** The types of what was told of a container, in order. */
export async function toldOf(api: TestApp, containerId: string): Promise<string[]> {
  const rows = await api.database.sql(
    'SELECT type FROM events WHERE $1 IN (subscription_id, order_id) ORDER BY position',
    [containerId],
  );
  return rows.map((row) => row['type'] as string);
}

/** What a 422 complains of: type and place of each problem. */
export function problems(answer: Answer): [type: string, ...loc: (string | number)[]][] {
  expect({ status: answer.status, body: answer.body }).toMatchObject({
    status: 422,
    body: { error: 'RequestValidationError', detail: expect.any(Array) },
  });
  return answer.body.detail.map((each: any) => [each.type, ...each.loc]);
}

/** Status and name of an error. */
export function errorOf(answer: Answer): [status: number, error: string] {
  return [answer.status, answer.body.error];
}

/** Everything the database holds, as one text. */
export async function wholeDatabase(api: TestApp): Promise<string> {
  const tables = await api.database.sql(
    `SELECT tablename FROM pg_tables WHERE schemaname = 'public'`,
  );
  const texts = tables.map(async ({ tablename }) => {
    const rows = await api.database.sql(`SELECT t::text FROM ${tablename} AS t`);
    return rows.map((row) => row['t']).join('\n');
  });
  return (await Promise.all(texts)).join('\n');
}
