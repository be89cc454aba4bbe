import { ShownEnum, ShownMetadata, ShownUuid } from '../../platform/http/answers.js';
import type { Problem } from '../../platform/errors.js';
import { Examples } from '../../platform/http/docs.js';
import { EnumField, MetadataField, ObjectField, UuidField } from '../../platform/http/fields.js';
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
import { ORDER_STATUSES, type OrderStatus } from './order.js';
import type { OrderRow } from './orders.repository.js';

const PRODUCT = 'What was bought.';
const CUSTOMER = 'Who bought it.';
const CHECKOUT = 'The checkout that it came from.';
const STATUS =
  'Seats can be assigned while it is paid or partially_refunded. refunded and void are final: ' +
  'they revoke all seats.';

/** What POST and PUT have in common. */
abstract class OrderBody {
  @ChosenIdField()
  id?: string;

  @ExternalIdField()
  external_id?: string;

  @UuidField({ description: CHECKOUT })
  checkout_id?: string;

  @EnumField(ORDER_STATUSES, { description: STATUS, default: 'paid' })
  status?: OrderStatus;

  @SeatsField({ required: true })
  seats: number;

  @MetadataField()
  metadata?: Metadata;
}

/** Body of POST /v1/orders. */
export class CreateOrder extends OrderBody {
  @UuidField({ required: true, description: PRODUCT })
  product_id: string;

  @UuidField({ required: true, description: CUSTOMER })
  customer_id: string;
}

/** Body of PUT /v1/orders/external/{external_id}. */
@Examples(PUT_EXAMPLES)
export class PutOrder extends OrderBody {
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

/** Body of PATCH /v1/orders/{id}. */
export class UpdateOrder extends StrictBody {
  @ExternalIdField({ nullable: true })
  external_id?: string | null;

  @EnumField(ORDER_STATUSES, { refuseNull: true, description: STATUS })
  status?: OrderStatus;

  @SeatsField({ refuseNull: true })
  seats?: number;

  @MetadataField({ nullable: true })
  metadata?: Metadata | null;

  @OverflowField({ refuseNull: true })
  on_overflow?: Overflow;
}

/** An order as the API shows it. */
export class OrderDto extends ObjectDto {
  @ShownUuid(PRODUCT)
  product_id: string;

  @ShownUuid(CUSTOMER)
  customer_id: string;

  @ShownUuid(CHECKOUT, { nullable: true })
  checkout_id: string | null;

  @ShownEnum(ORDER_STATUSES, STATUS)
  status: string;

  @ShownSeats('How many seats were bought.', 5)
  seats: number;

  @ShownSeats('How many of them are pending or claimed.', 3)
  assigned_seats: number;

  @ShownSeats('How many are left.', 2)
  available_seats: number;

  @ShownMetadata()
  metadata: Metadata;

  static from(row: OrderRow & SeatCounts): OrderDto {
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
      metadata: row.metadata,
    };
  }
}

export class OrderPage extends PageOf(OrderDto) {}
