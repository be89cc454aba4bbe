/*
 * The scopes of access tokens. Requests, the command line and the API description all use this
 * list. Write does not imply read.
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

/** Every scope, in display order. */
export const SCOPES: readonly string[] = [
  ...READ_AND_WRITE.flatMap((name) => [`${name}:read`, `${name}:write`]),
  'customer_sessions:write',
  'events:read',
];

/** `scopes` without duplicates, in the order of {@link SCOPES}. */
export function sortedScopes(scopes: readonly string[]): string[] {
  return SCOPES.filter((scope) => scopes.includes(scope));
}

/** The scopes in `wanted` that are missing from `held`. */
export function missingScopes(wanted: readonly string[], held: readonly string[]): string[] {
  return wanted.filter((scope) => !held.includes(scope));
}
