/** The policies for assigned seats when a purchase shrinks below them. */
export const OVERFLOWS = ['reject', 'keep', 'revoke_pending', 'revoke_newest'] as const;
export type Overflow = (typeof OVERFLOWS)[number];

/** Free places; 0 as well when the pool is smaller than what is assigned. */
export function free(pool: { capacity: number; taken: number }): number {
  return Math.max(0, pool.capacity - pool.taken);
}

/** Whether excess seats are revoked. */
export function revokes(overflow: Overflow): overflow is 'revoke_pending' | 'revoke_newest' {
  return overflow === 'revoke_pending' || overflow === 'revoke_newest';
}

/**
 * Whether a pool must change: its size differs, or it was kept too small before and its excess
 * seats are now to be revoked.
 */
export function mustResize(
  pool: { seats: number; assigned_seats: number },
  seats: number,
  overflow: Overflow,
): boolean {
  return pool.seats !== seats || (pool.assigned_seats > seats && revokes(overflow));
}
