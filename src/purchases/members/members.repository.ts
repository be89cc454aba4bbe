import { Injectable } from '@nestjs/common';
import { type Member, Prisma } from '../../generated/prisma/client.js';
import { Database, sql } from '../../platform/database/database.js';
import { type Paginated, type PageQuery, skipAndTake } from '../../platform/http/pagination.js';
import { poolIdsHeldAs } from '../../seats/seats.sql.js';
import { erasedEmail } from './member.js';

export type MemberRow = Member;

/** Conditions on the members of a list. */
export interface MemberFilter {
  customer_id?: string;
  email?: string;
}

// Not *: a migration that adds a column would break the prepared statements.
const COLUMNS = sql`organization_id, id, created_at, modified_at, deleted_at, customer_id, email,
  name, external_id, role`;

/** The SQL of members. A deleted member is never found. */
@Injectable()
export class MembersRepository {
  constructor(private readonly database: Database) {}

  insert(row: Prisma.MemberUncheckedCreateInput): Promise<MemberRow> {
    return this.database.db.member.create({ data: row });
  }

  find(organizationId: string, id: string): Promise<MemberRow | null> {
    return this.findFirst({ organization_id: organizationId, id });
  }

  findByExternalId(
    organizationId: string,
    customerId: string,
    externalId: string,
  ): Promise<MemberRow | null> {
    return this.findFirst({
      organization_id: organizationId,
      customer_id: customerId,
      external_id: externalId,
    });
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
        AND email_key(email) = email_key(${email}) AND role = 'owner' AND deleted_at IS NULL`);
    return row ?? null;
  }

  /**
   * The member, locked until the transaction ends. Waits for an assignment that is about to seat
   * this member, so that the next statement sees the seat.
   * @throws {Error} outside of a transaction.
   */
  async lock(organizationId: string, id: string): Promise<MemberRow | null> {
    this.database.requireTransaction();
    await this.database.query(sql`
      SELECT id FROM members
      WHERE organization_id = ${organizationId}::uuid AND id = ${id}::uuid FOR UPDATE`);
    return this.find(organizationId, id);
  }

  /** Locks all members of a customer, as {@link lock} does. */
  async lockByCustomer(organizationId: string, customerId: string): Promise<void> {
    this.database.requireTransaction();
    await this.database.query(sql`
      SELECT id FROM members
      WHERE organization_id = ${organizationId}::uuid AND customer_id = ${customerId}::uuid
        AND deleted_at IS NULL
      ORDER BY id FOR UPDATE`);
  }

  /**
   * Locks the members of other customers that an active seat links to this customer. Leaves out a
   * member whose customer has another member with this e-mail.
   */
  async lockSeatedMembers(
    organizationId: string,
    customerId: string,
    email: string,
  ): Promise<MemberRow[]> {
    this.database.requireTransaction();
    const tenant = sql`${organizationId}::uuid`;
    const customer = sql`${customerId}::uuid`;
    const held = poolIdsHeldAs(tenant, customer);
    return this.database.query<MemberRow>(sql`
      SELECT ${COLUMNS} FROM members
      WHERE organization_id = ${organizationId}::uuid AND deleted_at IS NULL
        AND customer_id <> ${customerId}::uuid
        AND id = ANY(ARRAY(SELECT seats.member_id FROM (${held}) held
          -- In the customer's own pools, the seats name the buyer, who is this customer.
          JOIN pools ON pools.organization_id = ${tenant} AND pools.id = held.pool_id
            AND pools.customer_id <> ${customer}
          JOIN seats ON seats.organization_id = ${tenant} AND seats.customer_id = ${customer}
            AND seats.pool_id = pools.id AND seats.status <> 'revoked'))
        AND NOT EXISTS (SELECT FROM members AS namesakes
          WHERE namesakes.organization_id = members.organization_id
            AND namesakes.customer_id = members.customer_id
            AND email_key(namesakes.email) = email_key(${email}) AND namesakes.deleted_at IS NULL
            AND namesakes.id <> members.id)
      ORDER BY id FOR UPDATE`);
  }

  /**
   * Makes sure that the customer has an owner with this e-mail: inserts one, or makes the member
   * with this e-mail the owner. An assignment may insert the same member at the same time. The first
   * statement waits for it, so that the second one sees the member.
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
      ON CONFLICT DO NOTHING`);
    await this.database.query(sql`
      UPDATE members SET role = 'owner', modified_at = ${row.created_at}::timestamptz
      WHERE organization_id = ${row.organization_id}::uuid
        AND customer_id = ${row.customer_id}::uuid
        AND email_key(email) = email_key(${row.email}) AND deleted_at IS NULL
        AND role <> 'owner'`);
  }

  update(row: MemberRow, changes: Partial<MemberRow>): Promise<MemberRow> {
    const { organization_id, id } = row;
    return this.database.db.member.update({
      where: { organization_id_id: { organization_id, id } },
      data: changes,
    });
  }

  /** Marks the member as deleted, and erases their personal data. */
  async erase(row: MemberRow, now: Date): Promise<void> {
    const erased = { email: erasedEmail(row.id), name: null, external_id: null };
    await this.update(row, { ...erased, deleted_at: now });
  }

  /** Erases all members of a customer, as {@link erase} does. */
  async eraseByCustomer(organizationId: string, customerId: string, now: Date): Promise<void> {
    const erased = sql`replace(${erasedEmail('<id>')}, '<id>', id::text)`;
    await this.database.query(sql`
      UPDATE members SET email = ${erased}, name = NULL, external_id = NULL,
        deleted_at = ${now}::timestamptz
      WHERE organization_id = ${organizationId}::uuid AND customer_id = ${customerId}::uuid
        AND deleted_at IS NULL`);
  }

  /** A page of the organization's members, newest first. */
  async list(
    organizationId: string,
    query: PageQuery,
    filter: MemberFilter,
  ): Promise<Paginated<MemberRow>> {
    const conditions = [sql`organization_id = ${organizationId}::uuid`, sql`deleted_at IS NULL`];
    if (filter.customer_id !== undefined) {
      conditions.push(sql`customer_id = ${filter.customer_id}::uuid`);
    }
    if (filter.email !== undefined)
      conditions.push(sql`email_key(email) = email_key(${filter.email})`);
    const filtered = sql`FROM members WHERE ${Prisma.join(conditions, ' AND ')}`;
    const { skip, take } = skipAndTake(query);
    const rows = await this.database.query<MemberRow>(sql`
      SELECT ${COLUMNS} ${filtered} ORDER BY created_at DESC, id
      LIMIT ${take}::int OFFSET ${skip}::int`);
    const [count] = await this.database.query<{ total: number }>(
      sql`SELECT count(*)::int AS total ${filtered}`,
    );
    return { rows, total: count?.total ?? 0 };
  }

  private findFirst(where: Prisma.MemberWhereInput): Promise<MemberRow | null> {
    return this.database.db.member.findFirst({ where: { ...where, deleted_at: null } });
  }
}
