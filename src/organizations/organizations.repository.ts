import { Injectable } from '@nestjs/common';
import type { Organization, Prisma } from '../generated/prisma/client.js';
import { Database, sql } from '../platform/database/database.js';
import type { Brand } from './organization.js';

export type OrganizationRow = Omit<Organization, 'brand'> & { brand: Brand };

/** The SQL of organizations, which are the tenants. */
@Injectable()
export class OrganizationsRepository {
  constructor(private readonly database: Database) {}

  async insert(row: Prisma.OrganizationCreateInput): Promise<OrganizationRow> {
    return withBrand(await this.database.db.organization.create({ data: row }));
  }

  /**
   * @throws Prisma's P2025 when there is no such organization. That is a bug, because the caller has
   *   authenticated as it.
   */
  async get(id: string): Promise<OrganizationRow> {
    return withBrand(await this.database.db.organization.findUniqueOrThrow({ where: { id } }));
  }

  async findBySlug(slug: string): Promise<OrganizationRow | null> {
    const row = await this.database.db.organization.findUnique({ where: { slug } });
    return row && withBrand(row);
  }

  /** Every organization, oldest first. Only the command line may list all tenants. */
  async listAll(): Promise<OrganizationRow[]> {
    const rows = await this.database.db.organization.findMany({
      orderBy: [{ created_at: 'asc' }, { id: 'asc' }],
    });
    return rows.map(withBrand);
  }

  /**
   * The organization, locked against changes until the transaction ends.
   * @throws {Error} outside of a transaction.
   */
  async lock(id: string): Promise<OrganizationRow> {
    this.database.requireTransaction();
    await this.database.query(
      sql`SELECT id FROM organizations WHERE id = ${id}::uuid FOR NO KEY UPDATE`,
    );
    return this.get(id);
  }

  async update(id: string, changes: Partial<OrganizationRow>): Promise<OrganizationRow> {
    const row = await this.database.db.organization.update({ where: { id }, data: changes });
    return withBrand(row);
  }
}

/** Prisma types the column as any JSON; the service writes only brands. */
function withBrand(row: Organization): OrganizationRow {
  return { ...row, brand: row.brand as Brand };
}
