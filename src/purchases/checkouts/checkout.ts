/* The rules of checkouts: `succeeded`, `failed` and `expired` are final. */

export const CHECKOUT_STATUSES = ['open', 'confirmed', 'succeeded', 'failed', 'expired'] as const;
export type CheckoutStatus = (typeof CHECKOUT_STATUSES)[number];

const FINAL: readonly string[] = ['succeeded', 'failed', 'expired'];
const LIFETIME_MS = 24 * 60 * 60 * 1000;

/** Whether the status cannot be left. */
export function isFinal(status: string): boolean {
  return FINAL.includes(status);
}

/** The default expiry, used when the request does not set one. */
export function defaultExpiry(createdAt: Date): Date {
  return new Date(createdAt.getTime() + LIFETIME_MS);
}
