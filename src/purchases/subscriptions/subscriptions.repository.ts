import { Injectable } from '@nestjs/common';
import type { subscriptions, Prisma } from '../../generated/prisma/client.js';
import { sql } from '../../platform/database/database.js';
import type { Metadata } from '../shared/metadata.js';
import { ObjectsRepository } from '../shared/objects.repository.js';

export type SubscriptionRow = Omit<subscriptions, 'metadata'> & { metadata: Metadata };

// In the words of the index subscriptions_due, or it is not used.
const isDue = (now: Date) =>
  sql`cancel_at_period_end AND ended_at IS NULL AND current_period_end <= ${now}::timestamptz`;

/** The SQL of subscriptions. Their seats are the pools'. */
@Injectable()
export class SubscriptionsRepository extends ObjectsRepository<
  SubscriptionRow,
  Prisma.subscriptionsUncheckedCreateInput
> {
  protected override readonly table = 'subscriptions';

  /** Subscriptions that are to end with their period and have not, the longest overdue first. */
  due(now: Date, limit: number): Promise<{ organization_id: string; id: string }[]> {
    return this.database.query(sql`
      SELECT organization_id, id FROM subscriptions WHERE ${isDue(now)}
      ORDER BY current_period_end LIMIT ${limit}::int`);
  }

  /** As {@link lock}; null when it is no longer due, or somebody else is changing it right now. */
  async lockDue(organizationId: string, id: string, now: Date): Promise<SubscriptionRow | null> {
    const rows = await this.database.query(sql`
      SELECT id FROM subscriptions
      WHERE organization_id = ${organizationId}::uuid AND id = ${id}::uuid AND ${isDue(now)}
      FOR NO KEY UPDATE SKIP LOCKED`);
    return rows.length === 0 ? null : this.find(organizationId, id);
  }
}
