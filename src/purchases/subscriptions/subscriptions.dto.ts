import {
  ShownBoolean,
  ShownDateTime,
  ShownEnum,
  ShownMetadata,
  ShownUuid,
} from '../../platform/http/answers.js';
import { problem, type Problem } from '../../platform/errors.js';
import { Examples } from '../../platform/http/docs.js';
import {
  BooleanField,
  DateTimeField,
  EnumField,
  MetadataField,
  ObjectField,
  UuidField,
} from '../../platform/http/fields.js';
import { ChosenIdField, ExternalIdField, ObjectDto } from '../../platform/http/objects.dto.js';
import { PageOf } from '../../platform/http/pages.js';
import { StrictBody } from '../../platform/http/validation.pipe.js';
import type { Overflow } from '../../seats/overflow.js';
import type { SeatCounts } from '../../seats/pools.service.js';
import { InlineCustomer } from '../customers/customers.dto.js';
import { InlineProduct } from '../products/products.dto.js';
import type { Metadata } from '../shared/metadata.js';
import {
  OverflowField,
  partiesProblem,
  PUT_EXAMPLES,
  SeatsField,
  ShownSeats,
} from '../shared/purchases.dto.js';
import {
  lacksPeriodEnd,
  PERIOD_END_NEEDED,
  SUBSCRIPTION_STATUSES,
  type SubscriptionStatus,
} from './subscription.js';
import type { SubscriptionRow } from './subscriptions.repository.js';

const PRODUCT = 'What was bought.';
const CUSTOMER = 'Who bought it.';
const CHECKOUT = 'The checkout that it came from.';
const STATUS =
  'Seats can be assigned while it is active, trialing or past_due. canceled and ' +
  'incomplete_expired are final: they revoke all seats.';
const PERIOD_END = 'When the period ends that is paid for.';
const CANCEL =
  'Keeps the seats until current_period_end, which it needs, and ends the subscription then.';

/** What POST and PUT have in common. */
abstract class SubscriptionBody {
  @ChosenIdField()
  id?: string;

  @ExternalIdField()
  external_id?: string;

  @UuidField({ description: CHECKOUT })
  checkout_id?: string;

  @EnumField(SUBSCRIPTION_STATUSES, { description: STATUS, default: 'active' })
  status?: SubscriptionStatus;

  @SeatsField({ required: true })
  seats: number;

  @DateTimeField({ description: PERIOD_END, example: '2027-01-31T00:00:00Z' })
  current_period_end?: Date;

  @BooleanField({ description: CANCEL, default: false })
  cancel_at_period_end?: boolean;

  @MetadataField()
  metadata?: Metadata;
}

/** Body of POST /v1/subscriptions. */
export class CreateSubscription extends SubscriptionBody {
  @UuidField({ required: true, description: PRODUCT })
  product_id: string;

  @UuidField({ required: true, description: CUSTOMER })
  customer_id: string;

  problem(): Problem | undefined {
    return lacksPeriodEnd(this) ? problem('value_error', PERIOD_END_NEEDED) : undefined;
  }
}

/** Body of PUT /v1/subscriptions/external/{external_id}. */
@Examples(PUT_EXAMPLES)
export class PutSubscription extends SubscriptionBody {
  @UuidField({ description: `${PRODUCT} This or product.` })
  product_id?: string;

  @ObjectField(() => InlineProduct, { description: `${PRODUCT} This or product_id.` })
  product?: InlineProduct;

  @UuidField({ description: `${CUSTOMER} This or customer.` })
  customer_id?: string;

  @ObjectField(() => InlineCustomer, { description: `${CUSTOMER} This or customer_id.` })
  customer?: InlineCustomer;

  @OverflowField()
  on_overflow?: Overflow;

  problem(): Problem | undefined {
    return partiesProblem(this);
  }
}

/** Body of PATCH /v1/subscriptions/{id}. */
export class UpdateSubscription extends StrictBody {
  @ExternalIdField({ nullable: true })
  external_id?: string | null;

  @EnumField(SUBSCRIPTION_STATUSES, { refuseNull: true, description: STATUS })
  status?: SubscriptionStatus;

  @SeatsField({ refuseNull: true })
  seats?: number;

  @DateTimeField({ nullable: true, description: PERIOD_END, example: '2027-01-31T00:00:00Z' })
  current_period_end?: Date | null;

  @BooleanField({ refuseNull: true, description: CANCEL })
  cancel_at_period_end?: boolean;

  @MetadataField({ nullable: true })
  metadata?: Metadata | null;

  @OverflowField({ refuseNull: true })
  on_overflow?: Overflow;
}

/** A subscription as the API shows it. */
export class SubscriptionDto extends ObjectDto {
  @ShownUuid(PRODUCT)
  product_id: string;

  @ShownUuid(CUSTOMER)
  customer_id: string;

  @ShownUuid(CHECKOUT, { nullable: true })
  checkout_id: string | null;

  @ShownEnum(SUBSCRIPTION_STATUSES, STATUS)
  status: string;

  @ShownSeats('How many seats were bought.', 5)
  seats: number;

  @ShownSeats('How many of them are pending or claimed.', 3)
  assigned_seats: number;

  @ShownSeats('How many are left.', 2)
  available_seats: number;

  @ShownDateTime(PERIOD_END, { nullable: true })
  current_period_end: Date | null;

  @ShownBoolean(CANCEL)
  cancel_at_period_end: boolean;

  @ShownDateTime('When its cancellation was asked for.', { nullable: true })
  canceled_at: Date | null;

  @ShownDateTime('When it ended.', { nullable: true })
  ended_at: Date | null;

  @ShownMetadata()
  metadata: Metadata;

  static from(row: SubscriptionRow & SeatCounts): SubscriptionDto {
    return {
      id: row.id,
      created_at: row.created_at,
      modified_at: row.modified_at,
      external_id: row.external_id,
      product_id: row.product_id,
      customer_id: row.customer_id,
      checkout_id: row.checkout_id,
      status: row.status,
      seats: row.seats,
      assigned_seats: row.assigned_seats,
      available_seats: row.available_seats,
      current_period_end: row.current_period_end,
      cancel_at_period_end: row.cancel_at_period_end,
      canceled_at: row.canceled_at,
      ended_at: row.ended_at,
      metadata: row.metadata,
    };
  }
}

export class SubscriptionPage extends PageOf(SubscriptionDto) {}
