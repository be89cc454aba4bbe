/*
 * What a token may be allowed to do. This is the one list: requests, the command line and the
 * API description all read it. Write does not imply read.
 */

const READ_AND_WRITE = [
  'organization',
  'organization_access_tokens',
  'products',
  'customers',
  'members',
  'subscriptions',
  'orders',
  'checkouts',
  'customer_seats',
  'webhooks',
];

/** Every scope there is, in the order in which they are shown. */
export const SCOPES: readonly string[] = [
  ...READ_AND_WRITE.flatMap((name) => [`${name}:read`, `${name}:write`]),
  'customer_sessions:write',
  'events:read',
];

/** `scopes` without repetitions, in the order of {@link SCOPES}. */
export function sortedScopes(scopes: readonly string[]): string[] {
  return SCOPES.filter((scope) => scopes.includes(scope));
}

/** Those of `wanted` that are not in `held`: a token cannot hand on more than it has itself. */
export function missingScopes(wanted: readonly string[], held: readonly string[]): string[] {
  return wanted.filter((scope) => !held.includes(scope));
}
