import { Injectable } from '@nestjs/common';
import type { orders, Prisma } from '../../generated/prisma/client.js';
import type { Metadata } from '../shared/metadata.js';
import { ObjectsRepository } from '../shared/objects.repository.js';

export type OrderRow = Omit<orders, 'metadata'> & { metadata: Metadata };

/** The SQL of orders. Their seats are the pools'. */
@Injectable()
export class OrdersRepository extends ObjectsRepository<
  OrderRow,
  Prisma.ordersUncheckedCreateInput
> {
  protected override readonly table = 'orders';
}
