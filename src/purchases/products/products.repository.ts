import { Injectable } from '@nestjs/common';
import type { Prisma, products } from '../../generated/prisma/client.js';
import { Database, sql } from '../../platform/database/database.js';
import { NEWEST_FIRST, type Page, type PageQuery, sliceOf } from '../../platform/http/pages.js';
import { type Metadata, storable } from '../shared/metadata.js';

export type ProductRow = Omit<products, 'metadata'> & { metadata: Metadata };

/** The SQL of products. Deleted ones are not seen by any of it. */
@Injectable()
export class ProductsRepository {
  constructor(private readonly database: Database) {}

  async insert(row: Prisma.productsUncheckedCreateInput): Promise<ProductRow> {
    return (await this.database.db.products.create({ data: storable(row) })) as ProductRow;
  }

  async find(organizationId: string, id: string): Promise<ProductRow | null> {
    return this.first({ organization_id: organizationId, id });
  }

  async findExternal(organizationId: string, externalId: string): Promise<ProductRow | null> {
    return this.first({ organization_id: organizationId, external_id: externalId });
  }

  /** As {@link insert}; null when there is one with this external_id, perhaps since just now. */
  async insertUnlessThere(row: Prisma.productsCreateManyInput): Promise<ProductRow | null> {
    const rows = await this.database.db.products.createManyAndReturn({
      data: [storable(row)],
      skipDuplicates: true,
    });
    return (rows[0] as ProductRow | undefined) ?? null;
  }

  /** The product, with nobody else changing it until the transaction ends. */
  async lock(organizationId: string, id: string): Promise<ProductRow | null> {
    // Not FOR UPDATE: what refers to the product may be written meanwhile.
    await this.database.query(sql`
      SELECT id FROM products
      WHERE organization_id = ${organizationId}::uuid AND id = ${id}::uuid FOR NO KEY UPDATE`);
    return this.find(organizationId, id);
  }

  /** As {@link lock}; nor is anything written meanwhile that refers to the product. */
  async lockForDeletion(organizationId: string, id: string): Promise<ProductRow | null> {
    await this.database.query(sql`
      SELECT id FROM products
      WHERE organization_id = ${organizationId}::uuid AND id = ${id}::uuid FOR UPDATE`);
    return this.find(organizationId, id);
  }

  /** Whether the product is there; then it cannot be deleted until the transaction ends. */
  async hold(organizationId: string, id: string): Promise<boolean> {
    const rows = await this.database.query(sql`
      SELECT id FROM products
      WHERE organization_id = ${organizationId}::uuid AND id = ${id}::uuid AND deleted_at IS NULL
      FOR KEY SHARE`);
    return rows.length > 0;
  }

  async update(row: ProductRow, changes: Partial<ProductRow>): Promise<ProductRow> {
    const { organization_id, id } = row;
    return (await this.database.db.products.update({
      where: { organization_id_id: { organization_id, id } },
      data: storable(changes),
    })) as ProductRow;
  }

  async page(organizationId: string, query: PageQuery): Promise<Page<ProductRow>> {
    const where = { organization_id: organizationId, deleted_at: null };
    const [rows, total] = await Promise.all([
      this.database.db.products.findMany({ where, orderBy: NEWEST_FIRST, ...sliceOf(query) }),
      this.database.db.products.count({ where }),
    ]);
    return { rows: rows as ProductRow[], total };
  }

  private async first(where: Prisma.productsWhereInput): Promise<ProductRow | null> {
    return (await this.database.db.products.findFirst({
      where: { ...where, deleted_at: null },
    })) as ProductRow | null;
  }
}
