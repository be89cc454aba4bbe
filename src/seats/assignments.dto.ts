import { ShownDateTime, ShownObject, ShownText } from '../platform/http/answers.js';
import { problem, type Problem } from '../platform/errors.js';
import { EXAMPLE_ID, EXAMPLE_TOKEN, Examples } from '../platform/http/docs.js';
import {
  BooleanField,
  EmailField,
  EnumField,
  IntegerField,
  MetadataField,
  TextField,
  UuidField,
} from '../platform/http/fields.js';
import type { HasRules } from '../platform/http/validation.pipe.js';
import type { ContainerKeys } from './containers.js';
import { type Recipient, recipientProblem, toRecipient } from './seat.js';
import { CustomerSeatDto } from './seats.dto.js';
import type { AssignedSeat } from './seating.service.js';
import type { Assignment } from './seating.js';

const PERSON = { email: 'ada@example.com', metadata: { team: 'engineering' } };
const MEMBER = { external_member_id: 'employee_7', email: 'ada@example.com' };

/** A person, named in one of several ways; {@link recipientProblem} says which go together. */
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

export class InvitationDto {
  @ShownText('The invitation token. It works once.', { example: EXAMPLE_TOKEN })
  token: string;

  @ShownText('The link that the mail would have.', {
    format: 'uri',
    example: `https://seats.example.com/claim?token=${EXAMPLE_TOKEN}`,
  })
  url: string;

  @ShownDateTime('Until when it can be claimed.')
  expires_at: Date;
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
    return { ...seat, invitation };
  }
}
