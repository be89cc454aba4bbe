import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { changedFields, isEmpty } from '../../platform/changed-fields.js';
import { Clock } from '../../platform/clock.js';
import { Database } from '../../platform/database/database.js';
import { NotPermitted } from '../../platform/errors.js';
import type { Caller } from '../../platform/caller.js';
import { mustResize, type Overflow } from '../../seats/pool/pool.rules.js';
import { PoolsService, type SeatCounts } from '../../seats/pool/pools.service.js';
import { CustomersRepository } from '../customers/customers.repository.js';
import { ProductsRepository } from '../products/products.repository.js';
import { finalStatus } from '../shared/purchases.errors.js';
import { patchedMetadata } from '../shared/metadata.js';
import { PurchasesService, type Resolved } from '../shared/purchases.service.js';
import { ReferencesService } from '../shared/references.service.js';
import { givesSeats, isFinal } from './order.js';
import type { CreateOrder, PutOrder, UpdateOrder } from './orders.dto.js';
import { type OrderRow, OrdersRepository } from './orders.repository.js';

/** An order with its seats counted. */
export type Order = OrderRow & SeatCounts;

/** Changes of an order. A key that is undefined stays as it is. */
type Change = Partial<OrderRow> & {
  seats?: number;
  on_overflow?: Overflow;
};

/** Creates and changes orders. */
@Injectable()
export class OrdersService extends PurchasesService<OrderRow, CreateOrder, PutOrder, UpdateOrder> {
  protected override readonly kind = 'order';

  constructor(
    protected override readonly repository: OrdersRepository,
    private readonly products: ProductsRepository,
    private readonly customers: CustomersRepository,
    references: ReferencesService,
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
    return this.repository.insert({
      organization_id: caller.organizationId,
      id: body.id ?? randomUUID(),
      created_at: this.clock.now(),
      external_id: body.external_id ?? null,
      product_id: body.product_id,
      customer_id: body.customer_id,
      checkout_id: body.checkout_id ?? null,
      status: body.status ?? 'paid',
      metadata: body.metadata,
    });
  }

  protected override givesSeats({ status }: OrderRow): boolean {
    return givesSeats(status);
  }

  protected override applyPut(
    caller: Caller,
    row: OrderRow,
    body: Resolved<PutOrder>,
  ): Promise<Order> {
    const { product_id, customer_id, checkout_id, status, seats, metadata, on_overflow } = body;
    const wanted = { product_id, customer_id, checkout_id, status, seats, metadata, on_overflow };
    return this.applyPatch(caller, row, wanted);
  }

  protected override async applyPatch(caller: Caller, row: OrderRow, sent: Change): Promise<Order> {
    const { seats, on_overflow = 'reject', metadata, ...columns } = sent;
    const before = await this.withSeatCounts(row);
    const resized = seats !== undefined && mustResize(before, seats, on_overflow);
    const wanted = { ...columns, metadata: patchedMetadata(metadata) };
    const changes = changedFields<OrderRow>(row, wanted);
    if (isEmpty(changes) && !resized) return before;
    const { external_id: _external_id, metadata: _metadata, ...others } = changes;
    if (isFinal(row.status) && (resized || !isEmpty(others))) {
      throw finalStatus('order', row.status);
    }

    const after = await this.repository.update(row, { ...changes, modified_at: this.clock.now() });
    await this.updatePool(caller, row, after);
    if (resized) await this.pools.resize(caller, this.refOf(row), seats, on_overflow);
    return this.withSeatCounts(after);
  }

  /** Writes a new product, customer or status into the pool, and revokes the seats at the end. */
  private async updatePool(caller: Caller, before: OrderRow, after: OrderRow): Promise<void> {
    await this.transferPool(caller, before, after);
    const transferred = before.customer_id !== after.customer_id;
    // The deletion of the former customer has closed the pool, so a new customer must reopen it.
    if (transferred || givesSeats(before.status) !== givesSeats(after.status)) {
      await this.updatePoolActive(caller, after);
    }
    if (isFinal(after.status) && !isFinal(before.status)) {
      await this.pools.revokeAll(caller, this.refOf(after), 'order_refunded');
    }
  }

  private async updatePoolActive(caller: Caller, row: OrderRow): Promise<void> {
    const active = givesSeats(row.status);
    if (active) await this.lockReferences(caller, row);
    await this.pools.setActive(caller, this.refOf(row), active);
  }

  /**
   * Locks the product and the customer against deletion. A concurrent deletion waits for this lock,
   * and then finds an order that gives seats.
   * @throws NotPermitted one of them was deleted.
   */
  private async lockReferences({ organizationId }: Caller, row: OrderRow): Promise<void> {
    if (!(await this.products.lockAgainstDeletion(organizationId, row.product_id))) {
      throw deleted('product');
    }
    if (!(await this.customers.lockAgainstDeletion(organizationId, row.customer_id))) {
      throw deleted('customer');
    }
  }
}

function deleted(kind: 'product' | 'customer') {
  return new NotPermitted(
    `The ${kind} of this order was deleted, so it accepts no more assignments. Name another one.`,
  );
}
