/*
 * Seat states.
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

/** The container of seats: a subscription or an order. */
export type ContainerRef = { subscription_id: string } | { order_id: string };

/** The name of the queue of transactions that lock the pool of a container. */
export function queueOf(ref: ContainerRef): string {
  return `pool of ${'order_id' in ref ? ref.order_id : ref.subscription_id}`;
}

/** The container of a seat or of a pool. */
export function containerOf(row: {
  subscription_id: string | null;
  order_id: string | null;
}): ContainerRef {
  return row.subscription_id === null
    ? { order_id: row.order_id as string }
    : { subscription_id: row.subscription_id };
}
