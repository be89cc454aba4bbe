import {
  BooleanProperty,
  DateTimeProperty,
  EnumProperty,
  UuidProperty,
} from '../../platform/http/response-properties.js';
import { problem, type Problem } from '../../platform/errors.js';
import { BodyExamples } from '../../platform/http/openapi.decorators.js';
import { BooleanField, DateTimeField, EnumField } from '../../platform/http/request-fields.js';
import { PageOf } from '../../platform/http/pagination.js';
import type { HasRules } from '../../platform/http/validation.pipe.js';
import type { SeatCounts } from '../../seats/pool/pools.service.js';
import {
  CreatePurchase,
  PurchaseDto,
  PUT_EXAMPLES,
  PutPurchase,
  UPDATE_EXAMPLES,
  UpdatePurchase,
} from '../shared/purchases.dto.js';
import {
  lacksPeriodEnd,
  PERIOD_END_NEEDED,
  SUBSCRIPTION_STATUSES,
  type SubscriptionStatus,
} from './subscription.js';
import type { SubscriptionRow } from './subscriptions.repository.js';
import { EXAMPLE } from '../../platform/http/examples.js';

const STATUS =
  'Seats can be assigned while it is active, trialing or past_due. canceled and ' +
  'incomplete_expired are final: they revoke all seats.';
const PERIOD_END = {
  description: 'The end of the period that is paid for.',
  example: '2031-01-31T00:00:00Z',
};
const CANCEL =
  'Ends the subscription at current_period_end, which is required then. The seats stay until then.';

/** Body of POST /v1/subscriptions. */
export class CreateSubscription extends CreatePurchase implements HasRules {
  @EnumField(SUBSCRIPTION_STATUSES, { description: STATUS, default: 'active' })
  status?: SubscriptionStatus;

  @DateTimeField(PERIOD_END)
  current_period_end?: Date;

  @BooleanField({ description: CANCEL, default: false })
  cancel_at_period_end?: boolean;

  problem(): Problem | undefined {
    return lacksPeriodEnd(this) ? problem('value_error', PERIOD_END_NEEDED) : undefined;
  }
}

/** Body of PUT /v1/subscriptions/external/{external_id}. */
@BodyExamples(PUT_EXAMPLES)
export class PutSubscription extends PutPurchase {
  @EnumField(SUBSCRIPTION_STATUSES, { description: STATUS, default: 'active' })
  status?: SubscriptionStatus;

  @DateTimeField(PERIOD_END)
  current_period_end?: Date;

  @BooleanField({ description: CANCEL, default: false })
  cancel_at_period_end?: boolean;
}

/** Body of PATCH /v1/subscriptions/{id}. */
@BodyExamples(UPDATE_EXAMPLES)
export class UpdateSubscription extends UpdatePurchase {
  @EnumField(SUBSCRIPTION_STATUSES, { refuseNull: true, description: STATUS })
  status?: SubscriptionStatus;

  @DateTimeField({ nullable: true, ...PERIOD_END })
  current_period_end?: Date | null;

  @BooleanField({ refuseNull: true, description: CANCEL })
  cancel_at_period_end?: boolean;
}

/** A subscription as the API shows it. */
export class SubscriptionDto extends PurchaseDto {
  @UuidProperty('The id of the subscription.', { example: EXAMPLE.subscription })
  declare id: string;

  @EnumProperty(SUBSCRIPTION_STATUSES, STATUS)
  status: string;

  @DateTimeProperty(PERIOD_END.description, { nullable: true })
  current_period_end: Date | null;

  @BooleanProperty(CANCEL, { example: false })
  cancel_at_period_end: boolean;

  @DateTimeProperty('The time of the cancellation request.', { nullable: true, example: null })
  canceled_at: Date | null;

  @DateTimeProperty('The time when it ended.', { nullable: true, example: null })
  ended_at: Date | null;

  static from(row: SubscriptionRow & SeatCounts): SubscriptionDto {
    return {
      ...SubscriptionDto.common(row),
      status: row.status,
      current_period_end: row.current_period_end,
      cancel_at_period_end: row.cancel_at_period_end,
      canceled_at: row.canceled_at,
      ended_at: row.ended_at,
    };
  }
}

export class SubscriptionPage extends PageOf(SubscriptionDto) {}
