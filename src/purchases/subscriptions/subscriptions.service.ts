import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Clock } from '../../platform/clock.js';
import { Database } from '../../platform/database/database.js';
import { RequestValidationError } from '../../platform/errors.js';
import type { Caller } from '../../platform/http/access.js';
import { problem } from '../../platform/http/fields.js';
import { PoolsService, type SeatCounts } from '../../seats/pools.service.js';
import { changesOf, isEmpty } from '../shared/changes.js';
import { finalStatus, found, refusingDuplicates } from '../shared/failures.js';
import { patchedMetadata } from '../shared/metadata.js';
import type { Page, PageQuery } from '../shared/pages.js';
import { References } from '../shared/references.js';
import { givesSeats, isEnded, lacksPeriodEnd, PERIOD_END_NEEDED, settled } from './subscription.js';
import type { CreateSubscription, UpdateSubscription } from './subscriptions.dto.js';
import { AlreadyCanceledSubscription } from './subscriptions.errors.js';
import { type SubscriptionRow, SubscriptionsRepository } from './subscriptions.repository.js';

const DUPLICATES = {
  subscriptions_pkey: 'A subscription with this id exists already.',
  subscriptions_external_id: 'A subscription with this external_id exists already.',
};

/** A subscription with its seats counted. */
export type Subscription = SubscriptionRow & SeatCounts;

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
    const { organizationId } = caller;
    const create = async () => {
      await this.references.hold(organizationId, body);
      const now = this.clock.now();
      const life = settled(
        {
          status: body.status ?? 'active',
          current_period_end: body.current_period_end ?? null,
          cancel_at_period_end: body.cancel_at_period_end ?? false,
          canceled_at: null,
          ended_at: null,
        },
        now,
      );
      const row = await this.subscriptions.insert({
        ...life,
        organization_id: organizationId,
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
    };
    return refusingDuplicates(DUPLICATES, () => this.database.transaction(create));
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
   * @throws SeatsAlreadyAssigned `seats` is below what is assigned.
   */
  update(caller: Caller, id: string, body: UpdateSubscription): Promise<Subscription> {
    const change = async () => {
      const row = await this.subscriptions.lock(caller.organizationId, id);
      return this.apply(caller, found(row, 'subscription', id), body);
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

  private async apply(
    caller: Caller,
    row: SubscriptionRow,
    { seats, ...columns }: UpdateSubscription,
  ): Promise<Subscription> {
    refuseChangeOfEnded(row, { seats, ...columns });
    const before = await this.counted(row);
    const resized = seats !== undefined && seats !== before.seats;
    const changes = this.conclude(row, columns);
    if (isEmpty(changes) && !resized) return before;

    const after = await this.subscriptions.update(row, {
      ...changes,
      modified_at: this.clock.now(),
    });
    await this.follow(caller, row.status, after);
    if (resized) await this.pools.resize(caller, { subscription_id: row.id }, seats);
    return this.counted(after);
  }

  /** The columns that change, with what follows from those that were sent. */
  private conclude(
    row: SubscriptionRow,
    { metadata, ...sent }: Omit<UpdateSubscription, 'seats'>,
  ): Partial<SubscriptionRow> {
    const wanted = { ...row, ...changesOf<SubscriptionRow>(row, sent) };
    if (lacksPeriodEnd(wanted)) {
      throw RequestValidationError.at(['body'], problem('value_error', PERIOD_END_NEEDED), sent);
    }
    return changesOf<SubscriptionRow>(row, {
      external_id: wanted.external_id,
      metadata: patchedMetadata(metadata),
      ...settled(wanted, this.clock.now()),
    });
  }

  /** Lets the pool follow a change of the status. */
  private async follow(caller: Caller, before: string, after: SubscriptionRow): Promise<void> {
    const ref = { subscription_id: after.id };
    if (givesSeats(before) !== givesSeats(after.status)) {
      await this.pools.setActive(caller, ref, givesSeats(after.status));
    }
    if (isEnded(after.status) && !isEnded(before)) {
      await this.pools.revokeAll(caller, ref, 'subscription_ended');
    }
  }

  private async counted(row: SubscriptionRow): Promise<Subscription> {
    const counts = await this.pools.counts(row.organization_id, { subscription_ids: [row.id] });
    return { ...row, ...(counts.get(row.id) as SeatCounts) };
  }
}

/** Repeating the final status is no change; every other key is. */
function refuseChangeOfEnded(row: SubscriptionRow, { status, ...rest }: UpdateSubscription): void {
  if (!isEnded(row.status)) return;
  const leaves = status !== undefined && status !== row.status;
  if (leaves && row.status !== 'canceled') throw finalStatus('subscription', row.status);
  if (leaves || Object.values(rest).some((value) => value !== undefined)) {
    throw new AlreadyCanceledSubscription();
  }
}
