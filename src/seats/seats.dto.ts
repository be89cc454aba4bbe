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
import type { Problem } from '../platform/errors.js';
import { EXAMPLE_ID, EXAMPLE_TOKEN, Examples } from '../platform/http/docs.js';
import {
  BooleanField,
  EmailField,
  EnumField,
  IntegerField,
  ListField,
  MetadataField,
  problem,
  TextField,
  UuidField,
} from '../platform/http/fields.js';
import { type HasRules, StrictBody } from '../platform/http/validation.pipe.js';
import type { ContainerKeys } from './containers.js';
import {
  type Recipient,
  recipientProblem,
  SEAT_STATUSES,
  type SeatStatus,
  toRecipient,
} from './seat.js';
import type { SeatMember, SeatRow } from './seats.rows.js';
import type { AssignedSeat, Assignment } from './assignments.service.js';
import type { SeatFilters, SeatList } from './seats.service.js';

const PERSON = { email: 'ada@example.com', metadata: { team: 'engineering' } };
const MEMBER = { external_member_id: 'employee_7', email: 'ada@example.com' };

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

/** A person, and how they get their seat. */
@Examples({ 'By e-mail': PERSON, 'By your own id of the member': MEMBER })
export class AssignmentDto extends RecipientDto implements HasRules {
  @MetadataField()
  metadata?: Record<string, unknown>;

  @BooleanField({
    description: 'The seat is claimed at once: no invitation, no expiry, no mail.',
    default: false,
    refuseNull: true,
  })
  immediate_claim?: boolean;

  @BooleanField({
    description: 'False: the seat is pending and nothing is mailed. See `include=invitation`.',
    default: true,
  })
  send_invitation?: boolean;

  @IntegerField({
    description: 'Seconds the invitation can be claimed; the default is the organization’s.',
    min: 60,
    max: 31_536_000,
    example: 86_400,
  })
  invitation_expires_in?: number;

  @EnumField(['error', 'return'], {
    description:
      '`return`: a person who already has a seat of this container gets that seat back, on a full ' +
      'pool too, instead of `SeatAlreadyAssigned`.',
    default: 'error',
  })
  if_assigned?: 'error' | 'return';

  problem(): Problem | undefined {
    return this.recipientProblem();
  }

  assignment(): Assignment {
    return {
      recipient: this.recipient(),
      metadata: this.metadata ?? {},
      immediateClaim: this.immediate_claim ?? false,
      sendInvitation: this.send_invitation ?? true,
      expiresIn: this.invitation_expires_in ?? null,
      returnSeated: this.if_assigned === 'return',
    };
  }
}

@Examples({
  'By e-mail, with an invitation': { subscription_id: EXAMPLE_ID, ...PERSON },
  'Claimed at once': { subscription_id: EXAMPLE_ID, ...PERSON, immediate_claim: true },
  'A seat of an order, by your own id of the member': { order_id: EXAMPLE_ID, ...MEMBER },
})
export class AssignSeatDto extends AssignmentDto {
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

  override problem(): Problem | undefined {
    return containerProblem(this) ?? super.problem();
  }
}

/** Which of the three containers is meant must be clear. */
export function containerProblem(keys: ContainerKeys): Problem | undefined {
  const ids = [keys.subscription_id, keys.order_id, keys.checkout_id];
  if (ids.filter((id) => id !== undefined).length === 1) return undefined;
  return problem(
    'value_error',
    'Exactly one of subscription_id, order_id and checkout_id must be given',
  );
}

export class IncludeQuery {
  @EnumField(['invitation'], {
    description:
      'With `invitation` the answer gains `invitation`, so that you can send a mail of your own. ' +
      'It is never shown again.',
  })
  include?: 'invitation';
}

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

  @ShownDateTime('Null until the first change.', { nullable: true })
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

  @ShownDateTime('Null until the first change.', { nullable: true })
  modified_at: string | null;

  @ShownUuid('The id of the seat.')
  id: string;

  @ShownUuid('The subscription that the seat is of; null for an order.', { nullable: true })
  subscription_id: string | null;

  @ShownUuid('The order that the seat is of; null for a subscription.', { nullable: true })
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
  })
  customer_email: string | null;

  @ShownDateTime('Until when the invitation can be claimed. Null unless the seat is pending.', {
    nullable: true,
  })
  invitation_token_expires_at: string | null;

  @ShownDateTime('When the seat was claimed.', { nullable: true })
  claimed_at: string | null;

  @ShownDateTime('When the seat was revoked.', { nullable: true })
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

export class InvitationDto {
  @ShownText('The invitation token. It works once.', { example: EXAMPLE_TOKEN })
  token: string;

  @ShownText('The link that the mail would have.', {
    format: 'uri',
    example: `https://seats.example.com/claim?token=${EXAMPLE_TOKEN}`,
  })
  url: string;

  @ShownDateTime('Until when it can be claimed.')
  expires_at: string;
}

/** A seat and, when it was asked for, its new invitation. */
export class AssignedSeatDto extends CustomerSeatDto {
  @ShownObject(
    InvitationDto,
    'Only with `include=invitation`. Null where no invitation was made: a seat claimed at once, ' +
      'or one that the person had before.',
    { nullable: true, required: false },
  )
  invitation?: InvitationDto | null;

  static fromAssigned({ row, invitation }: AssignedSeat, query: IncludeQuery): AssignedSeatDto {
    const seat = CustomerSeatDto.from(row);
    if (query.include !== 'invitation') return seat;
    return {
      ...seat,
      invitation: invitation && { ...invitation, expires_at: iso(invitation.expires_at) },
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
