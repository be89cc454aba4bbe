import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { changesOf, isEmpty } from '../../platform/changes.js';
import { Clock } from '../../platform/clock.js';
import { Database } from '../../platform/database/database.js';
import { NotPermitted } from '../../platform/errors.js';
import type { Caller } from '../../platform/http/access.js';
import type { Page, PageQuery } from '../../platform/http/pages.js';
import { mustResize, type Overflow } from '../../seats/overflow.js';
import { PoolsService, type SeatCounts } from '../../seats/pools.service.js';
import { CustomersRepository } from '../customers/customers.repository.js';
import {
  againIfTaken,
  finalStatus,
  found,
  refuseOtherId,
  refuseOtherName,
  refusingDuplicates,
} from '../shared/failures.js';
import { type Metadata, patchedMetadata } from '../shared/metadata.js';
import { References } from '../shared/references.js';
import { givesSeats, isFinal } from './order.js';
import type { CreateOrder, PutOrder, UpdateOrder } from './orders.dto.js';
import { type OrderRow, OrdersRepository } from './orders.repository.js';

const DUPLICATES = {
  orders_pkey: 'An order with this id exists already.',
  orders_external_id: 'An order with this external_id exists already.',
};

/** An order with its seats counted. */
export type Order = OrderRow & SeatCounts;

/** What can change of an order. A key that is undefined stays as it is. */
type Change = Partial<Omit<OrderRow, 'metadata'>> & {
  metadata?: Metadata | null;
  seats?: number;
  on_overflow?: Overflow;
};

