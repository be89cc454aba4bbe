/** Seat event types. Each event is written by the statement that makes the change. */
export const SEAT_EVENT_TYPES = [
  'customer_seat.assigned',
  'customer_seat.claimed',
  'customer_seat.revoked',
  'customer_seat.invitation_resent',
  'customer_seat.invitation_bounced',
  'customer_seat.updated',
  'subscription.seats_changed',
  'order.seats_changed',
  'seats.exhausted',
] as const;
