import { Injectable } from '@nestjs/common';
import { Clock } from '../../platform/clock.js';
import { Database } from '../../platform/database/database.js';
import type { Caller } from '../../platform/http/access.js';
import type { Page, PageQuery } from '../../platform/http/pages.js';
import { PoolsService, type SeatCounts } from '../../seats/pools.service.js';
import type { ContainerRef } from '../../seats/seat.js';
import {
  againIfTaken,
  found,
  refuseOtherId,
  refuseOtherName,
  refusingDuplicates,
} from './failures.js';
import type { ObjectsRepository } from './objects.repository.js';
import type { CreatePurchase, PutPurchase, UpdatePurchase } from './purchases.dto.js';
import { References } from './references.js';

interface PurchaseRow {
  organization_id: string;
  id: string;
  product_id: string;
  customer_id: string;
  checkout_id: string | null;
}

/** A body whose product and customer are ids by now. */
export type Resolved<Put extends PutPurchase> = Put & { product_id: string; customer_id: string };

/**
 * What subscriptions and orders have in common: a row, and a pool of seats that changes with it, in
 * the same transaction.
 */
@Injectable()
export abstract class PurchasesService<
  Row extends PurchaseRow,
  Create extends CreatePurchase,
  Put extends PutPurchase,
  Update extends UpdatePurchase,
> {
  protected abstract readonly thing: 'subscription' | 'order';
  protected abstract readonly rows: ObjectsRepository<Row, object>;

  constructor(
    protected readonly references: References,
    protected readonly pools: PoolsService,
    protected readonly database: Database,
    protected readonly clock: Clock,
  ) {}

  protected abstract insert(caller: Caller, body: Create | Resolved<Put>): Promise<Row>;

  /** Changes what the body of a PATCH says. */
  protected abstract change(caller: Caller, row: Row, body: Update): Promise<Row & SeatCounts>;

  /** Changes what differs from the body of a PUT. */
  protected abstract conform(
    caller: Caller,
    row: Row,
    body: Resolved<Put>,
  ): Promise<Row & SeatCounts>;

  protected abstract givesSeats(row: Row): boolean;

  /**
   * @throws ResourceNotFound no such product, customer or checkout.
   * @throws Conflict the id or the external_id is taken.
   */
  create(caller: Caller, body: Create): Promise<Row & SeatCounts> {
    const create = async () => {
      await this.references.hold(caller.organizationId, body);
      return this.open(caller, body);
    };
    return this.refusingDuplicates(() => this.database.transaction(create));
  }

  /**
   * Creates the purchase with this external_id, or changes what differs; so it can be repeated for
   * ever, and calls at the same time all succeed. Keys that are not sent stay as they are.
   *
   * @throws ResourceNotFound no such product, customer or checkout.
   * @throws Conflict the id is taken, or the e-mail of the inline customer.
   * @throws what {@link update} throws.
   */
  put(
    caller: Caller,
    externalId: string,
    body: Put,
  ): Promise<{ created: boolean; purchase: Row & SeatCounts }> {
    refuseOtherName(externalId, body.external_id);
    const put = async () => {
      const row = await this.rows.lockExternal(caller.organizationId, externalId);
      const pointers = await this.references.bring(caller, body, row);
      const wanted = { ...body, ...pointers, external_id: externalId };
      if (row === null) return { created: true, purchase: await this.open(caller, wanted) };
      refuseOtherId(this.thing, row.id, body.id);
      return { created: false, purchase: await this.conform(caller, row, wanted) };
    };
    const taken = `${this.thing}s_external_id`;
    return this.refusingDuplicates(() => againIfTaken(taken, () => this.database.transaction(put)));
  }

  /** @throws ResourceNotFound */
  async get(caller: Caller, id: string): Promise<Row & SeatCounts> {
    return this.counted(found(await this.rows.find(caller.organizationId, id), this.thing, id));
  }

  /** @throws ResourceNotFound */
  async getExternal(caller: Caller, externalId: string): Promise<Row & SeatCounts> {
    const row = await this.rows.findExternal(caller.organizationId, externalId);
    return this.counted(found(row, this.thing, externalId));
  }

  async list(caller: Caller, query: PageQuery): Promise<Page<Row & SeatCounts>> {
    const { rows, total } = await this.rows.page(caller.organizationId, query);
    return { rows: await this.countedAll(caller.organizationId, rows), total };
  }

  /**
   * Changes it, its pool and its seats in one step.
   * @throws ResourceNotFound, Conflict
   * @throws NotPermitted, AlreadyCanceledSubscription its status is final.
   * @throws SeatsAlreadyAssigned `seats` is below what is assigned, and `on_overflow` does not help.
   */
  update(caller: Caller, id: string, body: Update): Promise<Row & SeatCounts> {
    const change = async () => {
      const row = found(await this.rows.lock(caller.organizationId, id), this.thing, id);
      return this.change(caller, row, body);
    };
    return this.refusingDuplicates(() => this.database.transaction(change));
  }

  /** Lets the pool follow a change of the product or the customer. */
  protected async passOn(caller: Caller, before: Row, after: Row): Promise<void> {
    if (before.product_id === after.product_id && before.customer_id === after.customer_id) return;
    await this.pools.passOn(caller, this.refOf(after), after);
  }

  protected refOf({ id }: Row): ContainerRef {
    return this.thing === 'order' ? { order_id: id } : { subscription_id: id };
  }

  protected async counted(row: Row): Promise<Row & SeatCounts> {
    const [counted] = await this.countedAll(row.organization_id, [row]);
    return counted as Row & SeatCounts;
  }

  private async countedAll(organizationId: string, rows: Row[]): Promise<(Row & SeatCounts)[]> {
    const ids = rows.map(({ id }) => id);
    const counts = await this.pools.counts(organizationId, { [`${this.thing}_ids`]: ids });
    return rows.map((row) => ({ ...row, ...(counts.get(row.id) as SeatCounts) }));
  }

  private async open(caller: Caller, body: Create | Resolved<Put>): Promise<Row & SeatCounts> {
    const row = await this.insert(caller, body);
    await this.pools.openPool(caller, {
      ...this.refOf(row),
      product_id: row.product_id,
      customer_id: row.customer_id,
      seats: body.seats,
      active: this.givesSeats(row),
    });
    return this.counted(row);
  }

  private refusingDuplicates<T>(work: () => Promise<T>): Promise<T> {
    const duplicates = {
      [`${this.thing}s_pkey`]: `Another ${this.thing} with this id exists already.`,
      [`${this.thing}s_external_id`]: `Another ${this.thing} with this external_id exists already.`,
    };
    return refusingDuplicates(duplicates, work);
  }
}