/** What was bought once and for all. */
@Injectable()
export class OrdersService {
  constructor(
    private readonly orders: OrdersRepository,
    private readonly references: References,
    private readonly customers: CustomersRepository,
    private readonly pools: PoolsService,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /**
   * @throws ResourceNotFound no such product, customer or checkout.
   * @throws Conflict the id or the external_id is taken.
   */
  create(caller: Caller, body: CreateOrder): Promise<Order> {
    const create = async () => {
      await this.references.hold(caller.organizationId, body);
      return this.open(caller, body);
    };
    return refusingDuplicates(DUPLICATES, () => this.database.transaction(create));
  }

  /**
   * Creates the order with this external_id, or changes what differs; so it can be repeated for
   * ever, and calls at the same time all succeed. Keys that are not sent stay as they are.
   *
   * @throws ResourceNotFound no such product, customer or checkout.
   * @throws Conflict the id is taken, or the e-mail of the inline customer.
   * @throws NotPermitted, SeatsAlreadyAssigned as {@link update}.
   */
  put(
    caller: Caller,
    externalId: string,
    body: PutOrder,
  ): Promise<{ created: boolean; order: Order }> {
    refuseOtherName(externalId, body.external_id);
    const put = async () => {
      const row = await this.orders.lockExternal(caller.organizationId, externalId);
      const pointers = await this.references.bring(caller, body, row);
      const wanted = { ...body, ...pointers, external_id: externalId };
      if (row === null) return { created: true, order: await this.open(caller, wanted) };
      refuseOtherId('order', row.id, body.id);
      return { created: false, order: await this.apply(caller, row, changeOf(wanted)) };
    };
    const again = () => againIfTaken('orders_external_id', () => this.database.transaction(put));
    return refusingDuplicates(DUPLICATES, again);
  }

  /** @throws ResourceNotFound */
  async get(caller: Caller, id: string): Promise<Order> {
    return this.counted(found(await this.orders.find(caller.organizationId, id), 'order', id));
  }

  /** @throws ResourceNotFound */
  async getExternal(caller: Caller, externalId: string): Promise<Order> {
    const row = await this.orders.findExternal(caller.organizationId, externalId);
    return this.counted(found(row, 'order', externalId));
  }

  async list(caller: Caller, query: PageQuery): Promise<Page<Order>> {
    const { rows, total } = await this.orders.page(caller.organizationId, query);
    const ids = rows.map((row) => row.id);
    const counts = await this.pools.counts(caller.organizationId, { order_ids: ids });
    return { rows: rows.map((row) => ({ ...row, ...(counts.get(row.id) as SeatCounts) })), total };
  }

  /**
   * Changes it, its pool and its seats in one step.
   * @throws ResourceNotFound, Conflict
   * @throws NotPermitted it is refunded or void; it would give seats, and its customer was deleted.
   * @throws SeatsAlreadyAssigned `seats` is below what is assigned, and `on_overflow` does not help.
   */
  update(caller: Caller, id: string, body: UpdateOrder): Promise<Order> {
    const change = async () => {
      const row = found(await this.orders.lock(caller.organizationId, id), 'order', id);
      return this.apply(caller, row, body);
    };
    return refusingDuplicates(DUPLICATES, () => this.database.transaction(change));
  }

  private async open(caller: Caller, body: CreateOrder): Promise<Order> {
    const row = await this.orders.insert({
      organization_id: caller.organizationId,
      id: body.id ?? randomUUID(),
      created_at: this.clock.now(),
      external_id: body.external_id ?? null,
      product_id: body.product_id,
      customer_id: body.customer_id,
      checkout_id: body.checkout_id ?? null,
      status: body.status ?? 'paid',
      metadata: body.metadata ?? {},
    });
    await this.pools.openPool(caller, {
      order_id: row.id,
      product_id: row.product_id,
      customer_id: row.customer_id,
      seats: body.seats,
      active: givesSeats(row.status),
    });
    return this.counted(row);
  }

  private async apply(caller: Caller, row: OrderRow, sent: Change): Promise<Order> {
    const { seats, on_overflow = 'reject', metadata, ...columns } = sent;
    const before = await this.counted(row);
    const resized = seats !== undefined && mustResize(before, seats, on_overflow);
    const wanted = { ...columns, metadata: patchedMetadata(metadata) };
    const changes = changesOf<OrderRow>(row, wanted);
    if (isEmpty(changes) && !resized) return before;
    const { external_id: _name, metadata: _data, ...more } = changes;
    if (isFinal(row.status) && (resized || !isEmpty(more))) throw finalStatus('order', row.status);

    const after = await this.orders.update(row, { ...changes, modified_at: this.clock.now() });
    await this.follow(caller, row, after);
    if (resized) await this.pools.resize(caller, { order_id: row.id }, seats, on_overflow);
    return this.counted(after);
  }

  /** Lets the pool follow a change of the product, the customer or the status. */
  private async follow(caller: Caller, before: OrderRow, after: OrderRow): Promise<void> {
    const ref = { order_id: after.id };
    const sold = before.customer_id !== after.customer_id;
    if (sold || before.product_id !== after.product_id) {
      await this.pools.passOn(caller, ref, after);
    }
    // A pool is closed as well when its customer was deleted: a new one opens it again.
    if (sold || givesSeats(before.status) !== givesSeats(after.status)) {
      await this.setActive(caller, after);
    }
    if (isFinal(after.status) && !isFinal(before.status)) {
      await this.pools.revokeAll(caller, ref, 'order_refunded');
    }
  }

  private async setActive(caller: Caller, { id, customer_id, status }: OrderRow): Promise<void> {
    const active = givesSeats(status);
    // Held until the end: who deletes the customer meanwhile finds the open pool, and closes it.
    if (active && !(await this.customers.hold(caller.organizationId, customer_id))) {
      throw new NotPermitted('The customer of this order was deleted, so it gives no more seats.');
    }
    await this.pools.setActive(caller, { order_id: id }, active);
  }

  private async counted(row: OrderRow): Promise<Order> {
    const counts = await this.pools.counts(row.organization_id, { order_ids: [row.id] });
    return { ...row, ...(counts.get(row.id) as SeatCounts) };
  }
}

/** What a PUT asks for of an order that exists. */
function changeOf(body: CreateOrder & { on_overflow?: Overflow }): Change {
  const { product_id, customer_id, checkout_id, status, seats, metadata, on_overflow } = body;
  return { product_id, customer_id, checkout_id, status, seats, metadata, on_overflow };
}
