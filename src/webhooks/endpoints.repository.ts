import { Injectable } from '@nestjs/common';
import type { Prisma, WebhookEndpoint } from '../generated/prisma/client.js';
import { Database } from '../platform/database/database.js';
import {
  NEWEST_FIRST,
  type Paginated,
  type PageQuery,
  skipAndTake,
} from '../platform/http/pagination.js';

export type EndpointRow = WebhookEndpoint;

/** The SQL of endpoints and their secrets. */
@Injectable()
export class EndpointsRepository {
  constructor(private readonly database: Database) {}

  async page(organizationId: string, query: PageQuery): Promise<Paginated<EndpointRow>> {
    const where = { organization_id: organizationId };
    const { db } = this.database;
    const rows = await db.webhookEndpoint.findMany({
      where,
      orderBy: NEWEST_FIRST,
      ...skipAndTake(query),
    });
    return { rows, total: await this.count(organizationId) };
  }

  count(organizationId: string): Promise<number> {
    return this.database.db.webhookEndpoint.count({
      where: { organization_id: organizationId },
    });
  }

  find(organizationId: string, id: string): Promise<EndpointRow | null> {
    return this.database.db.webhookEndpoint.findFirst({
      where: { organization_id: organizationId, id },
    });
  }

  insert(data: Prisma.WebhookEndpointUncheckedCreateInput): Promise<EndpointRow> {
    return this.database.db.webhookEndpoint.create({ data });
  }

  async update(
    organizationId: string,
    id: string,
    data: Prisma.WebhookEndpointUncheckedUpdateManyInput,
  ): Promise<EndpointRow | undefined> {
    const rows = await this.database.db.webhookEndpoint.updateManyAndReturn({
      where: { organization_id: organizationId, id },
      data,
    });
    return rows[0];
  }

  async delete(organizationId: string, id: string): Promise<boolean> {
    const { count } = await this.database.db.webhookEndpoint.deleteMany({
      where: { organization_id: organizationId, id },
    });
    return count === 1;
  }

  async addSecret(secret: Prisma.WebhookSecretUncheckedCreateInput): Promise<void> {
    await this.database.db.webhookSecret.create({ data: secret });
  }

  /**
   * Lets the current secret expire at `until`, and deletes expired ones. Secrets that were replaced
   * earlier keep their own expiry. Joins the transaction that adds the new secret, since the endpoint
   * would have no secret without it.
   * @throws {Error} outside of a transaction.
   */
  async retireSecrets(
    organizationId: string,
    endpointId: string,
    until: Date,
    now: Date,
  ): Promise<void> {
    this.database.requireTransaction();
    const where = { organization_id: organizationId, endpoint_id: endpointId };
    await this.database.db.webhookSecret.deleteMany({
      where: { ...where, expires_at: { lte: now } },
    });
    await this.database.db.webhookSecret.updateMany({
      where: { ...where, expires_at: null },
      data: { expires_at: until },
    });
  }

  async addMessage(message: Prisma.WebhookMessageUncheckedCreateInput): Promise<void> {
    await this.database.db.webhookMessage.create({ data: message });
  }
}
