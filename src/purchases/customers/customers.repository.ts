import { Injectable } from '@nestjs/common';
import type { customers, Prisma } from '../../generated/prisma/client.js';
import { sql } from '../../platform/database/database.js';
import type { Metadata } from '../shared/metadata.js';
import { DeletableObjectsRepository } from '../shared/objects.repository.js';

export type CustomerRow = Omit<customers, 'metadata'> & { metadata: Metadata };

/** The SQL of customers. */
@Injectable()
export class CustomersRepository extends DeletableObjectsRepository<
  CustomerRow,
  Prisma.customersUncheckedCreateInput
> {
  protected override readonly table = 'customers';

  async findByEmail(organizationId: string, email: string): Promise<CustomerRow | null> {
    const [row] = await this.database.query<{ id: string }>(sql`
      SELECT id FROM customers
      WHERE organization_id = ${organizationId}::uuid AND lower(email) = lower(${email})
        AND deleted_at IS NULL`);
    return row === undefined ? null : this.find(organizationId, row.id);
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

  /** Deletes the customer, and what the row says about a person. */
  async erase(row: CustomerRow, now: Date): Promise<void> {
    const erased = { email: null, name: null, external_id: null, metadata: {} };
    await this.update(row, { ...erased, deleted_at: now });
  }
}
