import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { changedFields, isEmpty } from '../../platform/changed-fields.js';
import { Clock } from '../../platform/clock.js';
import { Database } from '../../platform/database/database.js';
import type { Caller } from '../../platform/caller.js';
import type { Paginated } from '../../platform/http/pagination.js';
import { PoolsService } from '../../seats/pool/pools.service.js';
import { CustomersRepository } from '../customers/customers.repository.js';
import { noSuch } from '../../platform/errors.js';
import { conflictOnDuplicate, orNotFound } from '../shared/purchases.errors.js';
import type { CreateMember, MembersQuery, UpdateMember } from './members.dto.js';
import { type MemberRow, MembersRepository } from './members.repository.js';

const SAME_EMAIL =
  'This customer has a member with this email already. Use that member, or send another email.';

/** The message of the 409 for each unique index of members. */
export const MEMBER_DUPLICATES = {
  members_pkey: 'A member with this id already exists. Send another id, or none.',
  members_email: SAME_EMAIL,
  members_email_keys: SAME_EMAIL,
  members_external_id:
    'This customer has a member with this external_id already. Use that member, or send another one.',
};

/** Creates, changes and deletes members, who are the people of a customer. */
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
      if (!(await this.customers.lockAgainstDeletion(organizationId, body.customer_id))) {
        throw noSuch('customer', body.customer_id);
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
    return conflictOnDuplicate(MEMBER_DUPLICATES, () => this.database.transaction(create));
  }

  /** @throws ResourceNotFound */
  async get(caller: Caller, id: string): Promise<MemberRow> {
    return orNotFound(await this.members.find(caller.organizationId, id), 'member', id);
  }

  /** @throws ResourceNotFound */
  async getByExternalId(
    caller: Caller,
    customerId: string,
    externalId: string,
  ): Promise<MemberRow> {
    const row = await this.members.findByExternalId(caller.organizationId, customerId, externalId);
    return orNotFound(row, 'member', externalId, 'external_id');
  }

  list(caller: Caller, query: MembersQuery): Promise<Paginated<MemberRow>> {
    return this.members.list(caller.organizationId, query, query);
  }

  /**
   * Writes a new e-mail into the seats that the member holds as well, and renews pending
   * invitations.
   * @throws ResourceNotFound, Conflict
   */
  update(caller: Caller, id: string, body: UpdateMember): Promise<MemberRow> {
    const update = async () => {
      if (body.external_id) await this.pools.lockLinking((await this.get(caller, id)).customer_id);
      const row = orNotFound(await this.members.lock(caller.organizationId, id), 'member', id);
      return this.applyChanges(caller, row, body);
    };
    return conflictOnDuplicate(MEMBER_DUPLICATES, () => this.database.transaction(update));
  }

  /**
   * Erases the member and revokes their seats in one transaction. Returns the member as it was.
   * @throws ResourceNotFound
   */
  delete(caller: Caller, id: string): Promise<MemberRow> {
    return this.database.transaction(async () => {
      await this.pools.lockOfMember(caller, id);
      const row = orNotFound(await this.members.lock(caller.organizationId, id), 'member', id);
      // Before the erasure, because the events of the revocations name the person.
      await this.pools.revokeOfMember(caller, id, 'member_deleted');
      await this.members.erase(row, this.clock.now());
      return row;
    });
  }

  /**
   * Gives the customer's e-mail to the owner who has the old one. Without such an owner, makes the
   * member with the new e-mail the owner, or creates one. Joins the transaction of the caller.
   */
  async updateOwner(
    caller: Caller,
    customer: { id: string; email: string; name: string | null },
    oldEmail: string | null,
  ): Promise<void> {
    const { organizationId } = caller;
    const owner = oldEmail && (await this.members.findOwner(organizationId, customer.id, oldEmail));
    const locked = owner && (await this.members.lock(organizationId, owner.id));
    if (locked) {
      await this.applyChanges(caller, locked, { email: customer.email });
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
   * Gives a customer's new e-mail to the members of other customers that an active seat links to
   * this customer. Skips a member whose customer has another member with this e-mail, since that
   * one may hold seats as well. Joins the transaction of the caller.
   */
  async updateSeatedMembers(caller: Caller, customerId: string, email: string): Promise<void> {
    const members = await this.members.lockSeatedMembers(caller.organizationId, customerId, email);
    for (const member of members) await this.applyChanges(caller, member, { email });
  }

  private async applyChanges(
    caller: Caller,
    row: MemberRow,
    wanted: Partial<MemberRow>,
  ): Promise<MemberRow> {
    const changes = changedFields(row, wanted);
    if (isEmpty(changes)) return row;
    const changed = await this.members.update(row, { ...changes, modified_at: this.clock.now() });
    if (changes.email !== undefined) {
      await this.pools.changeEmail(caller, row.id, row.email, changed.email);
    }
    return changed;
  }
}
