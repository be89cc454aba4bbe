import { Injectable } from '@nestjs/common';
import type { Prisma, products } from '../../generated/prisma/client.js';
import type { Metadata } from '../shared/metadata.js';
import { DeletableObjectsRepository } from '../shared/objects.repository.js';

export type ProductRow = Omit<products, 'metadata'> & { metadata: Metadata };

/** The SQL of products. */
@Injectable()
export class ProductsRepository extends DeletableObjectsRepository<
  ProductRow,
  Prisma.productsUncheckedCreateInput
> {
  protected override readonly table = 'products';
}
