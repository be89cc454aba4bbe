import { Injectable } from '@nestjs/common';
import type { Prisma } from '../../generated/prisma/client.js';
import { Database, sql } from '../../platform/database/database.js';
import type { Recipient } from '../seats.rules.js';
import { MEMBER_JOIN, type Nullable, SEAT_COLUMNS, type SeatRow } from '../seats.sql.js';

/** A product, and the seat that gives access to it; without access every key of the seat is null. */
export type AccessRow = Nullable<SeatRow> & { seats_enabled: boolean };

/**
 * One statement of a few index look-ups. Its cost depends on the seats that the person holds, not
 * on the size of the pool.
 */
@Injectable()
export class AccessRepository {
  constructor(private readonly database: Database) {}

  /** Undefined when there is no such product; `seat_id` is null when the person has no access. */
  async findAccess(
    organizationId: string,
    productId: string,
    person: Recipient,
  ): Promise<AccessRow | undefined> {
    const tenant = sql`${organizationId}::uuid`;
    const [row] = await this.database.query<AccessRow>(sql`
      SELECT organization.seats_enabled, claimed_seat.*
      FROM products product JOIN organizations organization
        ON organization.id = product.organization_id
      LEFT JOIN LATERAL (
        SELECT ${SEAT_COLUMNS} FROM seats seat
        -- With the LIMIT, the plan starts from the person, and never from the pools of the product.
        CROSS JOIN LATERAL (
          SELECT * FROM pools pool
          WHERE pool.organization_id = ${tenant} AND pool.id = seat.pool_id
            AND pool.product_id = product.id AND pool.active
          LIMIT 1
        ) pool ${MEMBER_JOIN}
        WHERE seat.organization_id = ${tenant} AND seat.status = 'claimed'
          -- As an array, so that the plan never starts from the pool's seats.
          AND seat.member_id = ANY(ARRAY(${membersOf(tenant, person)}))
        ORDER BY seat.claimed_at, seat.id LIMIT 1
      ) claimed_seat ON true
      WHERE product.organization_id = ${tenant} AND product.id = ${productId}::uuid
        -- Earlier versions could delete a product that people still used. They keep their access.
        AND (product.deleted_at IS NULL OR claimed_seat.seat_id IS NOT NULL)`);
    return row;
  }
}

/**
 * The ids of one person's member rows. The person may be a member of several buyers. A customer is
 * found by their e-mail.
 */
function membersOf(tenant: Prisma.Sql, person: Recipient): Prisma.Sql {
  const members = sql`SELECT person.id FROM members person
    WHERE person.organization_id = ${tenant} AND person.deleted_at IS NULL`;
  const byEmail = (email: Prisma.Sql) =>
    sql`${members} AND email_key(person.email) = email_key(${email})`;
  const customerEmail = sql`SELECT email FROM customers
    WHERE organization_id = ${tenant} AND deleted_at IS NULL`;
  switch (person.by) {
    case 'member':
      return sql`${members} AND person.id = ${person.id}::uuid`;
    case 'external_member':
      return person.email === undefined
        ? sql`${members} AND person.external_id = ${person.external_id}`
        : sql`${byEmail(sql`${person.email}`)} AND person.external_id = ${person.external_id}`;
    case 'customer':
      return byEmail(sql`(${customerEmail} AND id = ${person.id}::uuid)`);
    case 'external_customer':
      return byEmail(sql`(${customerEmail} AND external_id = ${person.external_id})`);
    case 'email':
      return byEmail(sql`${person.email}`);
  }
}
