import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { changesOf, isEmpty } from '../../platform/changes.js';
import { Clock } from '../../platform/clock.js';
import { Database } from '../../platform/database/database.js';
import { problem, RequestValidationError } from '../../platform/errors.js';
import type { Caller } from '../../platform/http/access.js';
import type { Page, PageQuery } from '../../platform/http/pages.js';
import { mustResize, type Overflow } from '../../seats/overflow.js';
import { PoolsService, type SeatCounts } from '../../seats/pools.service.js';
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
import { givesSeats, isEnded, lacksPeriodEnd, PERIOD_END_NEEDED, settled } from './subscription.js';
import type {
  CreateSubscription,
  PutSubscription,
  UpdateSubscription,
} from './subscriptions.dto.js';
import { AlreadyCanceledSubscription } from './subscriptions.errors.js';
import { type SubscriptionRow, SubscriptionsRepository } from './subscriptions.repository.js';

const DUPLICATES = {
  subscriptions_pkey: 'A subscription with this id exists already.',
  subscriptions_external_id: 'A subscription with this external_id exists already.',
};

/** A subscription with its seats counted. */
export type Subscription = SubscriptionRow & SeatCounts;

type NewSubscription = Omit<CreateSubscription, 'problem'>;

/** What can change of a subscription. A key that is undefined stays as it is. */
type Change = Partial<Omit<SubscriptionRow, 'metadata'>> & {
  metadata?: Metadata | null;
  seats?: number;
  on_overflow?: Overflow;
};

