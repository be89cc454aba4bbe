import { Injectable } from '@nestjs/common';
import type { subscriptions, Prisma } from '../../generated/prisma/client.js';
import { Database, sql } from '../../platform/database/database.js';
import { NEWEST_FIRST, type Page, type PageQuery, sliceOf } from '../../platform/http/pages.js';
import { type Metadata, storable } from '../shared/metadata.js';

export type SubscriptionRow = Omit<subscriptions, 'metadata'> & { metadata: Metadata };

// In the words of the index subscriptions_due, or it is not used.
const isDue = (now: Date) =>
  sql`cancel_at_period_end AND ended_at IS NULL AND current_period_end <= ${now}::timestamptz`;

/** The SQL of subscriptions. Their seats are the pools'. */
@Injectable()
export class SubscriptionsRepository {
  constructor(private readonly database: Database) {}

  async insert(row: Prisma.subscriptionsUncheckedCreateInput): Promise<SubscriptionRow> {
    return (await this.database.db.subscriptions.create({
      data: storable(row),
    })) as SubscriptionRow;
  }

  find(organizationId: string, id: string): Promise<SubscriptionRow | null> {
    return this.first({ organization_id: organizationId, id });
  }

  findExternal(organizationId: string, externalId: string): Promise<SubscriptionRow | null> {
    return this.first({ organization_id: organizationId, external_id: externalId });
  }

  /** The subscription, with nobody else changing it until the transaction ends. */
  async lock(organizationId: string, id: string): Promise<SubscriptionRow | null> {
    await this.database.query(sql`
      SELECT id FROM subscriptions
      WHERE organization_id = ${organizationId}::uuid AND id = ${id}::uuid FOR NO KEY UPDATE`);
    return this.find(organizationId, id);
  }

  /** As {@link lock}, by the caller's own name for it. */
  async lockExternal(organizationId: string, externalId: string): Promise<SubscriptionRow | null> {
    const [row] = await this.database.query<{ id: string }>(sql`
      SELECT id FROM subscriptions
      WHERE organization_id = ${organizationId}::uuid AND external_id = ${externalId}
      FOR NO KEY UPDATE`);
    return row === undefined ? null : this.find(organizationId, row.id);
  }

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

  async update(row: SubscriptionRow, changes: Partial<SubscriptionRow>): Promise<SubscriptionRow> {
    const { organization_id, id } = row;
    return (await this.database.db.subscriptions.update({
      where: { organization_id_id: { organization_id, id } },
      data: storable(changes),
    })) as SubscriptionRow;
  }

  async page(organizationId: string, query: PageQuery): Promise<Page<SubscriptionRow>> {
    const where = { organization_id: organizationId };
    const [rows, total] = await Promise.all([
      this.database.db.subscriptions.findMany({ where, orderBy: NEWEST_FIRST, ...sliceOf(query) }),
      this.database.db.subscriptions.count({ where }),
    ]);
    return { rows: rows as SubscriptionRow[], total };
  }

  private async first(where: Prisma.subscriptionsWhereInput): Promise<SubscriptionRow | null> {
    return (await this.database.db.subscriptions.findFirst({ where })) as SubscriptionRow | null;
  }
}
