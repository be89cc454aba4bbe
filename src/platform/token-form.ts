import { isToken } from './crypto.js';

/*
 * The forms of the tokens that programs send as bearer tokens. The prefix and the checksum tell
 * without a secret whether a token was sent to the wrong route, or was cut off or mistyped.
 */

export const TOKEN_PREFIX = 'seat_oat_';
export const CUSTOMER_SESSION_PREFIX = 'seat_cst_';
export const MEMBER_SESSION_PREFIX = 'seat_mst_';

export type TokenKind = 'token' | 'session';

const PREFIXES: Record<TokenKind, readonly string[]> = {
  token: [TOKEN_PREFIX],
  session: [CUSTOMER_SESSION_PREFIX, MEMBER_SESSION_PREFIX],
};

// The sentence after "This route takes".
const TAKES: Record<TokenKind, string> = {
  token: 'the access token of an organization, which starts with seat_oat_',
  session: 'the session token of the portal, which starts with seat_cst_ or seat_mst_',
};

const OTHER: Record<TokenKind, { kind: TokenKind; name: string }> = {
  token: { kind: 'session', name: 'a session token of the portal' },
  session: { kind: 'token', name: 'the access token of an organization' },
};

/** Whether the string has the form of a token of this kind: its prefix, length and checksum. */
export function hasForm(token: string, kind: TokenKind): boolean {
  return PREFIXES[kind].some((prefix) => isToken(token, prefix));
}

/** The sentence about a string that does not have the form of a token of this kind. */
export function formProblem(token: string, kind: TokenKind): string {
  const takes = `This route takes ${TAKES[kind]}.`;
  const other = OTHER[kind];
  if (PREFIXES[other.kind].some((prefix) => token.startsWith(prefix))) {
    return `This is ${other.name}. ${takes}`;
  }
  return PREFIXES[kind].some((prefix) => token.startsWith(prefix))
    ? 'This token is cut off or mistyped: its checksum does not match. Copy the whole token again.'
    : `This is not a token of this service. ${takes}`;
}
