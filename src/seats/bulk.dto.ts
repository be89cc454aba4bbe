import { ShownInteger, ShownList, ShownText } from '../platform/http/answers.js';
import { problem, type Problem } from '../platform/errors.js';
import { EXAMPLE_ID, Examples } from '../platform/http/docs.js';
import {
  BooleanField,
  EnumField,
  ListField,
  ObjectListField,
  TextField,
  UuidField,
} from '../platform/http/fields.js';
import type { HasRules } from '../platform/http/validation.pipe.js';
import type { BulkFailure, BulkResult } from './assignments.service.js';
import {
  AssignedSeatDto,
  AssignmentDto,
  containerProblem,
  type IncludeQuery,
} from './assignments.dto.js';
import { CustomerSeatDto } from './seats.dto.js';
import type { Revocation, RevocationResult } from './seats.service.js';

const MAX_ITEMS = 10_000;

/** The container of a bulk call. */
abstract class ContainerDto {
  @UuidField({ description: 'The subscription. One of the three ids is needed.' })
  subscription_id?: string;

  @UuidField({ description: 'The order.' })
  order_id?: string;

  @UuidField({ description: 'A succeeded checkout: its subscription, else its earliest order.' })
  checkout_id?: string;

  @TextField({
    description: 'With `checkout_id`: if sent, it must be the client secret of the checkout.',
    secret: true,
  })
  checkout_client_secret?: string;
}

@Examples({
  'A team': {
    subscription_id: EXAMPLE_ID,
    seats: [{ email: 'ada@example.com' }, { email: 'grace@example.com', immediate_claim: true }],
  },
  'All or nobody': {
    subscription_id: EXAMPLE_ID,
    mode: 'atomic',
    seats: [{ email: 'ada@example.com' }, { email: 'grace@example.com' }],
  },
})
export class BulkAssignDto extends ContainerDto implements HasRules {
  @EnumField(['partial', 'atomic'], {
    description: '`atomic`: if one fails, nothing is changed. `partial`: who fails, fails alone.',
    default: 'partial',
  })
  mode?: 'partial' | 'atomic';

  @ObjectListField(() => AssignmentDto, {
    description: 'The people, judged in this order as if they were assigned one after the other.',
    required: true,
    min: 1,
    max: MAX_ITEMS,
  })
  seats: AssignmentDto[];

  problem(): Problem | undefined {
    return containerProblem(this);
  }
}

export class BulkFailureDto implements BulkFailure {
  @ShownInteger('The place of the item in the request, from 0.', { example: 3 })
  index: number;

  @ShownText('The name of the error that a single call would give.', {
    example: 'SeatAlreadyAssigned',
  })
  error: string;

  @ShownText('A sentence for a person.', {
    example: 'ada@example.com has a seat of this subscription already.',
  })
  detail: string;
}

export class BulkAssignedDto {
  @ShownList(AssignedSeatDto, 'In the order of the request.')
  seats: AssignedSeatDto[];

  @ShownList(BulkFailureDto, 'Who got no seat, and why.')
  failed: BulkFailureDto[];

  @ShownInteger('Seats that can still be given.', { example: 2 })
  available_seats: number;

  @ShownInteger('Seats that were bought.', { example: 5 })
  total_seats: number;

  static from(result: BulkResult, query: IncludeQuery): BulkAssignedDto {
    const seats = result.seats.map((seat) => AssignedSeatDto.fromAssigned(seat, query));
    return { ...result, seats };
  }
}

@Examples({
  'These people': { subscription_id: EXAMPLE_ID, emails: ['ada@example.com', 'grace@example.com'] },
  'These seats': { seat_ids: [EXAMPLE_ID] },
  Everybody: { subscription_id: EXAMPLE_ID, all: true },
})
export class BulkRevokeDto extends ContainerDto implements HasRules {
  @ListField({
    description: 'The seats, also of several containers.',
    min: 1,
    max: MAX_ITEMS,
    uuid: true,
  })
  seat_ids?: string[];

  @ListField({
    description: 'With a container: the people whose seats are revoked.',
    min: 1,
    max: MAX_ITEMS,
  })
  emails?: string[];

  @BooleanField({ description: 'With a container: every pending and claimed seat of it.' })
  all?: boolean;

  problem(): Problem | undefined {
    const { seat_ids, emails, subscription_id, order_id, checkout_id } = this;
    const all = this.all === true ? true : undefined;
    const ways = [seat_ids, emails, all].filter((way) => way !== undefined);
    if (ways.length !== 1) {
      return problem('value_error', 'Exactly one of seat_ids, emails and all: true must be given');
    }
    if (seat_ids === undefined) return containerProblem(this);
    return (subscription_id ?? order_id ?? checkout_id) === undefined
      ? undefined
      : problem('value_error', 'seat_ids cannot be combined with a container');
  }

  revocation(): Revocation {
    const { seat_ids, emails } = this;
    return {
      container: this,
      ...(seat_ids && { seat_ids }),
      ...(emails && { emails }),
      ...(this.all && { all: true }),
    };
  }
}

export class BulkRevokedDto {
  @ShownList(CustomerSeatDto, 'As asked for; empty with `all: true`.')
  seats: CustomerSeatDto[];

  @ShownInteger('Seats that were not revoked before.', { example: 2 })
  revoked_count: number;

  @ShownList(BulkFailureDto, 'What was asked for and not found.')
  failed: BulkFailureDto[];

  @ShownInteger('Seats that can still be given; null with several containers.', {
    nullable: true,
    example: 5,
  })
  available_seats: number | null;

  @ShownInteger('Seats that were bought; null with several containers.', {
    nullable: true,
    example: 5,
  })
  total_seats: number | null;

  static from(result: RevocationResult): BulkRevokedDto {
    return { ...result, seats: result.seats.map(CustomerSeatDto.from) };
  }
}
