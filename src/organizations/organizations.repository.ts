import { Injectable } from '@nestjs/common';
import type { organizations, Prisma } from '../generated/prisma/client.js';
import { Database, sql } from '../platform/database/database.js';
import type { Brand } from './organization.js';

export type OrganizationRow = Omit<organizations, 'brand'> & { brand: Brand };

/** The SQL of organizations. Here the organization is the tenant itself. */
@Injectable()
export class OrganizationsRepository {
  constructor(private readonly database: Database) {}

  async insert(row: Prisma.organizationsCreateInput): Promise<OrganizationRow> {
    return (await this.database.db.organizations.create({ data: row })) as OrganizationRow;
  }

  async get(id: string): Promise<OrganizationRow> {
    const row = await this.database.db.organizations.findUniqueOrThrow({ where: { id } });
    return row as OrganizationRow;
  }

  async findBySlug(slug: string): Promise<OrganizationRow | null> {
    const row = await this.database.db.organizations.findUnique({ where: { slug } });
    return row as OrganizationRow | null;
  }

  /** Every organization, oldest first: for the command line only. */
  async all(): Promise<OrganizationRow[]> {
    const rows = await this.database.db.organizations.findMany({
      orderBy: [{ created_at: 'asc' }, { id: 'asc' }],
    });
    return rows as OrganizationRow[];
  }

  /** The organization, with nobody else changing it until the transaction ends. */
  async lock(id: string): Promise<OrganizationRow> {
    await this.database.query(
      sql`SELECT id FROM organizations WHERE id = ${id}::uuid FOR NO KEY UPDATE`,
    );
    return this.get(id);
  }

  async update(id: string, changes: Partial<OrganizationRow>): Promise<OrganizationRow> {
    const row = await this.database.db.organizations.update({
      where: { id },
      data: changes as Prisma.organizationsUpdateInput,
    });
    return row as OrganizationRow;
  }
}
