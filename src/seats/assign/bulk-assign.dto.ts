import { IntegerProperty, ListProperty } from '../../platform/http/response-properties.js';
import type { Problem } from '../../platform/errors.js';
import { EXAMPLE } from '../../platform/http/examples.js';
import { BodyExamples } from '../../platform/http/openapi.decorators.js';
import { EnumField, ObjectListField } from '../../platform/http/request-fields.js';
import type { HasRules } from '../../platform/http/validation.pipe.js';
import { mapInSlices } from '../../platform/slices.js';
import { ContainerDto } from '../pool/container.dto.js';
import { BulkFailureDto } from '../seats.dto.js';
import { containerProblem, MAX_BULK_ITEMS } from '../seats.rules.js';
import { AssignedSeatDto, AssignmentDto, type IncludeQuery } from './assign.dto.js';
import type { BulkResult } from './assign.service.js';

@BodyExamples({
  'A team': {
    subscription_id: EXAMPLE.subscription,
    seats: [
      { email: 'katherine@example.com' },
      { email: 'dorothy@example.com', immediate_claim: true },
    ],
  },
  'All or none': {
    subscription_id: EXAMPLE.subscription,
    mode: 'atomic',
    seats: [{ email: 'mary@example.com' }, { email: 'annie@example.com' }],
  },
})
export class BulkAssignDto extends ContainerDto implements HasRules {
  @EnumField(['partial', 'atomic'], {
    description:
      '`atomic`: a failed item cancels the whole request. `partial`: a failed item does not affect ' +
      'the others.',
    default: 'partial',
  })
  mode?: 'partial' | 'atomic';

  @ObjectListField(() => AssignmentDto, {
    description: 'The people. The items are processed in this order, like separate requests.',
    required: true,
    min: 1,
    max: MAX_BULK_ITEMS,
  })
  seats: AssignmentDto[];

  problem(): Problem | undefined {
    return containerProblem(this);
  }
}

export class BulkAssignedDto {
  @ListProperty(AssignedSeatDto, 'The assigned seats, in the order of the request.')
  seats: AssignedSeatDto[];

  @ListProperty(BulkFailureDto, 'The items that failed, with their errors.')
  failed: BulkFailureDto[];

  @IntegerProperty('The number of seats that can still be assigned.', { example: 2 })
  available_seats: number;

  @IntegerProperty('The number of seats that were bought.', { example: 5 })
  total_seats: number;

  static async from(result: BulkResult, query: IncludeQuery): Promise<BulkAssignedDto> {
    const seats = await mapInSlices(result.seats, (seat) =>
      AssignedSeatDto.fromAssigned(seat, query),
    );
    return { ...result, seats };
  }
}
