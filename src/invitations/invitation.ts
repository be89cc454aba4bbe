import { randomBytes } from 'node:crypto';
import type { Keys } from '../platform/crypto.js';
import { webUrl } from './brand.js';

/** A new invitation. `nonce` and `hash` are stored with the seat; the token is only ever shown. */
export interface Invitation {
  nonce: string;
  token: string;
  hash: string;
}

/**
 * The token is computed from the seat, a nonce and the service's key, so that it need not be
 * kept: who has the database alone cannot claim, and the worker computes it anew for the mail.
 */
export function createInvitation(keys: Keys, seatId: string): Invitation {
  const nonce = randomBytes(16).toString('base64url');
  const token = keys.sign('invitation', tokenText(seatId, nonce));
  return { nonce, token, hash: keys.sign('invitation-hash', token) };
}

/**
 * The token again, from what the seat's row keeps. Undefined when none of the keys in force made
 * it: its key was taken out of the settings, and the invitation is dead.
 */
export function recoverToken(
  keys: Keys,
  seatId: string,
  nonce: string,
  hash: string,
): string | undefined {
  return keys
    .signatures('invitation', tokenText(seatId, nonce))
    .find((token) => keys.verify('invitation-hash', token, hash));
}

/** The hashes a seat may be stored under that this token claims, one per key. */
export function hashesOf(keys: Keys, token: string): string[] {
  return keys.signatures('invitation-hash', token);
}

/**
 * Where the invitation's link leads: the organization's own page when it has named one (an http
 * or https address with `{token}` or `{invitation_token}` where the token belongs; without them
 * it is added to the query), else the service's claim page.
 */
export function claimUrl(publicUrl: string, template: string | null, token: string): string {
  const value = encodeURIComponent(token);
  if (template === null || webUrl(template) === undefined) {
    return `${publicUrl}/claim?token=${value}`;
  }
  const filled = template.replace(/\{(?:invitation_)?token\}/g, () => value);
  if (filled !== template) return filled;
  const [address = '', ...fragment] = template.split('#');
  const separator = !address.includes('?') ? '?' : /[?&]$/.test(address) ? '' : '&';
  return [`${address}${separator}token=${value}`, ...fragment].join('#');
}

/** What a caller may see of a new invitation, once. */
export interface IssuedInvitation {
  token: string;
  url: string;
  expires_at: Date;
}

/** A new invitation with its link, for a caller who sends its own mail. */
export function issueInvitation(
  publicUrl: string,
  template: string | null,
  { token }: Invitation,
  expires_at: Date,
): IssuedInvitation {
  return { token, url: claimUrl(publicUrl, template, token), expires_at };
}

function tokenText(seatId: string, nonce: string): string {
  return `${seatId}.${nonce}`;
}
