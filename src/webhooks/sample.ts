import type { EventType } from '../events/event.js';
import { CustomerSeatDto } from '../seats/seats.dto.js';
import type { SeatRow } from '../seats/seats.sql.js';

const ID = '00000000-0000-4000-8000-000000000000';

/** The data of a test delivery: an object in the type's shape that is clearly not real. */
export function sampleData(type: EventType, now: Date): object {
  if (!type.startsWith('customer_seat.')) return { test: true };
  const time = now.toISOString();
  const revoked = type === 'customer_seat.revoked';
  const claimed = type === 'customer_seat.claimed';
  const row: SeatRow = {
    seat_id: ID,
    created_at: time,
    modified_at: null,
    pool_id: ID,
    subscription_id: ID,
    order_id: null,
    product_id: ID,
    status: revoked ? 'revoked' : claimed ? 'claimed' : 'pending',
    customer_id: ID,
    customer_email: 'ada@example.com',
    member_id: ID,
    member: null,
    email: 'ada@example.com',
    metadata: { test: true },
    invitation_expires_at: revoked || claimed ? null : time,
    claimed_at: claimed ? time : null,
    revoked_at: revoked ? time : null,
  };
  return CustomerSeatDto.from(row);
}
