import { Injectable } from '@nestjs/common';
import type { Brand } from '../organizations/organization.js';
import type { Prisma } from '../generated/prisma/client.js';
import { Database, sql } from '../platform/database/database.js';
import type { Session } from './session.js';

/** The current data of the person who holds a session. The role may change during a session. */
export interface Person {
  organization: {
    name: string;
    locale: string;
    brand: Brand;
    seats_enabled: boolean;
  };
  customer: { id: string; email: string | null; name: string | null };
  /** Null: the session is the customer's own. */
  member: { id: string; email: string; name: string | null; role: string } | null;
  /** Where the pages lead back to, if the session names a place. */
  returnUrl: string | null;
}

/** A session as its authentication needs it. */
export interface SessionRow {
  organization_id: string;
  id: string;
  token_hash: string;
  customer_id: string;
  member_id: string | null;
}

/** The session whose link carries a code. */
export interface CodeRow {
  organization_id: string;
  customer_id: string;
  member_id: string | null;
  /** Whether the code was not used and has not expired. */
  usable: boolean;
}

/** The SQL of sessions and of the people who get them. Deleted people are never returned. */
@Injectable()
export class SessionsRepository {
  constructor(private readonly database: Database) {}

  findCustomer(organizationId: string, named: { id: string } | { external_id: string }) {
    return this.database.db.customer.findFirst({
      where: { organization_id: organizationId, deleted_at: null, ...named },
    });
  }

  /**
   * If a customer is given, finds only a member of that customer. Otherwise finds the oldest: members
   * of different customers can have the same external id.
   */
  findMember(
    organizationId: string,
    named: { id: string } | { external_id: string },
    customerId: string | undefined,
  ) {
    return this.database.db.member.findFirst({
      where: {
        organization_id: organizationId,
        deleted_at: null,
        customer: { deleted_at: null },
        ...(customerId !== undefined && { customer_id: customerId }),
        ...named,
      },
      include: { customer: true },
      orderBy: [{ created_at: 'asc' }, { id: 'asc' }],
    });
  }

  async insert(row: Prisma.CustomerSessionUncheckedCreateInput): Promise<void> {
    await this.database.db.customerSession.create({ data: row });
  }

  /** The session of a code, given by its hashes, if the session has not expired. */
  async findCode(hashes: string[], now: Date): Promise<CodeRow | undefined> {
    const [row] = await this.database.query<CodeRow>(sql`
      SELECT organization_id, customer_id, member_id,
        code_spent_at IS NULL AND code_expires_at > ${now}::timestamptz AS usable
      FROM customer_sessions
      WHERE code_hash = ANY(${hashes}::text[]) AND expires_at > ${now}::timestamptz`);
    return row;
  }

  /**
   * Spends a code, and creates a second session for the same person that expires with the first one.
   * Of two calls at once, one spends the code.
   * @returns the expiry; undefined when the code is unknown, spent or expired.
   */
  async spendCode(
    hashes: string[],
    opened: { id: string; tokenHash: string; now: Date },
  ): Promise<Date | undefined> {
    const now = sql`${opened.now}::timestamptz`;
    const [row] = await this.database.query<{ expires_at: Date }>(sql`
      WITH spent AS (
        UPDATE customer_sessions SET code_spent_at = ${now}
        WHERE code_hash = ANY(${hashes}::text[]) AND code_spent_at IS NULL
          AND code_expires_at > ${now} AND expires_at > ${now}
        RETURNING organization_id, customer_id, member_id, expires_at, return_url
      )
      INSERT INTO customer_sessions (organization_id, id, created_at, customer_id, member_id,
        token_hash, expires_at, return_url)
      SELECT organization_id, ${opened.id}::uuid, ${now}, customer_id, member_id,
        ${opened.tokenHash}, expires_at, return_url
      FROM spent
      RETURNING expires_at`);
    return row?.expires_at;
  }

  /** The sessions of any organization with these hashes that expire after a time. */
  findByHashes(hashes: string[], time: Date): Promise<SessionRow[]> {
    return this.database.query<SessionRow>(sql`
      SELECT session.organization_id, session.id, session.token_hash, session.customer_id,
        session.member_id
      FROM customer_sessions session
      JOIN customers customer ON customer.organization_id = session.organization_id
        AND customer.id = session.customer_id
      LEFT JOIN members member ON member.organization_id = session.organization_id
        AND member.id = session.member_id
      WHERE session.token_hash = ANY(${hashes}::text[])
        AND session.expires_at > ${time}::timestamptz
        AND customer.deleted_at IS NULL AND member.deleted_at IS NULL`);
  }

  /** Deletes a session. */
  async remove(organizationId: string, id: string): Promise<void> {
    await this.database.db.customerSession.deleteMany({
      where: { organization_id: organizationId, id },
    });
  }

  /** Null if the session does not exist. */
  async findPerson(session: Session): Promise<Person | null> {
    const found = await this.database.db.customerSession.findFirst({
      where: { organization_id: session.organizationId, id: session.id },
      select: {
        return_url: true,
        customer: { select: { id: true, email: true, name: true, organization: true } },
        member: { select: { id: true, email: true, name: true, role: true } },
      },
    });
    if (found === null) return null;
    const { organization, ...customer } = found.customer;
    const { name, locale, seats_enabled } = organization;
    const brand = organization.brand as Brand;
    return {
      organization: { name, locale, brand, seats_enabled },
      customer,
      member: found.member,
      returnUrl: found.return_url,
    };
  }
}