/** What was bought for as long as it is paid for. */
@Injectable()
export class SubscriptionsService {
  constructor(
    private readonly subscriptions: SubscriptionsRepository,
    private readonly references: References,
    private readonly pools: PoolsService,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /**
   * @throws ResourceNotFound no such product, customer or checkout.
   * @throws Conflict the id or the external_id is taken.
   */
  create(caller: Caller, body: CreateSubscription): Promise<Subscription> {
    const create = async () => {
      await this.references.hold(caller.organizationId, body);
      return this.open(caller, body);
    };
    return refusingDuplicates(DUPLICATES, () => this.database.transaction(create));
  }

  /**
   * Creates the subscription with this external_id, or changes what differs; so it can be repeated
   * for ever, and calls at the same time all succeed. Keys that are not sent stay as they are.
   *
   * @throws ResourceNotFound no such product, customer or checkout.
   * @throws Conflict the id is taken, or the e-mail of the inline customer.
   * @throws AlreadyCanceledSubscription, NotPermitted it has ended, and would change.
   * @throws SeatsAlreadyAssigned as {@link update}.
   */
  put(
    caller: Caller,
    externalId: string,
    body: PutSubscription,
  ): Promise<{ created: boolean; subscription: Subscription }> {
    refuseOtherName(externalId, body.external_id);
    const put = async () => {
      const row = await this.subscriptions.lockExternal(caller.organizationId, externalId);
      const pointers = await this.references.bring(caller, body, row);
      const wanted = { ...body, ...pointers, external_id: externalId };
      return row === null
        ? { created: true, subscription: await this.open(caller, wanted) }
        : { created: false, subscription: await this.conform(caller, row, wanted) };
    };
    const again = () =>
      againIfTaken('subscriptions_external_id', () => this.database.transaction(put));
    return refusingDuplicates(DUPLICATES, again);
  }

  /** @throws ResourceNotFound */
  async get(caller: Caller, id: string): Promise<Subscription> {
    const row = await this.subscriptions.find(caller.organizationId, id);
    return this.counted(found(row, 'subscription', id));
  }

  /** @throws ResourceNotFound */
  async getExternal(caller: Caller, externalId: string): Promise<Subscription> {
    const row = await this.subscriptions.findExternal(caller.organizationId, externalId);
    return this.counted(found(row, 'subscription', externalId));
  }

  async list(caller: Caller, query: PageQuery): Promise<Page<Subscription>> {
    const { rows, total } = await this.subscriptions.page(caller.organizationId, query);
    const ids = rows.map((row) => row.id);
    const counts = await this.pools.counts(caller.organizationId, { subscription_ids: ids });
    return { rows: rows.map((row) => ({ ...row, ...(counts.get(row.id) as SeatCounts) })), total };
  }

  /**
   * Changes it, its pool and its seats in one step.
   * @throws ResourceNotFound, Conflict
   * @throws AlreadyCanceledSubscription, NotPermitted it has ended.
   * @throws SeatsAlreadyAssigned `seats` is below what is assigned, and `on_overflow` does not help.
   */
  update(caller: Caller, id: string, body: UpdateSubscription): Promise<Subscription> {
    const change = async () => {
      const row = await this.subscriptions.lock(caller.organizationId, id);
      refuseChangeOfEnded(found(row, 'subscription', id), body);
      return this.apply(caller, row as SubscriptionRow, body);
    };
    return refusingDuplicates(DUPLICATES, () => this.database.transaction(change));
  }

  /**
   * Ends it now: what {@link update} to `canceled` does.
   * @throws ResourceNotFound, NotPermitted
   */
  cancel(caller: Caller, id: string): Promise<Subscription> {
    return this.update(caller, id, { status: 'canceled' });
  }

  private async open(caller: Caller, body: NewSubscription): Promise<Subscription> {
    const now = this.clock.now();
    const asked = {
      status: body.status ?? 'active',
      current_period_end: body.current_period_end ?? null,
      cancel_at_period_end: body.cancel_at_period_end ?? false,
      canceled_at: null,
      ended_at: null,
    };
    refuseEndlessPeriod(asked, body);
    const row = await this.subscriptions.insert({
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
    await this.pools.openPool(caller, {
      subscription_id: row.id,
      product_id: row.product_id,
      customer_id: row.customer_id,
      seats: body.seats,
      active: givesSeats(row.status),
    });
    return this.counted(row);
  }

  /** Changes what differs from `wanted`. */
  private async conform(
    caller: Caller,
    row: SubscriptionRow,
    wanted: NewSubscription & { on_overflow?: Overflow },
  ): Promise<Subscription> {
    const { id, seats, on_overflow = 'reject', ...columns } = wanted;
    refuseOtherId('subscription', row.id, id);
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
    refuseChangeOfEnded(row, change);
    return this.apply(caller, row, { ...change, on_overflow });
  }

  private async apply(caller: Caller, row: SubscriptionRow, sent: Change): Promise<Subscription> {
    const { seats, on_overflow = 'reject', ...columns } = sent;
    const before = await this.counted(row);
    const resized = seats !== undefined && mustResize(before, seats, on_overflow);
    const changes = this.conclude(row, columns);
    if (isEmpty(changes) && !resized) return before;

    const after = await this.subscriptions.update(row, {
      ...changes,
      modified_at: this.clock.now(),
    });
    await this.follow(caller, row, after);
    const ref = { subscription_id: row.id };
    if (resized) await this.pools.resize(caller, ref, seats, on_overflow);
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
    const ref = { subscription_id: after.id };
    if (before.product_id !== after.product_id || before.customer_id !== after.customer_id) {
      await this.pools.passOn(caller, ref, after);
    }
    if (givesSeats(before.status) !== givesSeats(after.status)) {
      await this.pools.setActive(caller, ref, givesSeats(after.status));
    }
    if (isEnded(after.status) && !isEnded(before.status)) {
      await this.pools.revokeAll(caller, ref, 'subscription_ended');
    }
  }

  private async counted(row: SubscriptionRow): Promise<Subscription> {
    const counts = await this.pools.counts(row.organization_id, { subscription_ids: [row.id] });
    return { ...row, ...(counts.get(row.id) as SeatCounts) };
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
