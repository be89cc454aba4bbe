import { randomBytes } from 'node:crypto';
import type { Keys } from '../platform/crypto.js';
import { webUrl } from './brand.js';

/** A new invitation. The seat stores `nonce` and `hash`. The token is never stored. */
export interface Invitation {
  nonce: string;
  token: string;
  hash: string;
}

/**
 * Creates an invitation with a token that is computed from the seat's id, a nonce and the service's
 * key. The token need not be stored: the worker computes it again for the mail, and a copy of the
 * database alone cannot be used to claim seats.
 * @param nonce random, except in the demo, whose example token must be the same everywhere.
 */
export function createInvitation(
  keys: Keys,
  seatId: string,
  nonce = randomBytes(16).toString('base64url'),
): Invitation {
  const token = keys.sign('invitation', tokenInput(seatId, nonce));
  return { nonce, token, hash: keys.sign('invitation-hash', token) };
}

/**
 * Computes the token of an invitation again. Returns undefined if its key is no longer in the
 * settings; the invitation does not work any more.
 */
export function recoverToken(
  keys: Keys,
  seatId: string,
  nonce: string,
  hash: string,
): string | undefined {
  return keys
    .signatures('invitation', tokenInput(seatId, nonce))
    .find((token) => keys.verify('invitation-hash', token, hash));
}

/** The hashes under which the database may store a token, one per key. */
export function hashesOf(keys: Keys, token: string): string[] {
  return keys.signatures('invitation-hash', token);
}

/**
 * The link of an invitation.
 * @param template the URL of the organization's claim page, an http or https URL. The token replaces
 *   `{token}` or `{invitation_token}`; without a placeholder it is added to the query. Null, or a
 *   URL with another scheme, leads to the service's claim page.
 */
export function claimUrl(publicUrl: string, template: string | null, token: string): string {
  const value = encodeURIComponent(token);
  if (template === null || webUrl(template) === undefined) {
    return `${publicUrl}/claim?token=${value}`;
  }
  const filled = template.replace(/\{(?:invitation_)?token\}/g, () => value);
  if (filled !== template) return filled;
  const [base = '', ...fragment] = template.split('#');
  const separator = !base.includes('?') ? '?' : /[?&]$/.test(base) ? '' : '&';
  return [`${base}${separator}token=${value}`, ...fragment].join('#');
}

/** The part of a new invitation that a caller sees. It is shown only once. */
export interface IssuedInvitation {
  token: string;
  url: string;
  expires_at: Date;
}

/** Returns a new invitation with its link, for a caller that sends its own mail. */
export function issueInvitation(
  publicUrl: string,
  template: string | null,
  { token }: Invitation,
  expires_at: Date,
): IssuedInvitation {
  return { token, url: claimUrl(publicUrl, template, token), expires_at };
}

function tokenInput(seatId: string, nonce: string): string {
  return `${seatId}.${nonce}`;
}
