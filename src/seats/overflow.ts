/*
 * What becomes of those who are seated when a purchase has fewer seats than are assigned.
 */

export const OVERFLOWS = ['reject', 'keep', 'revoke_pending', 'revoke_newest'] as const;
export type Overflow = (typeof OVERFLOWS)[number];

/** Whether seats that are too many are revoked. */
export function revokes(overflow: Overflow): overflow is 'revoke_pending' | 'revoke_newest' {
  return overflow === 'revoke_pending' || overflow === 'revoke_newest';
}

/**
 * Whether a pool has to change: it is to have another size, or it was kept too small before and is
 * to fit now.
 */
export function mustResize(
  pool: { seats: number; assigned_seats: number },
  seats: number,
  overflow: Overflow,
): boolean {
  return pool.seats !== seats || (pool.assigned_seats > seats && revokes(overflow));
}
