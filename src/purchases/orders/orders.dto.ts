import { EnumProperty, UuidProperty } from '../../platform/http/response-properties.js';
import { BodyExamples } from '../../platform/http/openapi.decorators.js';
import { EnumField } from '../../platform/http/request-fields.js';
import { PageOf } from '../../platform/http/pagination.js';
import type { SeatCounts } from '../../seats/pool/pools.service.js';
import {
  CreatePurchase,
  PurchaseDto,
  PUT_EXAMPLES,
  PutPurchase,
  UPDATE_EXAMPLES,
  UpdatePurchase,
} from '../shared/purchases.dto.js';
import { ORDER_STATUSES, type OrderStatus } from './order.js';
import type { OrderRow } from './orders.repository.js';
import { EXAMPLE } from '../../platform/http/examples.js';

const STATUS =
  'The state of the order. Seats can be assigned while it is `paid` or `partially_refunded`. ' +
  '`refunded` and `void` are final, and revoke all seats.';

/** Body of POST /v1/orders. */
export class CreateOrder extends CreatePurchase {
  @EnumField(ORDER_STATUSES, { description: STATUS, default: 'paid' })
  status?: OrderStatus;
}

/** Body of PUT /v1/orders/external/{external_id}. */
@BodyExamples(PUT_EXAMPLES)
export class PutOrder extends PutPurchase {
  @EnumField(ORDER_STATUSES, { description: STATUS, default: 'paid' })
  status?: OrderStatus;
}

/** Body of PATCH /v1/orders/{id}. */
@BodyExamples(UPDATE_EXAMPLES)
export class UpdateOrder extends UpdatePurchase {
  @EnumField(ORDER_STATUSES, { refuseNull: true, description: STATUS })
  status?: OrderStatus;
}

/** An order as the API shows it. */
export class OrderDto extends PurchaseDto {
  @UuidProperty('The id of the order.', { example: EXAMPLE.order })
  declare id: string;

  @EnumProperty(ORDER_STATUSES, STATUS)
  status: string;

  static from(row: OrderRow & SeatCounts): OrderDto {
    return { ...OrderDto.common(row), status: row.status };
  }
}

export class OrderPage extends PageOf(OrderDto) {}
