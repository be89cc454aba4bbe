import type { Principal } from '../platform/http/access.js';

/** The authenticated holder of a session token. Their role is in the database. */
export type Session = Extract<Principal, { kind: 'session' }>;

/** A session expires an hour after it was opened, even if it is in use. */
export const SESSION_SECONDS = 60 * 60;

/** The code in the link to the portal expires 15 minutes after the session was opened. */
export const CODE_SECONDS = 15 * 60;

const MANAGING_ROLES = ['owner', 'billing_manager'];

/**
 * Whether a session may see and change the buyer's seats. Null is the session of the buyer. Unknown
 * roles may not.
 */
export function mayManage(role: string | null): boolean {
  return role === null || MANAGING_ROLES.includes(role);
}

/** The person of a session; without a member, it is the customer. */
export type PersonKey = Pick<Session, 'organizationId' | 'customerId' | 'memberId'>;

export function isSamePerson(a: PersonKey, b: PersonKey): boolean {
  return (
    a.organizationId === b.organizationId &&
    a.customerId === b.customerId &&
    a.memberId === b.memberId
  );
}
