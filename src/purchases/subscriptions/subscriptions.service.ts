import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { changesOf, isEmpty } from '../../platform/changes.js';
import { Clock } from '../../platform/clock.js';
import { Database } from '../../platform/database/database.js';
import { problem, RequestValidationError } from '../../platform/errors.js';
import type { Caller } from '../../platform/http/access.js';
import { mustResize, type Overflow } from '../../seats/overflow.js';
import { PoolsService, type SeatCounts } from '../../seats/pools.service.js';
import { finalStatus } from '../shared/failures.js';
import { type Metadata, patchedMetadata } from '../shared/metadata.js';
import { PurchasesService, type Resolved } from '../shared/purchases.service.js';
import { References } from '../shared/references.js';
import { givesSeats, isEnded, lacksPeriodEnd, PERIOD_END_NEEDED, settled } from './subscription.js';
import type {
  CreateSubscription,
  PutSubscription,
  UpdateSubscription,
} from './subscriptions.dto.js';
import { AlreadyCanceledSubscription } from './subscriptions.errors.js';
import { type SubscriptionRow, SubscriptionsRepository } from './subscriptions.repository.js';

/** A subscription with its seats counted. */
export type Subscription = SubscriptionRow & SeatCounts;

/** What can change of a subscription. A key that is undefined stays as it is. */
type Change = Partial<Omit<SubscriptionRow, 'metadata'>> & {
  metadata?: Metadata | null;
  seats?: number;
  on_overflow?: Overflow;
};

/** What was bought for as long as it is paid for. */
@Injectable()
export class SubscriptionsService extends PurchasesService<
  SubscriptionRow,
  CreateSubscription,
  PutSubscription,
  UpdateSubscription
> {
  protected override readonly thing = 'subscription';

  constructor(
    protected override readonly rows: SubscriptionsRepository,
    references: References,
    pools: PoolsService,
    database: Database,
    clock: Clock,
  ) {
    super(references, pools, database, clock);
  }

  /**
   * Ends it now: what {@link update} to `canceled` does.
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
    const asked = {
      status: body.status ?? 'active',
      current_period_end: body.current_period_end ?? null,
      cancel_at_period_end: body.cancel_at_period_end ?? false,
      canceled_at: null,
      ended_at: null,
    };
    refuseEndlessPeriod(asked, body);
    return this.rows.insert({
      ...settled(asked, now),
      organization_id: caller.organizationId,
      id: body.id ?? randomUUID(),
      created_at: now,
      external_id: body.external_id ?? null,
      product_id: body.product_id,
      customer_id: body.customer_id,
      checkout_id: body.checkout_id ?? null,
      metadata: body.metadata ?? {},
    });
  }

  protected override givesSeats({ status }: SubscriptionRow): boolean {
    return givesSeats(status);
  }

  protected override async conform(
    caller: Caller,
    row: SubscriptionRow,
    body: Resolved<PutSubscription>,
  ): Promise<Subscription> {
    const { seats, on_overflow = 'reject', ...columns } = body;
    const change: Change = changesOf<SubscriptionRow>(row, {
      product_id: columns.product_id,
      customer_id: columns.customer_id,
      checkout_id: columns.checkout_id,
      status: columns.status,
      current_period_end: columns.current_period_end,
      cancel_at_period_end: columns.cancel_at_period_end,
      metadata: columns.metadata,
    });
    // What was to end with its period has ended since: the same request asks for the same.
    const { status } = settled({ ...row, ...change }, this.clock.now());
    if (status === row.status) delete change.status;
    if (mustResize(await this.counted(row), seats, on_overflow)) change.seats = seats;
    return this.change(caller, row, { ...change, on_overflow });
  }

  protected override async change(
    caller: Caller,
    row: SubscriptionRow,
    sent: Change,
  ): Promise<Subscription> {
    refuseChangeOfEnded(row, sent);
    const { seats, on_overflow = 'reject', ...columns } = sent;
    const before = await this.counted(row);
    const resized = seats !== undefined && mustResize(before, seats, on_overflow);
    const changes = this.conclude(row, columns);
    if (isEmpty(changes) && !resized) return before;

    const after = await this.rows.update(row, {
      ...changes,
      modified_at: this.clock.now(),
    });
    await this.follow(caller, row, after);
    if (resized) await this.pools.resize(caller, this.refOf(row), seats, on_overflow);
    return this.counted(after);
  }

  /** The columns that change, with what follows from those that were sent. */
  private conclude(row: SubscriptionRow, { metadata, ...sent }: Change): Partial<SubscriptionRow> {
    const wanted = { ...row, ...changesOf<SubscriptionRow>(row, sent) };
    refuseEndlessPeriod(wanted, sent);
    return changesOf<SubscriptionRow>(row, {
      external_id: wanted.external_id,
      product_id: wanted.product_id,
      customer_id: wanted.customer_id,
      checkout_id: wanted.checkout_id,
      metadata: patchedMetadata(metadata),
      ...settled(wanted, this.clock.now()),
    });
  }

  /** Lets the pool follow a change of the product, the customer or the status. */
  private async follow(
    caller: Caller,
    before: SubscriptionRow,
    after: SubscriptionRow,
  ): Promise<void> {
    const ref = this.refOf(after);
    await this.passOn(caller, before, after);
    if (givesSeats(before.status) !== givesSeats(after.status)) {
      await this.pools.setActive(caller, ref, givesSeats(after.status));
    }
    if (isEnded(after.status) && !isEnded(before.status)) {
      await this.pools.revokeAll(caller, ref, 'subscription_ended');
    }
  }
}

/** Repeating the final status is no change; every other key is. */
function refuseChangeOfEnded(row: SubscriptionRow, sent: Change): void {
  if (!isEnded(row.status)) return;
  const { status, on_overflow: _, ...rest } = sent;
  const leaves = status !== undefined && status !== row.status;
  if (leaves && row.status !== 'canceled') throw finalStatus('subscription', row.status);
  if (leaves || Object.values(rest).some((value) => value !== undefined)) {
    throw new AlreadyCanceledSubscription();
  }
}

function refuseEndlessPeriod(life: Parameters<typeof lacksPeriodEnd>[0], sent: object): void {
  if (!lacksPeriodEnd(life)) return;
  throw RequestValidationError.at(['body'], problem('value_error', PERIOD_END_NEEDED), sent);
}
