import { Injectable } from '@nestjs/common';
import type { orders, Prisma } from '../../generated/prisma/client.js';
import { Database, sql } from '../../platform/database/database.js';
import { NEWEST_FIRST, type Page, type PageQuery, sliceOf } from '../../platform/http/pages.js';
import { type Metadata, storable } from '../shared/metadata.js';

export type OrderRow = Omit<orders, 'metadata'> & { metadata: Metadata };

/** The SQL of orders. Their seats are the pools'. */
@Injectable()
export class OrdersRepository {
  constructor(private readonly database: Database) {}

  async insert(row: Prisma.ordersUncheckedCreateInput): Promise<OrderRow> {
    return (await this.database.db.orders.create({ data: storable(row) })) as OrderRow;
  }

  find(organizationId: string, id: string): Promise<OrderRow | null> {
    return this.first({ organization_id: organizationId, id });
  }

  findExternal(organizationId: string, externalId: string): Promise<OrderRow | null> {
    return this.first({ organization_id: organizationId, external_id: externalId });
  }

  /** The order, with nobody else changing it until the transaction ends. */
  async lock(organizationId: string, id: string): Promise<OrderRow | null> {
    await this.database.query(sql`
      SELECT id FROM orders
      WHERE organization_id = ${organizationId}::uuid AND id = ${id}::uuid FOR NO KEY UPDATE`);
    return this.find(organizationId, id);
  }

  /** As {@link lock}, by the caller's own name for it. */
  async lockExternal(organizationId: string, externalId: string): Promise<OrderRow | null> {
    const [row] = await this.database.query<{ id: string }>(sql`
      SELECT id FROM orders
      WHERE organization_id = ${organizationId}::uuid AND external_id = ${externalId}
      FOR NO KEY UPDATE`);
    return row === undefined ? null : this.find(organizationId, row.id);
  }

  async update(row: OrderRow, changes: Partial<OrderRow>): Promise<OrderRow> {
    const { organization_id, id } = row;
    return (await this.database.db.orders.update({
      where: { organization_id_id: { organization_id, id } },
      data: storable(changes),
    })) as OrderRow;
  }

  async page(organizationId: string, query: PageQuery): Promise<Page<OrderRow>> {
    const where = { organization_id: organizationId };
    const [rows, total] = await Promise.all([
      this.database.db.orders.findMany({ where, orderBy: NEWEST_FIRST, ...sliceOf(query) }),
      this.database.db.orders.count({ where }),
    ]);
    return { rows: rows as OrderRow[], total };
  }

  private async first(where: Prisma.ordersWhereInput): Promise<OrderRow | null> {
    return (await this.database.db.orders.findFirst({ where })) as OrderRow | null;
  }
}
