import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { changesOf, isEmpty } from '../../platform/changes.js';
import { Clock } from '../../platform/clock.js';
import { Database } from '../../platform/database/database.js';
import { Conflict } from '../../platform/errors.js';
import type { Caller } from '../../platform/http/access.js';
import type { Page, PageQuery } from '../../platform/http/pages.js';
import { PoolsService } from '../../seats/pools.service.js';
import { MembersRepository } from '../members/members.repository.js';
import { MEMBER_DUPLICATES, MembersService } from '../members/members.service.js';
import { found, refusingDuplicates } from '../shared/failures.js';
import { patchedMetadata } from '../shared/metadata.js';
import type { CreateCustomer, InlineCustomer, UpdateCustomer } from './customers.dto.js';
import { type CustomerRow, CustomersRepository } from './customers.repository.js';

const DUPLICATES = {
  customers_pkey: 'A customer with this id exists already.',
  customers_email: 'A customer with this email exists already.',
  customers_external_id: 'A customer with this external_id exists already.',
  // The owner follows the customer's e-mail, where another member may stand already.
  members_email: MEMBER_DUPLICATES.members_email,
};

/** Who buys. */
@Injectable()
export class CustomersService {
  constructor(
    private readonly customers: CustomersRepository,
    private readonly members: MembersService,
    private readonly memberRows: MembersRepository,
    private readonly pools: PoolsService,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /**
   * Creates a customer, and with an e-mail their owner.
   * @throws Conflict the id, the e-mail or the external_id is taken.
   */
  create(caller: Caller, body: CreateCustomer): Promise<CustomerRow> {
    const create = async () => {
      const row = await this.customers.insert(this.newRow(caller, body));
      await this.bringOwner(caller, row, null);
      return row;
    };
    return refusingDuplicates(DUPLICATES, () => this.database.transaction(create));
  }

  /** @throws ResourceNotFound */
  async get(caller: Caller, id: string): Promise<CustomerRow> {
    return found(await this.customers.find(caller.organizationId, id), 'customer', id);
  }

  /** @throws ResourceNotFound */
  async getExternal(caller: Caller, externalId: string): Promise<CustomerRow> {
    const row = await this.customers.findExternal(caller.organizationId, externalId);
    return found(row, 'customer', externalId);
  }

  list(caller: Caller, query: PageQuery): Promise<Page<CustomerRow>> {
    return this.customers.page(caller.organizationId, query);
  }

  /**
   * A new e-mail is followed by the owner, by the members that the customer is as a person of other
   * customers, and by the seats that these hold.
   * @throws ResourceNotFound, Conflict
   */
  update(caller: Caller, id: string, body: UpdateCustomer): Promise<CustomerRow> {
    const change = async () => {
      const row = found(await this.customers.lock(caller.organizationId, id), 'customer', id);
      const wanted = { ...body, metadata: patchedMetadata(body.metadata) };
      const changes = changesOf(row, wanted);
      if (isEmpty(changes)) return row;
      const changed = await this.customers.update(row, {
        ...changes,
        modified_at: this.clock.now(),
      });
      if (changes.email !== undefined) {
        await this.bringOwner(caller, changed, row.email);
        await this.bringPerson(caller, changed);
      }
      return changed;
    };
    return refusingDuplicates(DUPLICATES, () => this.database.transaction(change));
  }

  /**
   * The customer with this external_id, with this e-mail and name: created or changed if need be.
   * They cannot be deleted until the caller's transaction ends, which this joins.
   *
   * @throws Conflict the e-mail is that of a customer with another external_id.
   */
  async bring(caller: Caller, inline: InlineCustomer): Promise<CustomerRow> {
    const { organizationId } = caller;
    const { external_id, email } = inline;
    const known =
      (await this.customers.findExternal(organizationId, external_id)) ??
      (email === undefined ? null : await this.customers.findByEmail(organizationId, email));
    if (known === null) {
      const created = await this.customers.insertUnlessThere(this.newRow(caller, inline));
      // Null: somebody else has just created them.
      if (created === null) return this.bring(caller, inline);
      await this.bringOwner(caller, created, null);
      return created;
    }
    if (known.external_id !== null && known.external_id !== external_id) {
      throw new Conflict(DUPLICATES.customers_email);
    }
    // False: somebody has just deleted them.
    if (!(await this.customers.hold(organizationId, known.id))) return this.bring(caller, inline);
    if (isEmpty(changesOf<CustomerRow>(known, { ...inline }))) return known;
    const locked = await this.customers.lock(organizationId, known.id);
    // Somebody has just given them another external_id.
    if (locked?.external_id !== known.external_id) return this.bring(caller, inline);
    return this.update(caller, known.id, { ...inline });
  }

  /**
   * Erases a customer and their members; seats that they or their members hold are revoked, and
   * their orders give no more. Answers the customer as they were.
   *
   * @throws ResourceNotFound
   * @throws Conflict a subscription of theirs has not ended.
   */
  delete(caller: Caller, id: string): Promise<CustomerRow> {
    const { organizationId } = caller;
    return this.database.transaction(async () => {
      // Pools before people, as an assignment locks them, or the two could wait for each other.
      await this.closeOrders(caller, id);
      await this.pools.lockOfCustomer(caller, id);
      const row = found(await this.customers.lockForDeletion(organizationId, id), 'customer', id);
      if (await this.customers.hasSubscription(row)) {
        throw new Conflict('A subscription of this customer has not ended; end it first.');
      }
      // Those that were written before the lock was ours; there will be no more.
      await this.closeOrders(caller, id);
      await this.memberRows.lockAllOf(organizationId, id);
      // Before the erasure, since the events of the revoke are to say who held the seats.
      await this.pools.revokeOfCustomer(caller, id, 'customer_deleted');
      const now = this.clock.now();
      await this.memberRows.eraseAllOf(organizationId, id, now);
      await this.customers.erase(row, now);
      return row;
    });
  }

  private async closeOrders(caller: Caller, customerId: string): Promise<void> {
    const orders = await this.customers.openOrders(caller.organizationId, customerId);
    for (const order_id of orders) await this.pools.setActive(caller, { order_id }, false);
  }

  private newRow(caller: Caller, body: CreateCustomer) {
    return {
      organization_id: caller.organizationId,
      id: body.id ?? randomUUID(),
      created_at: this.clock.now(),
      email: body.email ?? null,
      name: body.name ?? null,
      external_id: body.external_id ?? null,
      type: body.type ?? 'individual',
      metadata: body.metadata ?? {},
    };
  }

  private async bringPerson(caller: Caller, { id, email }: CustomerRow): Promise<void> {
    if (email !== null) await this.members.followPerson(caller, id, email);
  }

  private async bringOwner(
    caller: Caller,
    { id, email, name }: CustomerRow,
    oldEmail: string | null,
  ): Promise<void> {
    if (email !== null) await this.members.followCustomer(caller, { id, email, name }, oldEmail);
  }
}
