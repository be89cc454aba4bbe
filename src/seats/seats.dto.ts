import { ApiProperty } from '@nestjs/swagger';
import type { Problem } from '../platform/errors.js';
import {
  BooleanField,
  EmailField,
  MetadataField,
  problem,
  TextField,
  UuidField,
} from '../platform/http/fields.js';
import type { HasRules } from '../platform/http/validation.pipe.js';
import {
  type Recipient,
  recipientProblem,
  SEAT_STATUSES,
  type SeatStatus,
  toRecipient,
} from './seat.js';
import type { SeatMember, SeatRow } from './seats.repository.js';
import type { Assignment, SeatList } from './seats.service.js';

/** A person, named in one of the ways that API section 2.2 allows. */
export class RecipientDto {
  @EmailField({ description: 'The e-mail of the person. Compared without case.' })
  email?: string;

  @UuidField({ description: 'A customer, who gets the seat themselves.' })
  customer_id?: string;

  @TextField({ description: 'The same by your own id of the customer.', example: 'user_42' })
  external_customer_id?: string;

  @UuidField({ description: 'A member of the buyer.' })
  member_id?: string;

  @TextField({
    description:
      'The same by your own id of the member; with `email`, created or linked if needed.',
    example: 'employee_7',
  })
  external_member_id?: string;

  recipient(): Recipient {
    return toRecipient(this.recipientKeys());
  }

  protected recipientProblem(): Problem | undefined {
    return recipientProblem(this.recipientKeys());
  }

  private recipientKeys() {
    const { email, customer_id, external_customer_id, member_id, external_member_id } = this;
    return { email, customer_id, external_customer_id, member_id, external_member_id };
  }
}

export class AssignSeatDto extends RecipientDto implements HasRules {
  @UuidField({
    description: 'The subscription whose seat is given. One of the three ids is needed.',
  })
  subscription_id?: string;

  @UuidField({ description: 'The order whose seat is given.' })
  order_id?: string;

  @UuidField({ description: 'A succeeded checkout: its subscription, else its earliest order.' })
  checkout_id?: string;

  @TextField({
    description: 'With `checkout_id`: if sent, it must be the client secret of the checkout.',
    secret: true,
  })
  checkout_client_secret?: string;

  @MetadataField()
  metadata?: Record<string, unknown>;

  @BooleanField({
    description: 'The seat is claimed at once: no invitation, no expiry, no mail.',
    default: false,
    refuseNull: true,
  })
  immediate_claim?: boolean;

  problem(): Problem | undefined {
    const containers = [this.subscription_id, this.order_id, this.checkout_id];
    if (containers.filter((id) => id !== undefined).length !== 1) {
      return problem(
        'value_error',
        'Exactly one of subscription_id, order_id and checkout_id must be given',
      );
    }
    return this.recipientProblem();
  }

  assignment(): Assignment {
    return {
      recipient: this.recipient(),
      metadata: this.metadata ?? {},
      immediateClaim: this.immediate_claim ?? false,
    };
  }
}

export class ListSeatsQuery {
  @UuidField({
    description: 'The subscription. It counts when both ids are given.',
    version4: true,
  })
  subscription_id?: string;

  @UuidField({ description: 'The order.', version4: true })
  order_id?: string;
}

export class SeatParams {
  @UuidField({ description: 'The id of the seat.', required: true, version4: true })
  seat_id: string;
}

export class SeatMemberDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ format: 'date-time' })
  created_at: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  modified_at: string | null;

  @ApiProperty({ format: 'uuid', description: 'The buyer whose member this is.' })
  customer_id: string;

  @ApiProperty({ format: 'email' })
  email: string;

  @ApiProperty({ type: String, nullable: true })
  name: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'Your own id of the member.' })
  external_id: string | null;

  @ApiProperty({ enum: ['owner', 'billing_manager', 'member'] })
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
  @ApiProperty({ format: 'date-time' })
  created_at: string;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'Null until the first change.',
  })
  modified_at: string | null;

  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  subscription_id: string | null;

  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  order_id: string | null;

  @ApiProperty({ enum: SEAT_STATUSES })
  status: SeatStatus;

  @ApiProperty({
    type: String,
    format: 'uuid',
    nullable: true,
    description:
      'The buyer; where the organization has no members, the customer that the person is. ' +
      'Null after a revoke.',
  })
  customer_id: string | null;

  @ApiProperty({
    type: String,
    format: 'uuid',
    nullable: true,
    description: 'Null after a revoke.',
  })
  member_id: string | null;

  @ApiProperty({ type: () => SeatMemberDto, nullable: true, description: 'Null after a revoke.' })
  member: SeatMemberDto | null;

  @ApiProperty({
    type: String,
    format: 'email',
    nullable: true,
    description: 'The e-mail of the person on the seat. Null after a revoke.',
  })
  email: string | null;

  @ApiProperty({
    type: String,
    format: 'email',
    nullable: true,
    description: 'The e-mail of the customer in `customer_id`. Null after a revoke.',
  })
  customer_email: string | null;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'Until when the invitation can be claimed. Null unless the seat is pending.',
  })
  invitation_token_expires_at: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  claimed_at: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  revoked_at: string | null;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    description: 'The metadata of the assignment. It stays after a revoke.',
  })
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
  @ApiProperty({ type: [CustomerSeatDto], description: 'Revoked ones included, oldest first.' })
  seats: CustomerSeatDto[];

  @ApiProperty({ description: 'Seats that can still be given.', type: 'integer', minimum: 0 })
  available_seats: number;

  @ApiProperty({ description: 'Seats that were bought.', type: 'integer', minimum: 1 })
  total_seats: number;

  static from(list: SeatList): SeatsListDto {
    const { available_seats, total_seats } = list;
    return { seats: list.seats.map(CustomerSeatDto.from), available_seats, total_seats };
  }
}

function iso(time: Date | string): string;
function iso(time: Date | string | null): string | null;
function iso(time: Date | string | null): string | null {
  return time === null ? null : new Date(time).toISOString();
}
