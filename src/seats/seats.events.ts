/** What seats tell the world. Each event is written in the statement that makes the change. */
export const EVENT_TYPES = [
  'customer_seat.assigned',
  'customer_seat.claimed',
  'customer_seat.revoked',
  'customer_seat.invitation_resent',
  'customer_seat.updated',
  'subscription.seats_changed',
  'order.seats_changed',
  'seats.exhausted',
] as const;
