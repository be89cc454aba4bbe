import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { changesOf, isEmpty } from '../../platform/changes.js';
import { Clock } from '../../platform/clock.js';
import { Database } from '../../platform/database/database.js';
import { NotPermitted } from '../../platform/errors.js';
import type { Caller } from '../../platform/http/access.js';
import { mustResize, type Overflow } from '../../seats/overflow.js';
import { PoolsService, type SeatCounts } from '../../seats/pools.service.js';
import { CustomersRepository } from '../customers/customers.repository.js';
import { finalStatus } from '../shared/failures.js';
import { type Metadata, patchedMetadata } from '../shared/metadata.js';
import { PurchasesService, type Resolved } from '../shared/purchases.service.js';
import { References } from '../shared/references.js';
import { givesSeats, isFinal } from './order.js';
import type { CreateOrder, PutOrder, UpdateOrder } from './orders.dto.js';
import { type OrderRow, OrdersRepository } from './orders.repository.js';

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
export class OrdersService extends PurchasesService<OrderRow, CreateOrder, PutOrder, UpdateOrder> {
  protected override readonly thing = 'order';

  constructor(
    protected override readonly rows: OrdersRepository,
    private readonly customers: CustomersRepository,
    references: References,
    pools: PoolsService,
    database: Database,
    clock: Clock,
  ) {
    super(references, pools, database, clock);
  }

  protected override insert(
    caller: Caller,
    body: CreateOrder | Resolved<PutOrder>,
  ): Promise<OrderRow> {
    return this.rows.insert({
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
  }

  protected override givesSeats({ status }: OrderRow): boolean {
    return givesSeats(status);
  }

  protected override conform(
    caller: Caller,
    row: OrderRow,
    body: Resolved<PutOrder>,
  ): Promise<Order> {
    const { product_id, customer_id, checkout_id, status, seats, metadata, on_overflow } = body;
    const wanted = { product_id, customer_id, checkout_id, status, seats, metadata, on_overflow };
    return this.change(caller, row, wanted);
  }

  protected override async change(caller: Caller, row: OrderRow, sent: Change): Promise<Order> {
    const { seats, on_overflow = 'reject', metadata, ...columns } = sent;
    const before = await this.counted(row);
    const resized = seats !== undefined && mustResize(before, seats, on_overflow);
    const wanted = { ...columns, metadata: patchedMetadata(metadata) };
    const changes = changesOf<OrderRow>(row, wanted);
    if (isEmpty(changes) && !resized) return before;
    const { external_id: _name, metadata: _data, ...more } = changes;
    if (isFinal(row.status) && (resized || !isEmpty(more))) throw finalStatus('order', row.status);

    const after = await this.rows.update(row, { ...changes, modified_at: this.clock.now() });
    await this.follow(caller, row, after);
    if (resized) await this.pools.resize(caller, this.refOf(row), seats, on_overflow);
    return this.counted(after);
  }

  /** Lets the pool follow a change of the product, the customer or the status. */
  private async follow(caller: Caller, before: OrderRow, after: OrderRow): Promise<void> {
    await this.passOn(caller, before, after);
    const sold = before.customer_id !== after.customer_id;
    // A pool is closed as well when its customer was deleted: a new one opens it again.
    if (sold || givesSeats(before.status) !== givesSeats(after.status)) {
      await this.setActive(caller, after);
    }
    if (isFinal(after.status) && !isFinal(before.status)) {
      await this.pools.revokeAll(caller, this.refOf(after), 'order_refunded');
    }
  }

  private async setActive(caller: Caller, row: OrderRow): Promise<void> {
    const active = givesSeats(row.status);
    // Held until the end: who deletes the customer meanwhile finds the open pool, and closes it.
    if (active && !(await this.customers.hold(caller.organizationId, row.customer_id))) {
      throw new NotPermitted('The customer of this order was deleted, so it gives no more seats.');
    }
    await this.pools.setActive(caller, this.refOf(row), active);
  }
}
