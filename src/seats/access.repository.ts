import { Injectable } from '@nestjs/common';
import type { Prisma } from '../generated/prisma/client.js';
import { Database, sql } from '../platform/database/database.js';
import type { Recipient } from './seat.js';
import { SEAT_COLUMNS, SEAT_NEIGHBOURS, type SeatRow } from './seats.rows.js';

/** A product, and perhaps the seat that opens it. */
type Access = SeatRow & { seats_enabled: boolean };

/**
 * One statement, a few index look-ups: what it costs depends on how many seats the person holds,
 * not on how many the pool has.
 */
@Injectable()
export class AccessRepository {
  constructor(private readonly database: Database) {}

  /** Undefined: no such product. `seat_id` null: no access. */
  async find(
    organizationId: string,
    productId: string,
    person: Recipient,
  ): Promise<Access | undefined> {
    const tenant = sql`${organizationId}::uuid`;
    const [row] = await this.database.query<Access>(sql`
      SELECT o.seats_enabled, seat.*
      FROM products r JOIN organizations o ON o.id = r.organization_id
      LEFT JOIN LATERAL (
        SELECT ${SEAT_COLUMNS} FROM seats s ${SEAT_NEIGHBOURS}
        WHERE s.organization_id = ${tenant} AND s.status = 'claimed'
          AND p.product_id = r.id AND p.active
          -- As an array, so that the person is found first, and never the pool's seats.
          AND s.member_id = ANY(ARRAY(${membersOf(tenant, person)}))
        ORDER BY s.claimed_at LIMIT 1
      ) seat ON true
      WHERE r.organization_id = ${tenant} AND r.id = ${productId}::uuid AND r.deleted_at IS NULL`);
    return row;
  }
}

/** The members that a person is: of several buyers, perhaps. A customer is known by their e-mail. */
function membersOf(tenant: Prisma.Sql, person: Recipient): Prisma.Sql {
  const live = sql`SELECT x.id FROM members x WHERE x.organization_id = ${tenant} AND x.deleted_at IS NULL`;
  const byEmail = (email: Prisma.Sql) => sql`${live} AND lower(x.email) = lower(${email})`;
  const customer = sql`SELECT email FROM customers
    WHERE organization_id = ${tenant} AND deleted_at IS NULL`;
  switch (person.by) {
    case 'member':
      return sql`${live} AND x.id = ${person.id}::uuid`;
    case 'external_member':
      return person.email === undefined
        ? sql`${live} AND x.external_id = ${person.external_id}`
        : sql`${byEmail(sql`${person.email}`)} AND x.external_id = ${person.external_id}`;
    case 'customer':
      return byEmail(sql`(${customer} AND id = ${person.id}::uuid)`);
    case 'external_customer':
      return byEmail(sql`(${customer} AND external_id = ${person.external_id})`);
    case 'email':
      return byEmail(sql`${person.email}`);
  }
}
