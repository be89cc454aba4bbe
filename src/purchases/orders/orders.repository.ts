import { Injectable } from '@nestjs/common';
import type { Order, Prisma } from '../../generated/prisma/client.js';
import { ObjectsRepository, type WithMetadata } from '../shared/objects.repository.js';

export type OrderRow = Order;

/** The SQL of orders. PoolsRepository has the SQL of their seats. */
@Injectable()
export class OrdersRepository extends ObjectsRepository<
  OrderRow,
  WithMetadata<Prisma.OrderUncheckedCreateInput>
> {
  protected override readonly table = 'orders';

  protected override get model() {
    return this.database.db.order;
  }
}
