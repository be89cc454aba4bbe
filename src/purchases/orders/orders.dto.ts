import { ShownEnum } from '../../platform/http/answers.js';
import { Examples } from '../../platform/http/docs.js';
import { EnumField } from '../../platform/http/fields.js';
import { PageOf } from '../../platform/http/pages.js';
import type { SeatCounts } from '../../seats/pools.service.js';
import {
  CreatePurchase,
  PurchaseDto,
  PUT_EXAMPLES,
  PutPurchase,
  UpdatePurchase,
} from '../shared/purchases.dto.js';
import { ORDER_STATUSES, type OrderStatus } from './order.js';
import type { OrderRow } from './orders.repository.js';

const STATUS =
  'Seats can be assigned while it is paid or partially_refunded. refunded and void are final: ' +
  'they revoke all seats.';

/** Body of POST /v1/orders. */
export class CreateOrder extends CreatePurchase {
  @EnumField(ORDER_STATUSES, { description: STATUS, default: 'paid' })
  status?: OrderStatus;
}

/** Body of PUT /v1/orders/external/{external_id}. */
@Examples(PUT_EXAMPLES)
export class PutOrder extends PutPurchase {
  @EnumField(ORDER_STATUSES, { description: STATUS, default: 'paid' })
  status?: OrderStatus;
}

/** Body of PATCH /v1/orders/{id}. */
export class UpdateOrder extends UpdatePurchase {
  @EnumField(ORDER_STATUSES, { refuseNull: true, description: STATUS })
  status?: OrderStatus;
}

/** An order as the API shows it. */
export class OrderDto extends PurchaseDto {
  @ShownEnum(ORDER_STATUSES, STATUS)
  status: string;

  static from(row: OrderRow & SeatCounts): OrderDto {
    return { ...OrderDto.shown(row), status: row.status };
  }
}

export class OrderPage extends PageOf(OrderDto) {}
