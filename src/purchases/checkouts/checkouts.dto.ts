import {
  DateTimeProperty,
  EnumProperty,
  IntegerProperty,
  TextProperty,
  UuidProperty,
} from '../../platform/http/response-properties.js';
import { DateTimeField, EnumField, UuidField } from '../../platform/http/request-fields.js';
import { ChosenIdField, ExternalIdField, ObjectDto } from '../../platform/http/objects.dto.js';
import { PageOf } from '../../platform/http/pagination.js';
import { StrictBody } from '../../platform/http/validation.pipe.js';
import { SeatsField } from '../shared/purchases.dto.js';
import { CHECKOUT_STATUSES, type CheckoutStatus } from './checkout.js';
import type { CheckoutRow } from './checkouts.repository.js';
import { EXAMPLE } from '../../platform/http/examples.js';
import { BodyExamples } from '../../platform/http/openapi.decorators.js';

const PRODUCT = 'The product that is being bought.';
const CUSTOMER = 'The customer who is buying, once known.';
const SEATS = 'The number of seats that are being bought.';
const STATUS = 'succeeded, failed and expired are final.';
const EXPIRES =
  'The time by which it should be completed. Its status does not change by itself: send ' +
  '`status: expired`.';

/** Body of POST /v1/checkouts. */
export class CreateCheckout {
  @ChosenIdField()
  id?: string;

  @ExternalIdField()
  external_id?: string;

  @UuidField({ required: true, description: PRODUCT })
  product_id: string;

  @UuidField({ description: CUSTOMER })
  customer_id?: string;

  @SeatsField({ description: SEATS })
  seats?: number;

  @EnumField(CHECKOUT_STATUSES, { description: STATUS, default: 'open' })
  status?: CheckoutStatus;

  @DateTimeField({
    description: `${EXPIRES} 24 hours from now if absent.`,
    example: '2031-01-31T00:00:00Z',
  })
  expires_at?: Date;
}

/** Body of PATCH /v1/checkouts/{id}. */
@BodyExamples({ 'Seats and expiry': { seats: 8, expires_at: '2031-01-31T00:00:00Z' } })
export class UpdateCheckout extends StrictBody {
  @ExternalIdField({ nullable: true })
  external_id?: string | null;

  @UuidField({ nullable: true, description: CUSTOMER })
  customer_id?: string | null;

  @SeatsField({ nullable: true, description: SEATS })
  seats?: number | null;

  @EnumField(CHECKOUT_STATUSES, { refuseNull: true, description: STATUS })
  status?: CheckoutStatus;

  @DateTimeField({ refuseNull: true, description: EXPIRES })
  expires_at?: Date;
}

/** A checkout as the API shows it. */
export class CheckoutDto extends ObjectDto {
  @UuidProperty('The id of the checkout.', { example: EXAMPLE.checkout })
  declare id: string;

  @UuidProperty(PRODUCT)
  product_id: string;

  @UuidProperty(CUSTOMER, { nullable: true })
  customer_id: string | null;

  @IntegerProperty(SEATS, { nullable: true, example: 5 })
  seats: number | null;

  @EnumProperty(CHECKOUT_STATUSES, STATUS)
  status: string;

  @TextProperty(
    'The secret of its payment page; null unless the same token created the checkout. Replays of a ' +
      'request with an Idempotency-Key contain null too.',
    {
      nullable: true,
      example: 'seat_cs_4Qy0mCq7yGmXyZ5o1Yt9m2w8bqkDkXo3uVb6cZr1tA0',
    },
  )
  client_secret: string | null;

  @DateTimeProperty(EXPIRES)
  expires_at: Date;

  static from(row: CheckoutRow & { client_secret: string | null }): CheckoutDto {
    return {
      id: row.id,
      created_at: row.created_at,
      modified_at: row.modified_at,
      external_id: row.external_id,
      product_id: row.product_id,
      customer_id: row.customer_id,
      seats: row.seats,
      status: row.status,
      client_secret: row.client_secret,
      expires_at: row.expires_at,
    };
  }
}

export class CheckoutPage extends PageOf(CheckoutDto) {}
