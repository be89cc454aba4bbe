import { Injectable } from '@nestjs/common';
import { type members, Prisma } from '../../generated/prisma/client.js';
import { Database, sql } from '../../platform/database/database.js';
import { type Page, type PageQuery, sliceOf } from '../../platform/http/pages.js';
import { erasedEmail } from './member.js';

export type MemberRow = members;

/** Which members a list shows. */
export interface MemberFilter {
  customer_id?: string;
  email?: string;
}

// Named one by one: with * a prepared statement would break when a migration adds a column.
const COLUMNS = sql`organization_id, id, created_at, modified_at, deleted_at, customer_id, email,
  name, external_id, role`;

/** The SQL of members. Deleted ones are not seen by any of it. */
@Injectable()
export class MembersRepository {
  constructor(private readonly database: Database) {}

  insert(row: Prisma.membersUncheckedCreateInput): Promise<MemberRow> {
    return this.database.db.members.create({ data: row });
  }

  find(organizationId: string, id: string): Promise<MemberRow | null> {
    return this.first({ organization_id: organizationId, id });
  }

  findExternal(
    organizationId: string,
    customerId: string,
    externalId: string,
  ): Promise<MemberRow | null> {
    const customer_id = customerId;
    return this.first({ organization_id: organizationId, customer_id, external_id: externalId });
  }

  /** The customer's owner with this e-mail. */
  async findOwner(
    organizationId: string,
    customerId: string,
    email: string,
  ): Promise<MemberRow | null> {
    const [row] = await this.database.query<MemberRow>(sql`
      SELECT ${COLUMNS} FROM members
      WHERE organization_id = ${organizationId}::uuid AND customer_id = ${customerId}::uuid
        AND lower(email) = lower(${email}) AND role = 'owner' AND deleted_at IS NULL`);
    return row ?? null;
  }

  /**
   * The member, with nobody else changing it until the transaction ends. An assignment that is
   * about to seat this member is waited for, so that its seat is seen by what follows.
   */
  async lock(organizationId: string, id: string): Promise<MemberRow | null> {
    await this.database.query(sql`
      SELECT id FROM members
      WHERE organization_id = ${organizationId}::uuid AND id = ${id}::uuid FOR UPDATE`);
    return this.find(organizationId, id);
  }

  /** As {@link lock}, all members of a customer. */
  async lockAllOf(organizationId: string, customerId: string): Promise<void> {
    await this.database.query(sql`
      SELECT id FROM members
      WHERE organization_id = ${organizationId}::uuid AND customer_id = ${customerId}::uuid
        AND deleted_at IS NULL
      ORDER BY id FOR UPDATE`);
  }

  /**
   * Locks the members of other customers under which a customer holds active seats as a person,
   * but for those whose customer has another member with this e-mail.
   */
  async lockSeatedAs(
    organizationId: string,
    customerId: string,
    email: string,
  ): Promise<MemberRow[]> {
    return this.database.query<MemberRow>(sql`
      SELECT ${COLUMNS} FROM members m
      WHERE organization_id = ${organizationId}::uuid AND deleted_at IS NULL
        AND customer_id <> ${customerId}::uuid
        AND id IN (SELECT s.member_id FROM seats s
          WHERE s.organization_id = ${organizationId}::uuid
            AND s.customer_id = ${customerId}::uuid AND s.status <> 'revoked')
        AND NOT EXISTS (SELECT FROM members other
          WHERE other.organization_id = m.organization_id AND other.customer_id = m.customer_id
            AND lower(other.email) = lower(${email}) AND other.deleted_at IS NULL
            AND other.id <> m.id)
      ORDER BY id FOR UPDATE`);
  }

  /**
   * Makes sure that the customer has an owner with this e-mail: a new member, or the one that has
   * the e-mail already. One statement, so that an assignment which creates the same member at the
   * same time does no harm.
   */
  async upsertOwner(row: {
    organization_id: string;
    id: string;
    created_at: Date;
    customer_id: string;
    email: string;
    name: string | null;
  }): Promise<void> {
    await this.database.query(sql`
      INSERT INTO members (organization_id, id, created_at, customer_id, email, name, role)
      VALUES (${row.organization_id}::uuid, ${row.id}::uuid, ${row.created_at}::timestamptz,
        ${row.customer_id}::uuid, ${row.email}, ${row.name}, 'owner')
      ON CONFLICT (organization_id, customer_id, lower(email)) WHERE deleted_at IS NULL
      DO UPDATE SET role = 'owner', modified_at = excluded.created_at
        WHERE members.role <> 'owner'`);
  }

  update(row: MemberRow, changes: Partial<MemberRow>): Promise<MemberRow> {
    const { organization_id, id } = row;
    return this.database.db.members.update({
      where: { organization_id_id: { organization_id, id } },
      data: changes,
    });
  }

  /** Deletes the member, and what it says about a person. */
  async erase(row: MemberRow, now: Date): Promise<void> {
    const erased = { email: erasedEmail(row.id), name: null, external_id: null };
    await this.update(row, { ...erased, deleted_at: now });
  }

  /** As {@link erase}, all members of a customer. */
  async eraseAllOf(organizationId: string, customerId: string, now: Date): Promise<void> {
    const where = { organization_id: organizationId, customer_id: customerId, deleted_at: null };
    for (const row of await this.database.db.members.findMany({ where })) {
      await this.erase(row, now);
    }
  }

  async page(
    organizationId: string,
    query: PageQuery,
    filter: MemberFilter,
  ): Promise<Page<MemberRow>> {
    const conditions = [sql`organization_id = ${organizationId}::uuid`, sql`deleted_at IS NULL`];
    if (filter.customer_id !== undefined) {
      conditions.push(sql`customer_id = ${filter.customer_id}::uuid`);
    }
    if (filter.email !== undefined) conditions.push(sql`lower(email) = lower(${filter.email})`);
    const shown = sql`FROM members WHERE ${Prisma.join(conditions, ' AND ')}`;
    const { skip, take } = sliceOf(query);
    const rows = await this.database.query<MemberRow>(sql`
      SELECT ${COLUMNS} ${shown} ORDER BY created_at DESC, id
      LIMIT ${take}::int OFFSET ${skip}::int`);
    const [count] = await this.database.query<{ total: number }>(
      sql`SELECT count(*)::int AS total ${shown}`,
    );
    return { rows, total: count?.total ?? 0 };
  }

  private first(where: Prisma.membersWhereInput): Promise<MemberRow | null> {
    return this.database.db.members.findFirst({ where: { ...where, deleted_at: null } });
  }
}
