import {
  ShownDateTime,
  ShownEmail,
  ShownEnum,
  ShownInteger,
  ShownList,
  ShownMetadata,
  ShownObject,
  ShownText,
  ShownUuid,
} from '../platform/http/answers.js';
import {
  EmailField,
  IntegerField,
  ListField,
  MetadataField,
  TextField,
  UuidField,
} from '../platform/http/fields.js';
import { StrictBody } from '../platform/http/validation.pipe.js';
import { SEAT_STATUSES, type SeatStatus } from './seat.js';
import type { SeatMember, SeatRow } from './seats.rows.js';
import type { SeatFilters, SeatList } from './seats.service.js';

export class ListSeatsQuery implements SeatFilters {
  @UuidField({
    description: 'The subscription. It counts when several ids are given.',
    version4: true,
  })
  subscription_id?: string;

  @UuidField({ description: 'The order.', version4: true })
  order_id?: string;

  @UuidField({ description: 'The checkout that led to either.', version4: true })
  checkout_id?: string;

  @ListField({
    description: 'Only seats of these states. May be repeated.',
    of: SEAT_STATUSES,
    max: 3,
    single: true,
  })
  status?: SeatStatus[];

  @EmailField({ description: 'Only the active seat of the person with this e-mail.' })
  email?: string;

  @UuidField({ description: 'Only the active seat of this member.', version4: true })
  member_id?: string;

  @UuidField({ description: 'Only active seats with this `customer_id`.', version4: true })
  customer_id?: string;

  @IntegerField({
    description: 'Seats a page. Without it the whole list comes, up to 10,000 seats.',
    min: 1,
    max: 1000,
  })
  limit?: number;

  @TextField({ description: 'The `next_cursor` of the page before.', max: 1000 })
  cursor?: string;
}

export class UpdateSeatDto extends StrictBody {
  @MetadataField({
    description: 'Replaces the metadata, under the same limits. Null empties it.',
    nullable: true,
  })
  metadata?: Record<string, unknown> | null;
}

export class SeatParams {
  @UuidField({ description: 'The id of the seat.', required: true, version4: true })
  seat_id: string;
}

export class SeatMemberDto {
  @ShownUuid('The id of the member.')
  id: string;

  @ShownDateTime('When the member was created.')
  created_at: string;

  @ShownDateTime('Null until the first change.', { nullable: true, example: null })
  modified_at: string | null;

  @ShownUuid('The buyer whose member this is.')
  customer_id: string;

  @ShownEmail('The e-mail of the person.')
  email: string;

  @ShownText('The name of the person.', { nullable: true, example: 'Ada Lovelace' })
  name: string | null;

  @ShownText('Your own id of the member.', { nullable: true, example: 'employee_7' })
  external_id: string | null;

  @ShownEnum(
    ['owner', 'billing_manager', 'member'],
    'What the person may do in the customer portal.',
  )
  role: string;

  static from(member: SeatMember): SeatMemberDto {
    const { id, customer_id, email, name, external_id, role } = member;
    const created_at = iso(member.created_at);
    const modified_at = iso(member.modified_at);
    return { id, created_at, modified_at, customer_id, email, name, external_id, role };
  }
}

/** A seat as clients know it: exactly these keys, always all of them. */
export class CustomerSeatDto {
  @ShownDateTime('When the seat was assigned.')
  created_at: string;

  @ShownDateTime('Null until the first change.', { nullable: true, example: null })
  modified_at: string | null;

  @ShownUuid('The id of the seat.')
  id: string;

  @ShownUuid('The subscription that the seat is of; null for an order.', { nullable: true })
  subscription_id: string | null;

  @ShownUuid('The order that the seat is of; null for a subscription.', {
    nullable: true,
    example: null,
  })
  order_id: string | null;

  @ShownEnum(SEAT_STATUSES, '`pending`: invited. `claimed`: in use. `revoked`: free again.')
  status: SeatStatus;

  @ShownUuid(
    'The buyer; where the organization has no members, the customer that the person is. ' +
      'Null after a revoke.',
    { nullable: true },
  )
  customer_id: string | null;

  @ShownUuid('Null after a revoke.', { nullable: true })
  member_id: string | null;

  @ShownObject(
    SeatMemberDto,
    'The person on the seat, as a member of the buyer. Null after a revoke.',
    { nullable: true },
  )
  member: SeatMemberDto | null;

  @ShownEmail('The e-mail of the person on the seat. Null after a revoke.', { nullable: true })
  email: string | null;

  @ShownEmail('The e-mail of the customer in `customer_id`. Null after a revoke.', {
    nullable: true,
    example: 'buyer@example.com',
  })
  customer_email: string | null;

  @ShownDateTime('Until when the invitation can be claimed. Null unless the seat is pending.', {
    nullable: true,
  })
  invitation_token_expires_at: string | null;

  @ShownDateTime('When the seat was claimed.', { nullable: true, example: null })
  claimed_at: string | null;

  @ShownDateTime('When the seat was revoked.', { nullable: true, example: null })
  revoked_at: string | null;

  @ShownMetadata('The metadata of the assignment. It stays after a revoke.')
  seat_metadata: Record<string, unknown>;

  /** Of a row of the database, or of the snapshot that an event kept. */
  static from(row: SeatRow): CustomerSeatDto {
    return {
      created_at: iso(row.created_at),
      modified_at: iso(row.modified_at),
      id: row.seat_id,
      subscription_id: row.subscription_id,
      order_id: row.order_id,
      status: row.status,
      customer_id: row.customer_id,
      member_id: row.member_id,
      member: row.member && SeatMemberDto.from(row.member),
      email: row.email,
      customer_email: row.customer_email,
      invitation_token_expires_at: iso(row.invitation_expires_at),
      claimed_at: iso(row.claimed_at),
      revoked_at: iso(row.revoked_at),
      seat_metadata: row.metadata,
    };
  }
}

export class SeatsListDto {
  @ShownList(CustomerSeatDto, 'Revoked ones included, oldest first.')
  seats: CustomerSeatDto[];

  @ShownInteger('Seats that can still be given.', { example: 4 })
  available_seats: number;

  @ShownInteger('Seats that were bought.', { minimum: 1, example: 5 })
  total_seats: number;

  @ShownText('With `limit`: where the next page starts; null at the end.', {
    nullable: true,
    example: null,
    required: false,
  })
  next_cursor?: string | null;

  static from(list: SeatList): SeatsListDto {
    const { available_seats, total_seats, next_cursor } = list;
    return {
      seats: list.seats.map(CustomerSeatDto.from),
      available_seats,
      total_seats,
      ...(next_cursor !== undefined && { next_cursor }),
    };
  }
}

function iso(time: Date | string): string;
function iso(time: Date | string | null): string | null;
function iso(time: Date | string | null): string | null {
  return time === null ? null : new Date(time).toISOString();
}
