import { emailKey } from '../../platform/email.js';
import type { Assignment, Recipient } from '../seats.rules.js';

/*
 * The decision about each recipient: a new seat, the seat they have, or a refusal.
 */

/** The facts that the database has about a recipient. */
export interface Candidate {
  /** The buyer's member; null when there is none yet. */
  member: { id: string; email: string; external_id: string | null } | null;
  /** The customer that was named, or the customer with the person's e-mail. */
  customer: { id: string; email: string | null; name: string | null } | null;
  /** The key of the e-mail that the person has or will have; null when there is none. */
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

export type Verdict =
  | { outcome: 'new_seat' }
  | { outcome: 'existing_seat'; seatId: string }
  /** The seat that an earlier item of the same call gives to the same person. */
  | { outcome: 'earlier_seat'; earlier: Assignment }
  | { outcome: 'refused'; refusal: Refusal };

/** A recipient, and the facts about them. */
export interface ResolvedAssignment {
  assignment: Assignment;
  candidate: Candidate;
}

/** A recipient, the facts about them, and the verdict. */
export interface Decision extends ResolvedAssignment {
  verdict: Verdict;
}

/**
 * Decides about recipients in order, as if they were assigned one after the other. Each is checked
 * for a free place first, then for the person, then for a seat that the person has. This order is
 * part of the contract: on a full pool even a duplicate is refused with SeatNotAvailable.
 *
 * @param places free places of the pool.
 * @param memberModel whether recipients are members of the buyer rather than customers.
 */
export function judge(
  places: number,
  memberModel: boolean,
  candidates: ResolvedAssignment[],
): Decision[] {
  const call: CallSoFar = {
    taken: 0,
    seats: new Map(),
    externalIds: new Map(),
    emails: new Map(),
  };
  return candidates.map((item) => {
    const verdict = verdictOf(item, memberModel, call, places);
    if (verdict.outcome !== 'refused') remember(item, verdict, call);
    return { ...item, verdict };
  });
}

/** The effects of the earlier items of a call. The database does not know of them yet. */
interface CallSoFar {
  /** How many new seats they take. */
  taken: number;
  /** The seats that they give or return, by e-mail. */
  seats: Map<string, Verdict>;
  /** External id by e-mail. */
  externalIds: Map<string, string>;
  /** E-mail by external id. */
  emails: Map<string, string>;
}

function verdictOf(
  item: ResolvedAssignment,
  memberModel: boolean,
  call: CallSoFar,
  places: number,
): Verdict {
  const refusal = personRefusal(item, memberModel, call);
  if (refusal === 'SeatAlreadyAssigned' && item.assignment.returnAssigned) {
    return seatOf(item, call);
  }
  if (call.taken >= places) return { outcome: 'refused', refusal: 'SeatNotAvailable' };
  return refusal === undefined ? { outcome: 'new_seat' } : { outcome: 'refused', refusal };
}

/** The seat of a person who is refused with SeatAlreadyAssigned. */
function seatOf(item: ResolvedAssignment, call: CallSoFar): Verdict {
  const { seat_id: seatId } = item.candidate;
  if (seatId !== null) return { outcome: 'existing_seat', seatId };
  return call.seats.get(personOf(item, call)) as Verdict;
}

/**
 * The e-mail of a person with a seat. If only an external id is named, an earlier item of this call
 * may have assigned it.
 */
function personOf(item: ResolvedAssignment, call: CallSoFar): string {
  return (item.candidate.email_key ?? call.emails.get(externalIdOf(item) ?? '')) as string;
}

function remember(item: ResolvedAssignment, verdict: Verdict, call: CallSoFar): void {
  const email = personOf(item, call);
  const externalId = externalIdOf(item);
  const isNew = verdict.outcome === 'new_seat';
  if (isNew) call.taken += 1;
  call.seats.set(email, isNew ? { outcome: 'earlier_seat', earlier: item.assignment } : verdict);
  if (externalId === undefined) return;
  call.externalIds.set(email, externalId);
  call.emails.set(externalId, email);
}

function personRefusal(
  { assignment: { recipient }, candidate }: ResolvedAssignment,
  memberModel: boolean,
  call: CallSoFar,
): Refusal | undefined {
  const { member, customer, email_key: email } = candidate;
  if (isCustomer(recipient) && customer === null) {
    return memberModel ? 'InvalidSeatAssignmentRequest' : 'CustomerNotFound';
  }
  if (recipient.by === 'member' && member === null) return 'MemberNotFound';
  if (recipient.by === 'external_member') {
    const linkedEmail = call.emails.get(recipient.external_id);
    if (recipient.email === undefined && member === null) {
      return linkedEmail === undefined ? 'MemberNotFound' : 'SeatAlreadyAssigned';
    }
    if (member !== null && isMismatch(recipient, member)) return 'MemberEmailMismatch';
    const linkedId = call.externalIds.get(email as string) ?? recipient.external_id;
    if ((linkedEmail ?? email) !== email || linkedId !== recipient.external_id) {
      return 'MemberEmailMismatch';
    }
  }
  if (email === null) return 'InvalidSeatAssignmentRequest';
  const isSeated = candidate.seat_id !== null || call.seats.has(email);
  return isSeated ? 'SeatAlreadyAssigned' : undefined;
}

/** Whether the external id and the e-mail of a request belong to two people. */
function isMismatch(
  recipient: Extract<Recipient, { by: 'external_member' }>,
  member: { email: string; external_id: string | null },
): boolean {
  const isLinked = member.external_id === null || member.external_id === recipient.external_id;
  const isSameEmail =
    recipient.email === undefined || emailKey(recipient.email) === emailKey(member.email);
  return !isLinked || !isSameEmail;
}

function isCustomer(recipient: Recipient): boolean {
  return recipient.by === 'customer' || recipient.by === 'external_customer';
}

export function isRefused({ verdict }: Decision): boolean {
  return verdict.outcome === 'refused';
}

export function getsNewSeat({ verdict }: Decision): boolean {
  return verdict.outcome === 'new_seat';
}

/** Whether the request may give a member an external id, or create one with it. */
export function mayLink({ recipient }: Assignment): boolean {
  return recipient.by === 'external_member' && recipient.email !== undefined;
}

/** Whether a person, or their external id, must be written before the seat. */
export function needsPeople(decision: Decision, memberModel: boolean): boolean {
  switch (decision.verdict.outcome) {
    case 'refused':
      return false;
    case 'existing_seat':
      return needsExternalId(decision);
    case 'earlier_seat':
      return mayLink(decision.assignment) && needsMember(decision);
    case 'new_seat':
      return needsMember(decision) || needsCustomer(decision, memberModel);
  }
}

/** Whether the buyer lacks this member, or the member lacks the external id of the request. */
export function needsMember(decision: Decision): boolean {
  return decision.candidate.member === null || needsExternalId(decision);
}

/** Whether a customer must be created for the person. */
export function needsCustomer(decision: Decision, memberModel: boolean): boolean {
  return getsNewSeat(decision) && !memberModel && decision.candidate.customer === null;
}

function needsExternalId({ assignment: { recipient }, candidate: { member } }: Decision): boolean {
  return recipient.by === 'external_member' && member !== null && member.external_id === null;
}

/** The member that must be written for a decision. */
export function memberOf(decision: Decision): {
  email: string;
  name: string | null;
  external_id: string | null;
} {
  const { assignment, candidate } = decision;
  return {
    email: emailOf(decision),
    // A person who was named by e-mail alone may be a stranger to the buyer, so their customer's
    // name stays hidden.
    name: isCustomer(assignment.recipient) ? (candidate.customer?.name ?? null) : null,
    external_id: externalIdOf(decision) ?? null,
  };
}

/** The e-mail under which a person who gets a seat is seated. */
export function emailOf({ assignment: { recipient }, candidate }: Decision): string {
  const named = 'email' in recipient ? recipient.email : undefined;
  return (candidate.customer?.email ?? candidate.member?.email ?? named) as string;
}

function externalIdOf({ assignment: { recipient } }: ResolvedAssignment) {
  return recipient.by === 'external_member' ? recipient.external_id : undefined;
}
