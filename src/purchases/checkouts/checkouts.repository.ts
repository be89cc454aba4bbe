import { Injectable } from '@nestjs/common';
import type { checkouts, Prisma } from '../../generated/prisma/client.js';
import { Database, sql } from '../../platform/database/database.js';
import { NEWEST_FIRST, type Page, type PageQuery, sliceOf } from '../../platform/http/pages.js';

export type CheckoutRow = checkouts;

/** The SQL of checkouts. */
@Injectable()
export class CheckoutsRepository {
  constructor(private readonly database: Database) {}

  insert(row: Prisma.checkoutsUncheckedCreateInput): Promise<CheckoutRow> {
    return this.database.db.checkouts.create({ data: row });
  }

  find(organizationId: string, id: string): Promise<CheckoutRow | null> {
    return this.first({ organization_id: organizationId, id });
  }

  findExternal(organizationId: string, externalId: string): Promise<CheckoutRow | null> {
    return this.first({ organization_id: organizationId, external_id: externalId });
  }

  /** The checkout, with nobody else changing it until the transaction ends. */
  async lock(organizationId: string, id: string): Promise<CheckoutRow | null> {
    await this.database.query(sql`
      SELECT id FROM checkouts
      WHERE organization_id = ${organizationId}::uuid AND id = ${id}::uuid FOR NO KEY UPDATE`);
    return this.find(organizationId, id);
  }

  update(row: CheckoutRow, changes: Partial<CheckoutRow>): Promise<CheckoutRow> {
    const { organization_id, id } = row;
    return this.database.db.checkouts.update({
      where: { organization_id_id: { organization_id, id } },
      data: changes,
    });
  }

  async page(organizationId: string, query: PageQuery): Promise<Page<CheckoutRow>> {
    const where = { organization_id: organizationId };
    const [rows, total] = await Promise.all([
      this.database.db.checkouts.findMany({ where, orderBy: NEWEST_FIRST, ...sliceOf(query) }),
      this.database.db.checkouts.count({ where }),
    ]);
    return { rows, total };
  }

  private first(where: Prisma.checkoutsWhereInput): Promise<CheckoutRow | null> {
    return this.database.db.checkouts.findFirst({ where });
  }
}
