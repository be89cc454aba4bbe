import { IntegerProperty, ListProperty } from '../../platform/http/response-properties.js';
import type { Problem } from '../../platform/errors.js';
import { EXAMPLE, LEAVERS, SPARE } from '../../platform/http/examples.js';
import { BodyExamples } from '../../platform/http/openapi.decorators.js';
import { BooleanField, EmailListField, ListField } from '../../platform/http/request-fields.js';
import type { HasRules } from '../../platform/http/validation.pipe.js';
import { mapInSlices } from '../../platform/slices.js';
import { ContainerDto } from '../pool/container.dto.js';
import { BulkFailureDto, CustomerSeatDto } from '../seats.dto.js';
import { MAX_BULK_ITEMS, type RevocationRequest, revocationProblem } from '../seats.rules.js';
import type { RevocationResult } from './revoke.service.js';

@BodyExamples({
  'These people': { subscription_id: EXAMPLE.subscription, emails: LEAVERS },
  'These seats': { seat_ids: [SPARE.bulkRevokedSeat] },
  Everybody: { order_id: EXAMPLE.order, all: true },
})
export class BulkRevokeDto extends ContainerDto implements RevocationRequest, HasRules {
  @ListField({
    description: 'The ids of the seats. They can belong to several containers.',
    min: 1,
    max: MAX_BULK_ITEMS,
    uuid: true,
  })
  seat_ids?: string[];

  @EmailListField({
    description: 'The e-mails of the people whose seats are revoked. Requires a container.',
    min: 1,
    max: MAX_BULK_ITEMS,
  })
  emails?: string[];

  @BooleanField({
    description: 'Revokes every pending and claimed seat of the container. Requires a container.',
  })
  all?: boolean;

  problem(): Problem | undefined {
    return revocationProblem(this);
  }
}

export class BulkRevokedDto {
  @ListProperty(
    CustomerSeatDto,
    'The revoked seats, in the order of the request. Empty with `all: true`.',
  )
  seats: CustomerSeatDto[];

  @IntegerProperty('The number of seats that this request revoked.', { example: 2 })
  revoked_count: number;

  @ListProperty(BulkFailureDto, 'The ids and e-mails without a seat.')
  failed: BulkFailureDto[];

  @IntegerProperty(
    'The number of seats that can still be assigned. Null with several containers.',
    {
      nullable: true,
      example: 5,
    },
  )
  available_seats: number | null;

  @IntegerProperty('The number of seats that were bought. Null with several containers.', {
    nullable: true,
    example: 5,
  })
  total_seats: number | null;

  static async from(result: RevocationResult): Promise<BulkRevokedDto> {
    return { ...result, seats: await mapInSlices(result.seats, CustomerSeatDto.from) };
  }
}
