import { mapInSlices } from '../platform/slices.js';
import {
  DateTimeProperty,
  EmailProperty,
  EnumProperty,
  IntegerProperty,
  ListProperty,
  MetadataProperty,
  ObjectProperty,
  TextProperty,
  UuidProperty,
} from '../platform/http/response-properties.js';
import {
  EmailField,
  IntegerField,
  ListField,
  MetadataField,
  TextField,
  UuidField,
} from '../platform/http/request-fields.js';
import { StrictBody } from '../platform/http/validation.pipe.js';
import { SEAT_STATUSES, type SeatStatus } from './seat.js';
import type { SeatMember, SeatRow } from './seats.sql.js';
import type { SeatFilters, SeatList } from './seats.service.js';
import { EXAMPLE } from '../platform/http/examples.js';

export class ListSeatsQuery implements SeatFilters {
  @UuidField({
    description:
      'The id of the subscription. One of the three ids is required, and this one takes precedence.',
    version4: true,
  })
  subscription_id?: string;

  @UuidField({ description: 'The id of the order.', version4: true })
  order_id?: string;

  @UuidField({
    description: 'The id of the checkout of the subscription or order.',
    version4: true,
  })
  checkout_id?: string;

  @ListField({
    description: 'Returns only seats with these statuses. The parameter can be repeated.',
    of: SEAT_STATUSES,
    max: 3,
    single: true,
  })
  status?: SeatStatus[];

  @EmailField({ description: 'Returns only the active seat of the person with this e-mail.' })
  email?: string;

  @UuidField({
    description: 'Returns only the active seat of the member with this id.',
    version4: true,
  })
  member_id?: string;

  @UuidField({ description: 'Returns only active seats with this `customer_id`.', version4: true })
  customer_id?: string;

  @IntegerField({
    description:
      'The number of seats per page. Without it, the response has all seats, up to 10,000.',
    min: 1,
    max: 1000,
  })
  limit?: number;

  @TextField({ description: 'The `next_cursor` of the previous page.', max: 1000 })
  cursor?: string;
}

export class UpdateSeatDto extends StrictBody {
  @MetadataField({
    description:
      'The new metadata. It replaces the old metadata and has the same limits. Null clears it.',
    nullable: true,
  })
  metadata?: Record<string, unknown> | null;
}

export class SeatParams {
  @UuidField({
    description: 'The id of the seat.',
    required: true,
    version4: true,
    example: EXAMPLE.seat,
  })
  seat_id: string;
}

export class SeatMemberDto {
  @UuidProperty('The id of the member.', { example: EXAMPLE.member })
  id: string;

  @DateTimeProperty('The time when the member was created.')
  created_at: string;

  @DateTimeProperty('The time of the last change. Null until the first change.', {
    nullable: true,
    example: null,
  })
  modified_at: string | null;

  @UuidProperty('The id of the buyer to whom the member belongs.')
  customer_id: string;

  @EmailProperty('The e-mail of the person.')
  email: string;

  @TextProperty('The name of the person.', { nullable: true, example: 'Ada Lovelace' })
  name: string | null;

  @TextProperty('Your own id for the member.', { nullable: true, example: 'employee_7' })
  external_id: string | null;

  @EnumProperty(
    ['owner', 'billing_manager', 'member'],
    'The role of the person in the customer portal.',
  )
  role: string;

  static from(member: SeatMember): SeatMemberDto {
    const { id, customer_id, email, name, external_id, role } = member;
    const created_at = iso(member.created_at);
    const modified_at = iso(member.modified_at);
    return { id, created_at, modified_at, customer_id, email, name, external_id, role };
  }
}

/** A seat as clients see it. Strict clients need exactly these keys, and always all of them. */
export class CustomerSeatDto {
  @DateTimeProperty('The time when the seat was assigned.')
  created_at: string;

  @DateTimeProperty('The time of the last change. Null until the first change.', {
    nullable: true,
    example: null,
  })
  modified_at: string | null;

  @UuidProperty('The id of the seat.', { example: EXAMPLE.seat })
  id: string;

  @UuidProperty('The id of the subscription of the seat. Null for a seat of an order.', {
    nullable: true,
  })
  subscription_id: string | null;

  @UuidProperty('The id of the order of the seat. Null for a seat of a subscription.', {
    nullable: true,
    example: null,
  })
  order_id: string | null;

  @EnumProperty(
    SEAT_STATUSES,
    '`pending`: the person is invited. `claimed`: the person uses the seat. `revoked`: the seat has ' +
      'ended.',
  )
  status: SeatStatus;

  @UuidProperty(
    'The id of the buyer. If the organization does not use members, the id of the person as a ' +
      'customer. Null after the seat is revoked.',
    { nullable: true },
  )
  customer_id: string | null;

  @UuidProperty('The id of the person as a member. Null after the seat is revoked.', {
    nullable: true,
  })
  member_id: string | null;

  @ObjectProperty(
    SeatMemberDto,
    'The person with the seat, as a member of the buyer. Null after the seat is revoked.',
    { nullable: true },
  )
  member: SeatMemberDto | null;

  @EmailProperty('The e-mail of the person with the seat. Null after the seat is revoked.', {
    nullable: true,
  })
  email: string | null;

  @EmailProperty(
    'The e-mail of the person with the seat, not of the buyer; the same as `email`. Null after the ' +
      'seat is revoked.',
    { nullable: true },
  )
  customer_email: string | null;

  @DateTimeProperty('The time when the invitation expires. Null unless the seat is pending.', {
    nullable: true,
  })
  invitation_token_expires_at: string | null;

  @DateTimeProperty('The time when the seat was claimed. Null if it was not claimed.', {
    nullable: true,
    example: null,
  })
  claimed_at: string | null;

  @DateTimeProperty('The time when the seat was revoked. Null until then.', {
    nullable: true,
    example: null,
  })
  revoked_at: string | null;

  @MetadataProperty('The metadata of the seat. It is kept after the seat is revoked.')
  seat_metadata: Record<string, unknown>;

  /** Accepts a row of the database, or the snapshot of a row in an event. */
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
      // Not the snapshot's customer_email: the previous release wrote the buyer's e-mail there.
      customer_email: row.email,
      invitation_token_expires_at: iso(row.invitation_expires_at),
      claimed_at: iso(row.claimed_at),
      revoked_at: iso(row.revoked_at),
      seat_metadata: row.metadata,
    };
  }
}

export class SeatsListDto {
  @ListProperty(CustomerSeatDto, 'The seats, oldest first. Revoked seats are included.')
  seats: CustomerSeatDto[];

  @IntegerProperty('The number of seats that can still be assigned.', { example: 4 })
  available_seats: number;

  @IntegerProperty('The number of seats that were bought.', { minimum: 1, example: 5 })
  total_seats: number;

  @TextProperty('Only with `limit`: the cursor of the next page. Null on the last page.', {
    nullable: true,
    example: null,
    required: false,
  })
  next_cursor?: string | null;

  static async from(list: SeatList): Promise<SeatsListDto> {
    const { available_seats, total_seats, next_cursor } = list;
    return {
      seats: await mapInSlices(list.seats, CustomerSeatDto.from),
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

/** An item of a bulk request that failed. */
export class BulkFailureDto {
  @IntegerProperty('The index of the item in the request, from 0.', { example: 3 })
  index: number;

  @TextProperty('The name of the error that a separate request would return.', {
    example: 'SeatAlreadyAssigned',
  })
  error: string;

  @TextProperty('An explanation of the error for a person.', {
    example: 'ada@example.com has a seat of this subscription already.',
  })
  detail: string;
}
