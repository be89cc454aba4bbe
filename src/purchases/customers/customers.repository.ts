import { Injectable } from '@nestjs/common';
import type { Customer, Prisma } from '../../generated/prisma/client.js';
import { sql } from '../../platform/database/database.js';
import { DeletableObjectsRepository, type WithMetadata } from '../shared/objects.repository.js';

export type CustomerRow = Customer;

/** The SQL of customers. */
@Injectable()
export class CustomersRepository extends DeletableObjectsRepository<
  CustomerRow,
  WithMetadata<Prisma.CustomerUncheckedCreateInput>
> {
  protected override readonly table = 'customers';

  protected override get model() {
    return this.database.db.customer;
  }

  async findByEmail(organizationId: string, email: string): Promise<CustomerRow | null> {
    const [row] = await this.database.query<{ id: string }>(sql`
      SELECT id FROM customers
      WHERE organization_id = ${organizationId}::uuid AND email_key(email) = email_key(${email})
        AND deleted_at IS NULL`);
    return row === undefined ? null : this.find(organizationId, row.id);
  }

  /** Whether the customer has a subscription that has not ended. */
  async hasLiveSubscription({ organization_id, id }: CustomerRow): Promise<boolean> {
    const where = { organization_id, customer_id: id, ended_at: null };
    return (await this.database.db.subscription.findFirst({ where })) !== null;
  }

  /** The ids of the customer's orders whose seats can be assigned. */
  async listActiveOrderIds(organizationId: string, customerId: string): Promise<string[]> {
    const pools = await this.database.db.pool.findMany({
      where: {
        organization_id: organizationId,
        customer_id: customerId,
        order_id: { not: null },
        active: true,
      },
      orderBy: { id: 'asc' },
    });
    return pools.flatMap(({ order_id }) => order_id ?? []);
  }

  /** Marks the customer as deleted, and erases their personal data. */
  async erase(row: CustomerRow, now: Date): Promise<void> {
    const erased = { email: null, name: null, external_id: null, metadata: {} };
    await this.update(row, { ...erased, deleted_at: now });
  }
}
