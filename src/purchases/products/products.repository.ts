import { Injectable } from '@nestjs/common';
import type { Prisma, Product } from '../../generated/prisma/client.js';
import { DeletableObjectsRepository, type WithMetadata } from '../shared/objects.repository.js';

export type ProductRow = Product;

/** The SQL of products. */
@Injectable()
export class ProductsRepository extends DeletableObjectsRepository<
  ProductRow,
  WithMetadata<Prisma.ProductUncheckedCreateInput>
> {
  protected override readonly table = 'products';

  protected override get model() {
    return this.database.db.product;
  }

  /** Whether a subscription of the product has not ended, or an order of it gives seats. */
  async isInUse({ organization_id, id: product_id }: ProductRow): Promise<boolean> {
    const { subscription, pool } = this.database.db;
    const live = { organization_id, product_id, ended_at: null };
    if ((await subscription.findFirst({ where: live })) !== null) return true;
    const giving = { organization_id, product_id, order_id: { not: null }, active: true };
    return (await pool.findFirst({ where: giving })) !== null;
  }
}
