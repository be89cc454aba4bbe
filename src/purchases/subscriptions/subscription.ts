/*
 * The rules of subscriptions. `canceled` and `incomplete_expired` are final: a subscription that has
 * ended no longer changes.
 */

export const SUBSCRIPTION_STATUSES = [
  'incomplete',
  'incomplete_expired',
  'trialing',
  'active',
  'past_due',
  'canceled',
  'unpaid',
] as const;
export type SubscriptionStatus = (typeof SUBSCRIPTION_STATUSES)[number];

const ENDED: readonly string[] = ['canceled', 'incomplete_expired'];
const GIVING: readonly string[] = ['active', 'trialing', 'past_due'];

/** Whether the status is final. */
export function isEnded(status: string): boolean {
  return ENDED.includes(status);
}

/** Whether seats of a subscription with this status can be assigned. */
export function givesSeats(status: string): boolean {
  return GIVING.includes(status);
}

/** The columns that describe the lifecycle of a subscription. */
export interface Lifecycle {
  status: string;
  current_period_end: Date | null;
  cancel_at_period_end: boolean;
  canceled_at: Date | null;
  ended_at: Date | null;
}

/** Whether the subscription is to end with a period whose end is unknown. PostgreSQL checks it too. */
export function lacksPeriodEnd(
  lifecycle: Partial<Pick<Lifecycle, 'cancel_at_period_end' | 'current_period_end'>>,
): boolean {
  return lifecycle.cancel_at_period_end === true && !lifecycle.current_period_end;
}

/** The message when {@link lacksPeriodEnd}. */
export const PERIOD_END_NEEDED = 'Send current_period_end: cancel_at_period_end needs it.';

/**
 * The lifecycle with its derived columns. A cancellation is carried out once its period is over;
 * `canceled_at` and `ended_at` are set when they first apply, and cleared when they no longer do.
 */
export function deriveLifecycle(requested: Lifecycle, now: Date): Lifecycle {
  const { cancel_at_period_end, current_period_end, canceled_at, ended_at } = requested;
  const due = cancel_at_period_end && current_period_end !== null && current_period_end <= now;
  const status = due && !isEnded(requested.status) ? 'canceled' : requested.status;
  const canceled = cancel_at_period_end || status === 'canceled';
  return {
    status,
    current_period_end,
    cancel_at_period_end,
    canceled_at: canceled ? (canceled_at ?? now) : null,
    ended_at: isEnded(status) ? (ended_at ?? now) : null,
  };
}
