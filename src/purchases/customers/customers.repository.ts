import { Injectable } from '@nestjs/common';
import type { customers, Prisma } from '../../generated/prisma/client.js';
import { Database, sql } from '../../platform/database/database.js';
import { NEWEST_FIRST, type Page, type PageQuery, sliceOf } from '../../platform/http/pages.js';
import { type Metadata, storable } from '../shared/metadata.js';

export type CustomerRow = Omit<customers, 'metadata'> & { metadata: Metadata };

/** The SQL of customers. Deleted ones are not seen by any of it. */
@Injectable()
export class CustomersRepository {
  constructor(private readonly database: Database) {}

  async insert(row: Prisma.customersUncheckedCreateInput): Promise<CustomerRow> {
    return (await this.database.db.customers.create({ data: storable(row) })) as CustomerRow;
  }

  /** As {@link insert}; null when the e-mail or the external_id is taken, perhaps since just now. */
  async insertUnlessThere(row: Prisma.customersCreateManyInput): Promise<CustomerRow | null> {
    const rows = await this.database.db.customers.createManyAndReturn({
      data: [storable(row)],
      skipDuplicates: true,
    });
    return (rows[0] as CustomerRow | undefined) ?? null;
  }

  find(organizationId: string, id: string): Promise<CustomerRow | null> {
    return this.first({ organization_id: organizationId, id });
  }

  findExternal(organizationId: string, externalId: string): Promise<CustomerRow | null> {
    return this.first({ organization_id: organizationId, external_id: externalId });
  }

  async findByEmail(organizationId: string, email: string): Promise<CustomerRow | null> {
    const [row] = await this.database.query<{ id: string }>(sql`
      SELECT id FROM customers
      WHERE organization_id = ${organizationId}::uuid AND lower(email) = lower(${email})
        AND deleted_at IS NULL`);
    return row === undefined ? null : this.find(organizationId, row.id);
  }

  /** The customer, with nobody else changing it until the transaction ends. */
  async lock(organizationId: string, id: string): Promise<CustomerRow | null> {
    // Not FOR UPDATE: what refers to the customer may be written meanwhile.
    await this.database.query(sql`
      SELECT id FROM customers
      WHERE organization_id = ${organizationId}::uuid AND id = ${id}::uuid FOR NO KEY UPDATE`);
    return this.find(organizationId, id);
  }

  /** As {@link lock}; nor is anything written meanwhile that refers to the customer. */
  async lockForDeletion(organizationId: string, id: string): Promise<CustomerRow | null> {
    await this.database.query(sql`
      SELECT id FROM customers
      WHERE organization_id = ${organizationId}::uuid AND id = ${id}::uuid FOR UPDATE`);
    return this.find(organizationId, id);
  }

  /** Whether the customer is there; then they cannot be deleted until the transaction ends. */
  async hold(organizationId: string, id: string): Promise<boolean> {
    const rows = await this.database.query(sql`
      SELECT id FROM customers
      WHERE organization_id = ${organizationId}::uuid AND id = ${id}::uuid AND deleted_at IS NULL
      FOR KEY SHARE`);
    return rows.length > 0;
  }

  /** Whether a subscription of theirs has not ended. */
  async hasSubscription({ organization_id, id }: CustomerRow): Promise<boolean> {
    const where = { organization_id, customer_id: id, ended_at: null };
    return (await this.database.db.subscriptions.findFirst({ where })) !== null;
  }

  /** The orders of theirs that can give seats. */
  async openOrders(organizationId: string, customerId: string): Promise<string[]> {
    const pools = await this.database.db.pools.findMany({
      where: {
        organization_id: organizationId,
        customer_id: customerId,
        order_id: { not: null },
        active: true,
      },
      orderBy: { id: 'asc' },
    });
    return pools.map((pool) => pool.order_id as string);
  }

  async update(row: CustomerRow, changes: Partial<CustomerRow>): Promise<CustomerRow> {
    const { organization_id, id } = row;
    return (await this.database.db.customers.update({
      where: { organization_id_id: { organization_id, id } },
      data: storable(changes),
    })) as CustomerRow;
  }

  /** Deletes the customer, and what the row says about a person. */
  async erase(row: CustomerRow, now: Date): Promise<void> {
    const erased = { email: null, name: null, external_id: null, metadata: {} };
    await this.update(row, { ...erased, deleted_at: now });
  }

  async page(organizationId: string, query: PageQuery): Promise<Page<CustomerRow>> {
    const where = { organization_id: organizationId, deleted_at: null };
    const [rows, total] = await Promise.all([
      this.database.db.customers.findMany({ where, orderBy: NEWEST_FIRST, ...sliceOf(query) }),
      this.database.db.customers.count({ where }),
    ]);
    return { rows: rows as CustomerRow[], total };
  }

  private async first(where: Prisma.customersWhereInput): Promise<CustomerRow | null> {
    return (await this.database.db.customers.findFirst({
      where: { ...where, deleted_at: null },
    })) as CustomerRow | null;
  }
}
