import { IntersectionType } from '@nestjs/swagger';
import {
  DateTimeProperty,
  ObjectProperty,
  TextProperty,
} from '../../platform/http/response-properties.js';
import type { Problem } from '../../platform/errors.js';
import { EXAMPLE, EXAMPLE_TOKEN } from '../../platform/http/examples.js';
import { BodyExamples } from '../../platform/http/openapi.decorators.js';
import {
  BooleanField,
  EmailField,
  EnumField,
  IntegerField,
  MetadataField,
  TextField,
  UuidField,
} from '../../platform/http/request-fields.js';
import type { HasRules } from '../../platform/http/validation.pipe.js';
import { INVITATION_EXPIRES_IN } from '../../organizations/organization.js';
import { ContainerDto } from '../pool/container.dto.js';
import { CustomerSeatDto } from '../seats.dto.js';
import {
  type AssignmentRequest,
  type ContainerKeys,
  containerProblem,
  type RecipientKeys,
  recipientProblem,
} from '../seats.rules.js';
import type { AssignedSeat } from './assign.service.js';

const METADATA = { team: 'engineering' };

/** A person. {@link recipientProblem} defines which keys can be combined. */
export class RecipientDto implements RecipientKeys, HasRules {
  @EmailField({ description: 'The e-mail of the person. Case is ignored.' })
  email?: string;

  @UuidField({ description: 'The id of the customer who gets the seat.' })
  customer_id?: string;

  @TextField({
    description: 'Your own id for the customer who gets the seat.',
    example: 'user_42',
  })
  external_customer_id?: string;

  @UuidField({
    description: 'The id of the member who gets the seat. The member must belong to the buyer.',
  })
  member_id?: string;

  @TextField({
    description:
      'Your own id for the member who gets the seat. With `email`, the member is created or linked ' +
      'if necessary.',
    example: 'employee_7',
  })
  external_member_id?: string;

  problem(): Problem | undefined {
    return recipientProblem(this);
  }
}

/** A person, and the options of the assignment. */
@BodyExamples({ 'By e-mail': { email: 'edsger@example.com', metadata: METADATA } })
export class AssignmentDto extends RecipientDto implements AssignmentRequest {
  @MetadataField()
  metadata?: Record<string, unknown>;

  @BooleanField({
    description: 'If true, the seat is claimed at once, without an invitation.',
    default: false,
    refuseNull: true,
  })
  immediate_claim?: boolean;

  @BooleanField({
    description:
      'If false, the invitation of the pending seat is not mailed. See `include=invitation`.',
    default: true,
  })
  send_invitation?: boolean;

  @IntegerField({
    description:
      'The lifetime of the invitation in seconds. The default is the setting of the organization.',
    ...INVITATION_EXPIRES_IN,
    example: 86_400,
  })
  invitation_expires_in?: number;

  @EnumField(['error', 'return'], {
    description:
      'The response for a person who already has a seat of this container. `error`: the error ' +
      '`SeatAlreadyAssigned`. `return`: the existing seat, even if the pool is full.',
    default: 'error',
  })
  if_assigned?: 'error' | 'return';
}

@BodyExamples({
  'By e-mail, with an invitation': {
    subscription_id: EXAMPLE.subscription,
    email: 'ada@example.com',
    metadata: METADATA,
  },
  'Claimed at once': {
    subscription_id: EXAMPLE.subscription,
    email: 'grace@example.com',
    metadata: METADATA,
    immediate_claim: true,
  },
  'A seat of an order, by your own id for the member': {
    order_id: EXAMPLE.order,
    external_member_id: 'employee_8',
    email: 'dennis@example.com',
  },
})
export class AssignSeatDto
  extends IntersectionType(ContainerDto, AssignmentDto)
  implements ContainerKeys, AssignmentRequest, HasRules
{
  override problem(): Problem | undefined {
    return containerProblem(this) ?? recipientProblem(this);
  }
}

export class IncludeQuery {
  @EnumField(['invitation'], {
    description:
      'With `invitation`, the response contains the invitation, so that you can send your own ' +
      'mail. The invitation is never shown again.',
  })
  include?: 'invitation';
}

export class InvitationDto {
  @TextProperty('The token of the invitation. It can be used once.', { example: EXAMPLE_TOKEN })
  token: string;

  @TextProperty('The link for the mail.', {
    format: 'uri',
    example: `https://seats.example.com/claim?token=${EXAMPLE_TOKEN}`,
  })
  url: string;

  @DateTimeProperty('The time when the invitation expires.')
  expires_at: Date;
}

/** A seat and, if requested, its new invitation. */
export class AssignedSeatDto extends CustomerSeatDto {
  @ObjectProperty(
    InvitationDto,
    'The new invitation, only with `include=invitation`. Null if the seat was claimed at once, if ' +
      'the person already had it, and in replays of a request with an Idempotency-Key.',
    { nullable: true, required: false },
  )
  invitation?: InvitationDto | null;

  static fromAssigned({ row, invitation }: AssignedSeat, query: IncludeQuery): AssignedSeatDto {
    const seat = CustomerSeatDto.from(row);
    if (query.include !== 'invitation') return seat;
    return { ...seat, invitation };
  }
}
