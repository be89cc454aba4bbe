import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { changedFields, isEmpty } from '../../platform/changed-fields.js';
import { Clock } from '../../platform/clock.js';
import { Database } from '../../platform/database/database.js';
import { Conflict } from '../../platform/errors.js';
import type { Caller } from '../../platform/caller.js';
import type { PageQuery, Paginated } from '../../platform/http/pagination.js';
import { PoolsService } from '../../seats/pool/pools.service.js';
import { MembersRepository } from '../members/members.repository.js';
import { MEMBER_DUPLICATES, MembersService } from '../members/members.service.js';
import { conflictOnDuplicate, orNotFound } from '../shared/purchases.errors.js';
import { patchedMetadata } from '../shared/metadata.js';
import { retryLostRace } from '../shared/retry.js';
import type { CreateCustomer, InlineCustomer, UpdateCustomer } from './customers.dto.js';
import { type CustomerRow, CustomersRepository } from './customers.repository.js';

const SAME_EMAIL =
  'A customer with this email already exists. Use that customer, or send another email.';

const DUPLICATES = {
  customers_pkey: 'A customer with this id already exists. Send another id, or none.',
  customers_email: SAME_EMAIL,
  customers_email_keys: SAME_EMAIL,
  customers_external_id:
    'A customer with this external_id already exists. Use that customer, or send another one.',
  // The owner gets the customer's e-mail, which another member may have already.
  members_email: MEMBER_DUPLICATES.members_email,
  members_email_keys: MEMBER_DUPLICATES.members_email_keys,
};

