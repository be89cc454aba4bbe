import type { Problem } from '../platform/errors.js';

/*
 * What is true of seats, without a database: states, recipients, and who gets a place.
 *
 *   pending ──claim──▶ claimed
 *      └──revoke──▶ revoked ◀──revoke──┘     A revoked seat stays revoked.
 */

export const SEAT_STATUSES = ['pending', 'claimed', 'revoked'] as const;
export type SeatStatus = (typeof SEAT_STATUSES)[number];

export const REVOKE_REASONS = [
  'requested',
  'replaced',
  'invitation_expired',
  'subscription_ended',
  'order_refunded',
  'member_deleted',
  'customer_deleted',
  'overflow',
] as const;
export type RevokeReason = (typeof REVOKE_REASONS)[number];

/** A subscription or an order: what seats belong to. */
export type ContainerRef = { subscription_id: string } | { order_id: string };

/** Places left; 0 as well when the pool was made smaller than what is assigned. */
export function free(pool: { capacity: number; taken: number }): number {
  return Math.max(0, pool.capacity - pool.taken);
}

/** The keys with which a request names a person. */
export interface RecipientKeys {
  email?: string;
  customer_id?: string;
  external_customer_id?: string;
  member_id?: string;
  external_member_id?: string;
}

/** One way to name a person. Of the keys only those that the way needs are there. */
export interface Recipient {
  by: 'email' | 'customer' | 'external_customer' | 'member' | 'external_member';
  id?: string;
  external_id?: string;
  email?: string;
}

/** Which keys break the rules on naming one person; undefined when none does. */
export function recipientProblem(keys: RecipientKeys): Problem | undefined {
  const given = Object.entries(keys).filter(([, value]) => value !== undefined);
  const names = given.map(([name]) => name).sort();
  const fits =
    names.length === 1 || (names.length === 2 && names.join() === 'email,external_member_id');
  if (fits) return undefined;
  const msg =
    names.length === 0
      ? 'Name a person: email, customer_id, external_customer_id, member_id or external_member_id'
      : `${names.join(', ')} cannot be combined`;
  return { type: 'value_error', msg };
}

/** Reads the keys of a request that {@link recipientProblem} found in order. */
export function toRecipient(keys: RecipientKeys): Recipient {
  if (keys.member_id !== undefined) return { by: 'member', id: keys.member_id };
  if (keys.customer_id !== undefined) return { by: 'customer', id: keys.customer_id };
  if (keys.external_customer_id !== undefined) {
    return { by: 'external_customer', external_id: keys.external_customer_id };
  }
  if (keys.external_member_id !== undefined) {
    const { external_member_id: external_id, email } = keys;
    return { by: 'external_member', external_id, ...(email !== undefined && { email }) };
  }
  return { by: 'email', email: keys.email };
}

/** What stands behind a recipient, as far as the database knows it. */
export interface Candidate {
  /** The buyer's member; null when there is none yet. */
  member: { id: string; email: string; external_id: string | null } | null;
  /** The customer that was named, or that the person is of their own. */
  customer: { id: string; email: string | null; name: string | null } | null;
  /** The e-mail that the person has or will have, in lower case; null when nobody knows one. */
  email_key: string | null;
  /** Their pending or claimed seat of this pool. */
  seat_id: string | null;
}

export type Refusal =
  | 'SeatNotAvailable'
  | 'SeatAlreadyAssigned'
  | 'MemberNotFound'
  | 'MemberEmailMismatch'
  | 'CustomerNotFound'
  | 'InvalidSeatAssignmentRequest';

/** The outcome for one recipient: a new seat, the seat they have already, or no. */
export type Verdict =
  | { outcome: 'seat' }
  | { outcome: 'seated'; seatId: string }
  | { outcome: 'refused'; refusal: Refusal };

export interface Judged {
  recipient: Recipient;
  candidate: Candidate;
  /** A person who is seated gets the seat they have, instead of an error. */
  returnSeated: boolean;
}

/**
 * Decides over recipients in order, as if they were assigned one after the other: is there a free
 * seat, does the person exist or can be created, are they not seated already. This order is part
 * of the contract: on a full pool even a duplicate hears SeatNotAvailable.
 */
export function judge(free: number, memberModel: boolean, items: Judged[]): Verdict[] {
  const seated: Seated = { byEmail: new Map(), byExternalId: new Map() };
  return items.map((item) => {
    const { candidate, recipient } = item;
    const refusal = personRefusal(memberModel, item, seated);
    const isSeated = refusal === 'SeatAlreadyAssigned' && item.returnSeated;
    if (isSeated && candidate.seat_id !== null) {
      return { outcome: 'seated', seatId: candidate.seat_id };
    }
    if (seated.byEmail.size >= free) return { outcome: 'refused', refusal: 'SeatNotAvailable' };
    if (refusal !== undefined) return { outcome: 'refused', refusal };
    const email = candidate.email_key as string;
    const externalId = recipient.by === 'external_member' ? recipient.external_id : undefined;
    seated.byEmail.set(email, externalId);
    if (externalId !== undefined) seated.byExternalId.set(externalId, email);
    return { outcome: 'seat' };
  });
}

/** Who was given a seat by the same call, so that the database does not know of them yet. */
interface Seated {
  byEmail: Map<string, string | undefined>;
  byExternalId: Map<string, string>;
}

function personRefusal(
  memberModel: boolean,
  { recipient, candidate }: Judged,
  seated: Seated,
): Refusal | undefined {
  const { member, customer, email_key: email } = candidate;
  const byCustomer = recipient.by === 'customer' || recipient.by === 'external_customer';
  if (byCustomer && customer === null) {
    return memberModel ? 'InvalidSeatAssignmentRequest' : 'CustomerNotFound';
  }
  if (recipient.by === 'member' && member === null) return 'MemberNotFound';
  if (recipient.by === 'external_member') {
    const sitting = seated.byExternalId.get(recipient.external_id as string);
    if (recipient.email === undefined && member === null) {
      return sitting === undefined ? 'MemberNotFound' : 'SeatAlreadyAssigned';
    }
    if (member !== null && isMismatch(recipient, member)) return 'MemberEmailMismatch';
    const linked = seated.byEmail.get(email as string) ?? recipient.external_id;
    if ((sitting ?? email) !== email || linked !== recipient.external_id) {
      return 'MemberEmailMismatch';
    }
  }
  if (email === null) return 'InvalidSeatAssignmentRequest';
  const isSeated = candidate.seat_id !== null || seated.byEmail.has(email);
  return isSeated ? 'SeatAlreadyAssigned' : undefined;
}

/** The external id and the e-mail of a request point to two people. */
function isMismatch(
  recipient: Recipient,
  member: { email: string; external_id: string | null },
): boolean {
  const linked = member.external_id === null || member.external_id === recipient.external_id;
  const sameEmail =
    recipient.email === undefined || recipient.email.toLowerCase() === member.email.toLowerCase();
  return !linked || !sameEmail;
}
