import { Injectable } from '@nestjs/common';
import type { Prisma, webhook_endpoints } from '../generated/prisma/client.js';
import { Database } from '../platform/database/database.js';
import { NEWEST_FIRST, type Page, type PageQuery, sliceOf } from '../platform/http/pages.js';

export type EndpointRow = webhook_endpoints;

/** The SQL of endpoints and their secrets. */
@Injectable()
export class EndpointsRepository {
  constructor(private readonly database: Database) {}

  async page(organizationId: string, query: PageQuery): Promise<Page<EndpointRow>> {
    const where = { organization_id: organizationId };
    const { db } = this.database;
    const rows = await db.webhook_endpoints.findMany({
      where,
      orderBy: NEWEST_FIRST,
      ...sliceOf(query),
    });
    return { rows, total: await this.count(organizationId) };
  }

  count(organizationId: string): Promise<number> {
    return this.database.db.webhook_endpoints.count({
      where: { organization_id: organizationId },
    });
  }

  find(organizationId: string, id: string): Promise<EndpointRow | null> {
    return this.database.db.webhook_endpoints.findFirst({
      where: { organization_id: organizationId, id },
    });
  }

  insert(data: Prisma.webhook_endpointsUncheckedCreateInput): Promise<EndpointRow> {
    return this.database.db.webhook_endpoints.create({ data });
  }

  async update(
    organizationId: string,
    id: string,
    data: Prisma.webhook_endpointsUncheckedUpdateManyInput,
  ): Promise<EndpointRow | undefined> {
    const rows = await this.database.db.webhook_endpoints.updateManyAndReturn({
      where: { organization_id: organizationId, id },
      data,
    });
    return rows[0];
  }

  async delete(organizationId: string, id: string): Promise<boolean> {
    const { count } = await this.database.db.webhook_endpoints.deleteMany({
      where: { organization_id: organizationId, id },
    });
    return count === 1;
  }

  async addSecret(secret: Prisma.webhook_secretsUncheckedCreateInput): Promise<void> {
    await this.database.db.webhook_secrets.create({ data: secret });
  }

  /** The secret in force signs until then; those that were replaced before keep their own time. */
  async retireSecrets(
    organizationId: string,
    endpointId: string,
    until: Date,
    now: Date,
  ): Promise<void> {
    const where = { organization_id: organizationId, endpoint_id: endpointId };
    await this.database.db.webhook_secrets.deleteMany({
      where: { ...where, expires_at: { lte: now } },
    });
    await this.database.db.webhook_secrets.updateMany({
      where: { ...where, expires_at: null },
      data: { expires_at: until },
    });
  }

  async addMessage(message: Prisma.webhook_messagesUncheckedCreateInput): Promise<void> {
    await this.database.db.webhook_messages.create({ data: message });
  }
}
