/*
 * What is true of subscriptions. A subscription that has ended stays as it is: nothing leaves
 * `canceled` or `incomplete_expired`.
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

/** What decides over the life of a subscription. */
export interface Life {
  status: string;
  current_period_end: Date | null;
  cancel_at_period_end: boolean;
  canceled_at: Date | null;
  ended_at: Date | null;
}

/** The rule over two keys that PostgreSQL checks as well. */
export function lacksPeriodEnd(
  life: Partial<Pick<Life, 'cancel_at_period_end' | 'current_period_end'>>,
): boolean {
  return life.cancel_at_period_end === true && !life.current_period_end;
}

/** What {@link lacksPeriodEnd} is answered with. */
export const PERIOD_END_NEEDED = 'cancel_at_period_end needs a current_period_end';

/**
 * Draws the conclusions from what was asked for: a cancellation at a period's end that has passed
 * is carried out, and the times say when a cancellation was asked for and when the end came.
 */
export function settled(life: Life, now: Date): Life {
  const { cancel_at_period_end, current_period_end, canceled_at, ended_at } = life;
  const due = cancel_at_period_end && current_period_end !== null && current_period_end <= now;
  const status = due && !isEnded(life.status) ? 'canceled' : life.status;
  const canceled = cancel_at_period_end || status === 'canceled';
  return {
    status,
    current_period_end,
    cancel_at_period_end,
    canceled_at: canceled ? (canceled_at ?? now) : null,
    ended_at: isEnded(status) ? (ended_at ?? now) : null,
  };
}
