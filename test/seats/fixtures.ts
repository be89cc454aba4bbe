import { randomUUID } from 'node:crypto';
import { recoverToken } from '../../src/invitations/invitation.js';
import { Keys } from '../../src/platform/crypto.js';
import type { LocatedProblem } from '../../src/platform/errors.js';
import type { ClaimedSeatDto } from '../../src/seats/claim/claim.dto.js';
import type { CustomerSeatDto, SeatMemberDto } from '../../src/seats/seats.dto.js';
import type { Answer, CallOptions, Tenant, TestApp } from '../support/app.js';

/** A pending or claimed seat as the API shows it. Unlike a revoked seat it has a person. */
export interface Seat extends CustomerSeatDto {
  customer_id: string;
  member_id: string;
  member: SeatMemberDto;
  email: string;
  customer_email: string;
}

export interface SubscriptionSeat extends Seat {
  subscription_id: string;
}

/** A row of `pools`, with the number of pending and claimed seats that it really has. */
export interface PoolRow {
  organization_id: string;
  id: string;
  created_at: Date;
  subscription_id: string | null;
  order_id: string | null;
  product_id: string;
  customer_id: string;
  capacity: number;
  taken: number;
  active: boolean;
  held: number;
}

/** All keys of a CustomerSeat. */
export const SEAT_KEYS = [
  ...['created_at', 'modified_at', 'id', 'subscription_id', 'order_id', 'status', 'customer_id'],
  ...['member_id', 'member', 'email', 'customer_email', 'invitation_token_expires_at'],
  ...['claimed_at', 'revoked_at', 'seat_metadata'],
];

export const SEATS = '/v1/customer-seats';
export const CLAIM = `${SEATS}/claim`;
export const UUID_V1 = 'c232ab00-9414-11ec-b3c8-9f6bdeced846';
/** A valid id that no object has. */
export const UNKNOWN_ID = '11111111-1111-4111-8111-111111111111';

/** A new e-mail address that no other test uses. */
export function newEmail(): string {
  return `${randomUUID().slice(0, 13)}@example.com`;
}

/** Calls POST /v1/customer-seats. */
export function tryAssign(tenant: Tenant, body: object, more: CallOptions = {}): Promise<Answer> {
  return tenant.call('POST', SEATS, { body, ...more });
}

/** Assigns a seat. @throws when the assign is refused. */
export async function assign(tenant: Tenant, body: object): Promise<Seat> {
  const answer = await tryAssign(tenant, body);
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
  return answer.body;
}

/** Assigns a seat of a new subscription. `body` adds to the request, or overrides it. */
export async function newSeat(tenant: Tenant, body: object = {}): Promise<SubscriptionSeat> {
  const { id } = await tenant.subscription(5);
  const seat = await assign(tenant, { subscription_id: id, email: newEmail(), ...body });
  return seat as SubscriptionSeat;
}

/** The token of the invitation mail of a seat. */
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

/** Claims a seat with the token of its mail. @throws when the claim is refused. */
export async function claimed(api: TestApp, seat: { id: string }): Promise<ClaimedSeatDto> {
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

/** Changes columns of the organization directly in the database. */
export async function setOrganization(api: TestApp, tenant: Tenant, columns: object) {
  const names = Object.keys(columns);
  const set = names.map((name, index) => `${name} = $${index + 2}`).join(', ');
  const values = Object.values(columns);
  await api.database.sql(`UPDATE organizations SET ${set} WHERE id = $1`, [tenant.id, ...values]);
}

/** The pool of a subscription or an order, read from the database. */
export async function poolOf(api: TestApp, containerId: string): Promise<PoolRow> {
  const [row] = await api.database.sql<PoolRow>(
    `SELECT p.*, (SELECT count(*)::int FROM seats s WHERE s.pool_id = p.id
       AND s.organization_id = p.organization_id AND s.status <> 'revoked') AS held
     FROM pools p WHERE $1 IN (p.subscription_id, p.order_id)`,
    [containerId],
  );
  if (row === undefined) throw new Error('The container has no pool.');
  return row;
}

/** The types of a container's events, in order. */
export async function eventTypesOf(api: TestApp, containerId: string): Promise<string[]> {
  const rows = await api.database.sql(
    'SELECT type FROM events WHERE $1 IN (subscription_id, order_id) ORDER BY position',
    [containerId],
  );
  return rows.map((row) => row['type'] as string);
}

/** The problems of a 422: the type and the location of each. */
export function problems(answer: Answer): [type: string, ...loc: (string | number)[]][] {
  expect({ status: answer.status, body: answer.body }).toMatchObject({
    status: 422,
    body: { error: 'RequestValidationError', detail: expect.any(Array) },
  });
  return answer.body.detail.map(({ type, loc }: LocatedProblem) => [type, ...loc]);
}

/** The status and the name of an error. */
export function errorOf(answer: Answer): [status: number, error: string] {
  return [answer.status, answer.body.error];
}

/**
 * The body of an error without the id of the request, and with {@link UNKNOWN_ID} in place of these
 * ids. Two errors that must give nothing away are equal in this form.
 */
export function anonymous({ body }: Answer, ...ids: string[]): unknown {
  const { request_id: _, ...rest } = body;
  return JSON.parse(
    ids.reduce((text, id) => text.replaceAll(id, UNKNOWN_ID), JSON.stringify(rest)),
  );
}

/** All rows of the database as one text. */
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
