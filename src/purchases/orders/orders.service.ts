import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Clock } from '../../platform/clock.js';
import { Database } from '../../platform/database/database.js';
import type { Caller } from '../../platform/http/access.js';
import { PoolsService, type SeatCounts } from '../../seats/pools.service.js';
import { changesOf, isEmpty } from '../shared/changes.js';
import { finalStatus, found, refusingDuplicates } from '../shared/failures.js';
import { patchedMetadata } from '../shared/metadata.js';
import type { Page, PageQuery } from '../shared/pages.js';
import { References } from '../shared/references.js';
import { givesSeats, isFinal } from './order.js';
import type { CreateOrder, UpdateOrder } from './orders.dto.js';
import { type OrderRow, OrdersRepository } from './orders.repository.js';

const DUPLICATES = {
  orders_pkey: 'An order with this id exists already.',
  orders_external_id: 'An order with this external_id exists already.',
};

/** An order with its seats counted. */
export type Order = OrderRow & SeatCounts;

/** What was bought once and for all. */
@Injectable()
export class OrdersService {
  constructor(
    private readonly orders: OrdersRepository,
    private readonly references: References,
    private readonly pools: PoolsService,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /**
   * @throws ResourceNotFound no such product, customer or checkout.
   * @throws Conflict the id or the external_id is taken.
   */
  create(caller: Caller, body: CreateOrder): Promise<Order> {
    const { organizationId } = caller;
    const create = async () => {
      await this.references.hold(organizationId, body);
      const row = await this.orders.insert({
        organization_id: organizationId,
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
    };
    return refusingDuplicates(DUPLICATES, () => this.database.transaction(create));
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
   * @throws NotPermitted it is refunded or void.
   * @throws SeatsAlreadyAssigned `seats` is below what is assigned.
   */
  update(caller: Caller, id: string, body: UpdateOrder): Promise<Order> {
    const change = async () => {
      const row = found(await this.orders.lock(caller.organizationId, id), 'order', id);
      return this.apply(caller, row, body);
    };
    return refusingDuplicates(DUPLICATES, () => this.database.transaction(change));
  }

  private async apply(
    caller: Caller,
    row: OrderRow,
    { seats, metadata, ...sent }: UpdateOrder,
  ): Promise<Order> {
    const before = await this.counted(row);
    const resized = seats !== undefined && seats !== before.seats;
    const wanted = { ...sent, metadata: patchedMetadata(metadata) };
    const changes = changesOf<OrderRow>(row, wanted);
    if (isEmpty(changes) && !resized) return before;
    if (isFinal(row.status) && (resized || changes.status !== undefined)) {
      throw finalStatus('order', row.status);
    }

    const after = await this.orders.update(row, { ...changes, modified_at: this.clock.now() });
    await this.follow(caller, row.status, after);
    if (resized) await this.pools.resize(caller, { order_id: row.id }, seats);
    return this.counted(after);
  }

  /** Lets the pool follow a change of the status. */
  private async follow(caller: Caller, before: string, after: OrderRow): Promise<void> {
    const ref = { order_id: after.id };
    if (givesSeats(before) !== givesSeats(after.status)) {
      await this.pools.setActive(caller, ref, givesSeats(after.status));
    }
    if (isFinal(after.status) && !isFinal(before)) {
      await this.pools.revokeAll(caller, ref, 'order_refunded');
    }
  }

  private async counted(row: OrderRow): Promise<Order> {
    const counts = await this.pools.counts(row.organization_id, { order_ids: [row.id] });
    return { ...row, ...(counts.get(row.id) as SeatCounts) };
  }
}
