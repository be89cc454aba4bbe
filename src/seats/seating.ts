import type { Candidate, Recipient, Verdict } from './seat.js';
import type { PoolRow } from './seats.rows.js';

/*
 * People on their way to a seat: who they are, what is known of them, what they still lack.
 */

/** One person to be seated, and how. */
export interface Assignment {
  recipient: Recipient;
  metadata: Record<string, unknown>;
  /** Claimed at once: no invitation, no expiry, no mail. */
  immediateClaim: boolean;
  /** Whether a pending seat's invitation is mailed. */
  sendInvitation: boolean;
  /** Seconds; null is the organization's default. */
  expiresIn: number | null;
  /** A person who is seated already gets the seat they have, instead of an error. */
  returnSeated: boolean;
}

/** A person, what is known of them, and what is decided. */
export interface Item {
  assignment: Assignment;
  candidate: Candidate;
  verdict: Verdict;
}

/** Whether an existing member may get an external id, or a new one come with it. */
export function mayLink(recipient: Recipient): boolean {
  return recipient.by === 'external_member' && recipient.email !== undefined;
}

/** Whether they get a new seat. */
export function isChosen({ verdict }: Item): boolean {
  return verdict.outcome === 'seat';
}

/** Whether somebody, or an external id of theirs, must be written before they can be answered. */
export function lacks(item: Item, pool: PoolRow): boolean {
  if (item.verdict.outcome === 'seated') return lacksExternalId(item);
  return isChosen(item) && (lacksMember(item) || lacksCustomer(item, pool));
}

/** Whether the buyer has no such member, or not by the external id. */
export function lacksMember(item: Item): boolean {
  return item.candidate.member === null || lacksExternalId(item);
}

function lacksExternalId({ assignment: { recipient }, candidate: { member } }: Item): boolean {
  return recipient.by === 'external_member' && member !== null && member.external_id === null;
}

/** Whether they are to be a customer of their own, and are not yet. */
export function lacksCustomer(item: Item, pool: PoolRow): boolean {
  return isChosen(item) && !pool.member_model_enabled && item.candidate.customer === null;
}

/** Whether they were named as a customer, not just by an e-mail that may be a stranger's. */
export function isByCustomer({ assignment: { recipient } }: Item): boolean {
  return recipient.by === 'customer' || recipient.by === 'external_customer';
}

/** The member's external id by which they were named. */
export function externalIdOf({ assignment: { recipient } }: Item): string | undefined {
  return recipient.by === 'external_member' ? recipient.external_id : undefined;
}

/** The e-mail under which they are seated; of those who are {@link isChosen chosen}. */
export function emailOf({ assignment: { recipient }, candidate }: Item): string {
  return (candidate.customer?.email ?? candidate.member?.email ?? recipient.email) as string;
}
