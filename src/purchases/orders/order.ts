/* The rules of orders: `refunded` and `void` are final. */

export const ORDER_STATUSES = [
  'pending',
  'paid',
  'refunded',
  'partially_refunded',
  'void',
] as const;
export type OrderStatus = (typeof ORDER_STATUSES)[number];

const FINAL: readonly string[] = ['refunded', 'void'];
const GIVING: readonly string[] = ['paid', 'partially_refunded'];

/** Whether the status cannot be left. */
export function isFinal(status: string): boolean {
  return FINAL.includes(status);
}

/** Whether seats of an order with this status can be assigned. */
export function givesSeats(status: string): boolean {
  return GIVING.includes(status);
}
