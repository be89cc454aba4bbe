import { Injectable } from '@nestjs/common';
import type { Brand } from '../organizations/organization.js';
import { Database } from '../platform/database/database.js';
import type { Session } from './buyer.js';

/** Who holds a session, as the database has it now: the role above all may have changed since. */
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
}

/** The SQL of sessions and of the people who get them. Deleted people are not seen by any of it. */
@Injectable()
export class SessionsRepository {
  constructor(private readonly database: Database) {}

  findCustomer(organizationId: string, named: { id: string } | { external_id: string }) {
    return this.database.db.customers.findFirst({
      where: { organization_id: organizationId, deleted_at: null, ...named },
    });
  }

  /** With the customer's id, only a member of that customer. */
  findMember(
    organizationId: string,
    named: { id: string } | { external_id: string },
    customerId: string | undefined,
  ) {
    return this.database.db.members.findFirst({
      where: {
        organization_id: organizationId,
        deleted_at: null,
        customer: { deleted_at: null },
        ...(customerId !== undefined && { customer_id: customerId }),
        ...named,
      },
    });
  }

  async insert(row: {
    organization_id: string;
    id: string;
    created_at: Date;
    customer_id: string;
    member_id: string | null;
    token_hash: string;
    expires_at: Date;
  }): Promise<void> {
    await this.database.db.customer_sessions.create({ data: row });
  }

  /** Ends a session before its time. */
  async remove(organizationId: string, id: string): Promise<void> {
    await this.database.db.customer_sessions.deleteMany({
      where: { organization_id: organizationId, id },
    });
  }

  /** Null when the session is gone. */
  async findPerson(session: Session): Promise<Person | null> {
    const found = await this.database.db.customer_sessions.findFirst({
      where: { organization_id: session.organizationId, id: session.id },
      select: {
        customer: { select: { id: true, email: true, name: true, organization: true } },
        member: { select: { id: true, email: true, name: true, role: true } },
      },
    });
    if (found === null) return null;
    const { organization, ...customer } = found.customer;
    const { name, locale, seats_enabled } = organization;
    const brand = organization.brand as Brand;
    return { organization: { name, locale, brand, seats_enabled }, customer, member: found.member };
  }
}
