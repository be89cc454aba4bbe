import { Injectable } from '@nestjs/common';
import type { Prisma, Subscription } from '../../generated/prisma/client.js';
import { sql } from '../../platform/database/database.js';
import { ObjectsRepository, type WithMetadata } from '../shared/objects.repository.js';

export type SubscriptionRow = Subscription;

// Must repeat the predicate of the index subscriptions_due, or PostgreSQL does not use the index.
const isDue = (now: Date) =>
  sql`cancel_at_period_end AND ended_at IS NULL AND current_period_end <= ${now}::timestamptz`;

/** The SQL of subscriptions. PoolsRepository has the SQL of their seats. */
@Injectable()
export class SubscriptionsRepository extends ObjectsRepository<
  SubscriptionRow,
  WithMetadata<Prisma.SubscriptionUncheckedCreateInput>
> {
  protected override readonly table = 'subscriptions';

  protected override get model() {
    return this.database.db.subscription;
  }

  /** Subscriptions whose last period is over but which have not ended, the longest overdue first. */
  listDue(now: Date, limit: number): Promise<{ organization_id: string; id: string }[]> {
    return this.database.query(sql`
      SELECT organization_id, id FROM subscriptions WHERE ${isDue(now)}
      ORDER BY current_period_end LIMIT ${limit}::int`);
  }

  /** As {@link lock}; null when it is no longer due, or when another transaction holds the lock. */
  async lockDue(organizationId: string, id: string, now: Date): Promise<SubscriptionRow | null> {
    this.database.requireTransaction();
    const rows = await this.database.query(sql`
      SELECT id FROM subscriptions
      WHERE organization_id = ${organizationId}::uuid AND id = ${id}::uuid AND ${isDue(now)}
      FOR NO KEY UPDATE SKIP LOCKED`);
    return rows.length === 0 ? null : this.find(organizationId, id);
  }
}
