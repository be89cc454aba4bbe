import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { changesOf, isEmpty } from '../../platform/changes.js';
import { Clock } from '../../platform/clock.js';
import { Database } from '../../platform/database/database.js';
import type { Caller } from '../../platform/http/access.js';
import type { Page } from '../../platform/http/pages.js';
import { PoolsService } from '../../seats/pools.service.js';
import { CustomersRepository } from '../customers/customers.repository.js';
import { found, notFound, refusingDuplicates } from '../shared/failures.js';
import type { CreateMember, MembersQuery, UpdateMember } from './members.dto.js';
import { type MemberRow, MembersRepository } from './members.repository.js';

/** The sentence for each unique index of members. */
export const MEMBER_DUPLICATES = {
  members_pkey: 'A member with this id exists already.',
  members_email: 'This customer has a member with this email already.',
  members_external_id: 'This customer has a member with this external_id already.',
};

/** The people of a customer. */
@Injectable()
export class MembersService {
  constructor(
    private readonly members: MembersRepository,
    private readonly customers: CustomersRepository,
    private readonly pools: PoolsService,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /**
   * @throws ResourceNotFound no such customer.
   * @throws Conflict the id, the e-mail or the external_id is taken.
   */
  create(caller: Caller, body: CreateMember): Promise<MemberRow> {
    const { organizationId } = caller;
    const create = async () => {
      if (!(await this.customers.hold(organizationId, body.customer_id))) {
        throw notFound('customer', body.customer_id);
      }
      if (body.external_id) await this.pools.lockLinking(body.customer_id);
      return this.members.insert({
        organization_id: organizationId,
        id: body.id ?? randomUUID(),
        created_at: this.clock.now(),
        customer_id: body.customer_id,
        email: body.email,
        name: body.name ?? null,
        external_id: body.external_id ?? null,
        role: body.role ?? 'member',
      });
    };
    return refusingDuplicates(MEMBER_DUPLICATES, () => this.database.transaction(create));
  }

  /** @throws ResourceNotFound */
  async get(caller: Caller, id: string): Promise<MemberRow> {
    return found(await this.members.find(caller.organizationId, id), 'member', id);
  }

  /** @throws ResourceNotFound */
  async getExternal(caller: Caller, customerId: string, externalId: string): Promise<MemberRow> {
    const row = await this.members.findExternal(caller.organizationId, customerId, externalId);
    return found(row, 'member', externalId);
  }

  list(caller: Caller, query: MembersQuery): Promise<Page<MemberRow>> {
    return this.members.page(caller.organizationId, query, query);
  }

  /**
   * A new e-mail is written into the seats that the member holds as well.
   * @throws ResourceNotFound, Conflict
   */
  update(caller: Caller, id: string, body: UpdateMember): Promise<MemberRow> {
    const change = async () => {
      if (body.external_id) await this.pools.lockLinking((await this.get(caller, id)).customer_id);
      const row = found(await this.members.lock(caller.organizationId, id), 'member', id);
      return this.apply(caller, row, body);
    };
    return refusingDuplicates(MEMBER_DUPLICATES, () => this.database.transaction(change));
  }

  /**
   * Erases the member and revokes what they hold, in one step. Answers the member as it was.
   * @throws ResourceNotFound
   */
  delete(caller: Caller, id: string): Promise<MemberRow> {
    return this.database.transaction(async () => {
      await this.pools.lockOfMember(caller, id);
      const row = found(await this.members.lock(caller.organizationId, id), 'member', id);
      // First, since the events of the revoke are to say who held the seats.
      await this.pools.revokeOfMember(caller, id, 'member_deleted');
      await this.members.erase(row, this.clock.now());
      return row;
    });
  }

  /**
   * Lets the owner follow the customer's e-mail: the owner with the old one gets the new one, else
   * there is a new owner. Joins the transaction of the customer's change.
   */
  async followCustomer(
    caller: Caller,
    customer: { id: string; email: string; name: string | null },
    oldEmail: string | null,
  ): Promise<void> {
    const { organizationId } = caller;
    const owner = oldEmail && (await this.members.findOwner(organizationId, customer.id, oldEmail));
    const locked = owner && (await this.members.lock(organizationId, owner.id));
    if (locked) {
      await this.apply(caller, locked, { email: customer.email });
      return;
    }
    await this.members.upsertOwner({
      organization_id: organizationId,
      id: randomUUID(),
      created_at: this.clock.now(),
      customer_id: customer.id,
      email: customer.email,
      name: customer.name,
    });
  }

  /**
   * Where a customer holds seats of other customers as a person, lets the members that they are
   * there follow their new e-mail. A buyer who has another member with this e-mail is left alone:
   * that member may hold seats of their own. Joins the transaction of the customer's change.
   */
  async followPerson(caller: Caller, customerId: string, email: string): Promise<void> {
    const members = await this.members.lockSeatedAs(caller.organizationId, customerId, email);
    for (const member of members) await this.apply(caller, member, { email });
  }

  private async apply(
    caller: Caller,
    row: MemberRow,
    wanted: Partial<MemberRow>,
  ): Promise<MemberRow> {
    const changes = changesOf(row, wanted);
    if (isEmpty(changes)) return row;
    const changed = await this.members.update(row, { ...changes, modified_at: this.clock.now() });
    if (changes.email !== undefined) await this.pools.changeEmail(caller, row.id, changed.email);
    return changed;
  }
}