/** Creates, changes and deletes customers, who buy seats. */
@Injectable()
export class CustomersService {
  constructor(
    private readonly customers: CustomersRepository,
    private readonly members: MembersService,
    private readonly membersRepository: MembersRepository,
    private readonly pools: PoolsService,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /**
   * Creates a customer, and their owner if the customer has an e-mail.
   * @throws Conflict the id, the e-mail or the external_id is taken.
   */
  create(caller: Caller, body: CreateCustomer): Promise<CustomerRow> {
    const create = async () => {
      const row = await this.customers.insert({
        ...this.newColumns(caller, body),
        metadata: body.metadata,
      });
      await this.updateOwner(caller, row, null);
      return row;
    };
    return conflictOnDuplicate(DUPLICATES, () => this.database.transaction(create));
  }

  /** @throws ResourceNotFound */
  async get(caller: Caller, id: string): Promise<CustomerRow> {
    return orNotFound(await this.customers.find(caller.organizationId, id), 'customer', id);
  }

  /** @throws ResourceNotFound */
  async getByExternalId(caller: Caller, externalId: string): Promise<CustomerRow> {
    const row = await this.customers.findByExternalId(caller.organizationId, externalId);
    return orNotFound(row, 'customer', externalId, 'external_id');
  }

  list(caller: Caller, query: PageQuery): Promise<Paginated<CustomerRow>> {
    return this.customers.list(caller.organizationId, query);
  }

  /**
   * Writes a new e-mail into the owner as well, into the members of other customers that an active
   * seat links to this customer, and into the seats of all of them.
   * @throws ResourceNotFound, Conflict
   */
  update(caller: Caller, id: string, body: UpdateCustomer): Promise<CustomerRow> {
    const update = async () => {
      const row = orNotFound(await this.customers.lock(caller.organizationId, id), 'customer', id);
      const wanted = { ...body, metadata: patchedMetadata(body.metadata) };
      const changes = changedFields<CustomerRow>(row, wanted);
      if (isEmpty(changes)) return row;
      const changed = await this.customers.update(row, {
        ...changes,
        modified_at: this.clock.now(),
      });
      if (changes.email !== undefined) {
        await this.updateOwner(caller, changed, row.email);
        await this.updateSeatedMembers(caller, changed);
      }
      return changed;
    };
    return conflictOnDuplicate(DUPLICATES, () => this.database.transaction(update));
  }

  /**
   * Creates or updates the customer with this external_id, in the caller's transaction. A customer
   * with this e-mail and no external_id gets this one. The customer cannot be deleted until the
   * transaction ends.
   *
   * @throws Conflict the e-mail is that of a customer with another external_id.
   * @throws ServiceUnavailable other transactions won each of 10 attempts.
   */
  upsert(caller: Caller, inline: InlineCustomer): Promise<CustomerRow> {
    return retryLostRace(() => this.tryUpsert(caller, inline));
  }

  /**
   * Erases a customer and their members, revokes the seats that they or their members hold, and
   * closes their orders to new assignments. Returns the customer as they were.
   *
   * @throws ResourceNotFound
   * @throws Conflict a subscription of theirs has not ended.
   */
  delete(caller: Caller, id: string): Promise<CustomerRow> {
    const { organizationId } = caller;
    return this.database.transaction(async () => {
      // Pools before people, as an assignment locks them: in another order the two could deadlock.
      await this.closeOrders(caller, id);
      await this.pools.lockOfCustomer(caller, id);
      const row = orNotFound(
        await this.customers.lockForDeletion(organizationId, id),
        'customer',
        id,
      );
      if (await this.customers.hasLiveSubscription(row)) {
        throw new Conflict('A subscription of this customer has not ended. End it first.');
      }
      // Again, for orders that were created before the lock. With it there can be no new ones.
      await this.closeOrders(caller, id);
      await this.membersRepository.lockByCustomer(organizationId, id);
      // Before the erasure, because the events of the revocations name the people.
      await this.pools.revokeOfCustomer(caller, id, 'customer_deleted');
      const now = this.clock.now();
      await this.membersRepository.eraseByCustomer(organizationId, id, now);
      await this.customers.erase(row, now);
      return row;
    });
  }

  /**
   * @returns undefined when another transaction created, deleted or renamed the customer meanwhile.
   */
  private async tryUpsert(
    caller: Caller,
    inline: InlineCustomer,
  ): Promise<CustomerRow | undefined> {
    const { organizationId } = caller;
    const existing = await this.findInline(organizationId, inline);
    if (existing === null) {
      const created = await this.customers.insertIfAbsent(this.newColumns(caller, inline));
      if (created === null) return undefined;
      await this.updateOwner(caller, created, null);
      return created;
    }
    if (existing.external_id !== null && existing.external_id !== inline.external_id) {
      throw new Conflict(SAME_EMAIL);
    }
    if (!(await this.customers.lockAgainstDeletion(organizationId, existing.id))) return undefined;
    if (isEmpty(changedFields<CustomerRow>(existing, { ...inline }))) return existing;
    const locked = await this.customers.lock(organizationId, existing.id);
    if (locked?.external_id !== existing.external_id) return undefined;
    return this.update(caller, existing.id, { ...inline });
  }

  private async findInline(
    organizationId: string,
    { external_id, email }: InlineCustomer,
  ): Promise<CustomerRow | null> {
    const named = await this.customers.findByExternalId(organizationId, external_id);
    if (named !== null || email === undefined) return named;
    return this.customers.findByEmail(organizationId, email);
  }

  private async closeOrders(caller: Caller, customerId: string): Promise<void> {
    const orders = await this.customers.listActiveOrderIds(caller.organizationId, customerId);
    for (const order_id of orders) await this.pools.setActive(caller, { order_id }, false);
  }

  private newColumns(caller: Caller, body: Omit<CreateCustomer, 'metadata'>) {
    return {
      organization_id: caller.organizationId,
      id: body.id ?? randomUUID(),
      created_at: this.clock.now(),
      email: body.email ?? null,
      name: body.name ?? null,
      external_id: body.external_id ?? null,
      type: body.type ?? 'individual',
    };
  }

  private async updateSeatedMembers(caller: Caller, { id, email }: CustomerRow): Promise<void> {
    if (email !== null) await this.members.updateSeatedMembers(caller, id, email);
  }

  private async updateOwner(
    caller: Caller,
    { id, email, name }: CustomerRow,
    oldEmail: string | null,
  ): Promise<void> {
    if (email !== null) await this.members.updateOwner(caller, { id, email, name }, oldEmail);
  }
}
