import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { changedFields, isEmpty } from '../../platform/changed-fields.js';
import { Clock } from '../../platform/clock.js';
import { Database } from '../../platform/database/database.js';
import { problem, RequestValidationError } from '../../platform/errors.js';
import type { Caller } from '../../platform/caller.js';
import { mustResize, type Overflow } from '../../seats/pool/pool.rules.js';
import { PoolsService, type SeatCounts } from '../../seats/pool/pools.service.js';
import { finalStatus } from '../shared/purchases.errors.js';
import { patchedMetadata } from '../shared/metadata.js';
import { PurchasesService, type Resolved } from '../shared/purchases.service.js';
import { ReferencesService } from '../shared/references.service.js';
import {
  deriveLifecycle,
  givesSeats,
  isEnded,
  lacksPeriodEnd,
  PERIOD_END_NEEDED,
} from './subscription.js';
import type {
  CreateSubscription,
  PutSubscription,
  UpdateSubscription,
} from './subscriptions.dto.js';
import { AlreadyCanceledSubscription } from './subscriptions.errors.js';
import { type SubscriptionRow, SubscriptionsRepository } from './subscriptions.repository.js';

/** A subscription with its seats counted. */
export type Subscription = SubscriptionRow & SeatCounts;

/** Changes of a subscription. A key that is undefined stays as it is. */
type Change = Partial<SubscriptionRow> & {
  seats?: number;
  on_overflow?: Overflow;
};

/** Creates, changes and ends subscriptions. */
@Injectable()
export class SubscriptionsService extends PurchasesService<
  SubscriptionRow,
  CreateSubscription,
  PutSubscription,
  UpdateSubscription
> {
  protected override readonly kind = 'subscription';

  constructor(
    protected override readonly repository: SubscriptionsRepository,
    references: ReferencesService,
    pools: PoolsService,
    database: Database,
    clock: Clock,
  ) {
    super(references, pools, database, clock);
  }

  /**
   * Ends the subscription now, as {@link update} with the status `canceled` does.
   * @throws ResourceNotFound, NotPermitted
   */
  cancel(caller: Caller, id: string): Promise<Subscription> {
    return this.update(caller, id, { status: 'canceled' });
  }

  protected override insert(
    caller: Caller,
    body: CreateSubscription | Resolved<PutSubscription>,
  ): Promise<SubscriptionRow> {
    const now = this.clock.now();
    const requested = {
      status: body.status ?? 'active',
      current_period_end: body.current_period_end ?? null,
      cancel_at_period_end: body.cancel_at_period_end ?? false,
      canceled_at: null,
      ended_at: null,
    };
    assertPeriodEnd(requested, body);
    return this.repository.insert({
      ...deriveLifecycle(requested, now),
      organization_id: caller.organizationId,
      id: body.id ?? randomUUID(),
      created_at: now,
      external_id: body.external_id ?? null,
      product_id: body.product_id,
      customer_id: body.customer_id,
      checkout_id: body.checkout_id ?? null,
      metadata: body.metadata,
    });
  }

  protected override givesSeats({ status }: SubscriptionRow): boolean {
    return givesSeats(status);
  }

  protected override async applyPut(
    caller: Caller,
    row: SubscriptionRow,
    body: Resolved<PutSubscription>,
  ): Promise<Subscription> {
    const { seats, on_overflow = 'reject', ...columns } = body;
    const change: Change = changedFields<SubscriptionRow>(row, {
      product_id: columns.product_id,
      customer_id: columns.customer_id,
      checkout_id: columns.checkout_id,
      status: columns.status,
      current_period_end: columns.current_period_end,
      cancel_at_period_end: columns.cancel_at_period_end,
      metadata: columns.metadata,
    });
    // The subscription may have ended with its period since: the same request must still succeed.
    const { status } = deriveLifecycle({ ...row, ...change }, this.clock.now());
    if (status === row.status) delete change.status;
    if (mustResize(await this.withSeatCounts(row), seats, on_overflow)) change.seats = seats;
    return this.applyPatch(caller, row, { ...change, on_overflow });
  }

  protected override async applyPatch(
    caller: Caller,
    row: SubscriptionRow,
    sent: Change,
  ): Promise<Subscription> {
    assertCanChange(row, sent);
    const { seats, on_overflow = 'reject', ...columns } = sent;
    const before = await this.withSeatCounts(row);
    const resized = seats !== undefined && mustResize(before, seats, on_overflow);
    const changes = this.changedColumns(row, columns);
    if (isEmpty(changes) && !resized) return before;

    const after = await this.repository.update(row, {
      ...changes,
      modified_at: this.clock.now(),
    });
    await this.updatePool(caller, row, after);
    if (resized) await this.pools.resize(caller, this.refOf(row), seats, on_overflow);
    return this.withSeatCounts(after);
  }

  /** The columns that change, with the derived ones. */
  private changedColumns(
    row: SubscriptionRow,
    { metadata, ...sent }: Change,
  ): Partial<SubscriptionRow> {
    const wanted = { ...row, ...changedFields<SubscriptionRow>(row, sent) };
    assertPeriodEnd(wanted, sent);
    return changedFields<SubscriptionRow>(row, {
      external_id: wanted.external_id,
      product_id: wanted.product_id,
      customer_id: wanted.customer_id,
      checkout_id: wanted.checkout_id,
      metadata: patchedMetadata(metadata),
      ...deriveLifecycle(wanted, this.clock.now()),
    });
  }

  /** Writes a new product, customer or status into the pool, and revokes the seats at the end. */
  private async updatePool(
    caller: Caller,
    before: SubscriptionRow,
    after: SubscriptionRow,
  ): Promise<void> {
    const ref = this.refOf(after);
    await this.transferPool(caller, before, after);
    if (givesSeats(before.status) !== givesSeats(after.status)) {
      await this.pools.setActive(caller, ref, givesSeats(after.status));
    }
    if (isEnded(after.status) && !isEnded(before.status)) {
      await this.pools.revokeAll(caller, ref, 'subscription_ended');
    }
  }
}

/**
 * Repeating the final status is no change; any other key is one.
 * @throws NotPermitted, AlreadyCanceledSubscription
 */
function assertCanChange(row: SubscriptionRow, sent: Change): void {
  if (!isEnded(row.status)) return;
  const { status, on_overflow: _, ...rest } = sent;
  const leaves = status !== undefined && status !== row.status;
  if (leaves && row.status !== 'canceled') throw finalStatus('subscription', row.status);
  if (leaves || Object.values(rest).some((value) => value !== undefined)) {
    throw new AlreadyCanceledSubscription();
  }
}

/** @throws RequestValidationError `cancel_at_period_end` is set but `current_period_end` is missing. */
function assertPeriodEnd(lifecycle: Parameters<typeof lacksPeriodEnd>[0], sent: object): void {
  if (!lacksPeriodEnd(lifecycle)) return;
  throw RequestValidationError.at(['body'], problem('value_error', PERIOD_END_NEEDED), sent);
}
