import { Injectable } from '@nestjs/common';
import { Clock } from '../../platform/clock.js';
import { Database } from '../../platform/database/database.js';
import type { Caller } from '../../platform/caller.js';
import type { PageQuery, Paginated } from '../../platform/http/pagination.js';
import { PoolsService, type SeatCounts } from '../../seats/pool/pools.service.js';
import { type ContainerRef, queueOf } from '../../seats/seat.js';
import type { ObjectsRepository } from './objects.repository.js';
import type { CreatePurchase, PutPurchase, UpdatePurchase } from './purchases.dto.js';
import {
  assertSameExternalId,
  assertSameId,
  conflictOnDuplicate,
  orNotFound,
} from './purchases.errors.js';
import { ReferencesService } from './references.service.js';
import { retryOnDuplicate } from './retry.js';

interface PurchaseRow {
  organization_id: string;
  id: string;
  product_id: string;
  customer_id: string;
  checkout_id: string | null;
}

type PurchasesRepository<Row extends PurchaseRow> = Pick<
  ObjectsRepository<Row, PurchaseRow>,
  'find' | 'findByExternalId' | 'list' | 'lock' | 'lockByExternalId'
>;

/** A body in which inline products and customers have been replaced by their ids. */
export type Resolved<Put extends PutPurchase> = Put & { product_id: string; customer_id: string };

/**
 * Common base of subscriptions and orders. Each is a row with a pool of seats, which changes in the
 * same transaction as the row.
 */
@Injectable()
export abstract class PurchasesService<
  Row extends PurchaseRow,
  Create extends CreatePurchase,
  Put extends PutPurchase,
  Update extends UpdatePurchase,
> {
  protected abstract readonly kind: 'subscription' | 'order';
  protected abstract readonly repository: PurchasesRepository<Row>;

  constructor(
    protected readonly references: ReferencesService,
    protected readonly pools: PoolsService,
    protected readonly database: Database,
    protected readonly clock: Clock,
  ) {}

  protected abstract insert(caller: Caller, body: Create | Resolved<Put>): Promise<Row>;

  /** Applies the body of a PATCH to the locked row. */
  protected abstract applyPatch(caller: Caller, row: Row, body: Update): Promise<Row & SeatCounts>;

  /** Applies the body of a PUT to the locked row, where the two differ. */
  protected abstract applyPut(
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
      await this.references.lock(caller.organizationId, body);
      return this.insertWithPool(caller, body);
    };
    return this.conflictOnDuplicate(() => this.database.transaction(create));
  }

  /**
   * Creates the purchase with this external_id, or changes it where it differs from the body. Keys
   * that are not sent stay as they are. The call can be repeated, and concurrent calls succeed.
   *
   * @throws ResourceNotFound no such product, customer or checkout.
   * @throws Conflict the id is taken, or the e-mail of the inline customer.
   * @throws ServiceUnavailable other transactions won each of 10 attempts.
   * @throws the errors of {@link update}.
   */
  put(
    caller: Caller,
    externalId: string,
    body: Put,
  ): Promise<{ created: boolean; purchase: Row & SeatCounts }> {
    assertSameExternalId(externalId, body.external_id);
    const put = async () => {
      const row = await this.repository.lockByExternalId(caller.organizationId, externalId);
      const ids = await this.references.resolve(caller, body, row);
      const wanted = { ...body, ...ids, external_id: externalId };
      if (row === null) {
        return { created: true, purchase: await this.insertWithPool(caller, wanted) };
      }
      assertSameId(this.kind, row.id, body.id);
      return { created: false, purchase: await this.applyPut(caller, row, wanted) };
    };
    const index = `${this.kind}s_external_id`;
    const queue = `${this.kind} ${caller.organizationId} ${externalId}`;
    return this.conflictOnDuplicate(() =>
      retryOnDuplicate(index, () => this.database.transaction(put, queue)),
    );
  }

  /** @throws ResourceNotFound */
  async get(caller: Caller, id: string): Promise<Row & SeatCounts> {
    const row = await this.repository.find(caller.organizationId, id);
    return this.withSeatCounts(orNotFound(row, this.kind, id));
  }

  /** @throws ResourceNotFound */
  async getByExternalId(caller: Caller, externalId: string): Promise<Row & SeatCounts> {
    const row = await this.repository.findByExternalId(caller.organizationId, externalId);
    return this.withSeatCounts(orNotFound(row, this.kind, externalId, 'external_id'));
  }

  async list(caller: Caller, query: PageQuery): Promise<Paginated<Row & SeatCounts>> {
    const { rows, total } = await this.repository.list(caller.organizationId, query);
    return { rows: await this.addSeatCounts(caller.organizationId, rows), total };
  }

  /**
   * Changes the purchase, its pool and its seats in one transaction.
   * @throws ResourceNotFound, Conflict
   * @throws NotPermitted, AlreadyCanceledSubscription its status is final.
   * @throws SeatsAlreadyAssigned `seats` is below the number of assigned seats, and `on_overflow`
   *   does not allow enough of them to be revoked.
   */
  update(caller: Caller, id: string, body: Update): Promise<Row & SeatCounts> {
    const update = async () => {
      const row = await this.repository.lock(caller.organizationId, id);
      return this.applyPatch(caller, orNotFound(row, this.kind, id), body);
    };
    const queue = queueOf(this.refOf({ id }));
    return this.conflictOnDuplicate(() => this.database.transaction(update, queue));
  }

  /** Writes a new product or customer of the purchase into its pool as well. */
  protected async transferPool(caller: Caller, before: Row, after: Row): Promise<void> {
    if (before.product_id === after.product_id && before.customer_id === after.customer_id) return;
    await this.pools.passOn(caller, this.refOf(after), after);
  }

  protected refOf({ id }: { id: string }): ContainerRef {
    return this.kind === 'order' ? { order_id: id } : { subscription_id: id };
  }

  protected async withSeatCounts(row: Row): Promise<Row & SeatCounts> {
    const [counted] = await this.addSeatCounts(row.organization_id, [row]);
    return counted as Row & SeatCounts;
  }

  private async addSeatCounts(organizationId: string, rows: Row[]): Promise<(Row & SeatCounts)[]> {
    const ids = rows.map(({ id }) => id);
    const counts = await this.pools.counts(organizationId, { [`${this.kind}_ids`]: ids });
    return rows.map((row) => ({ ...row, ...(counts.get(row.id) as SeatCounts) }));
  }

  private async insertWithPool(
    caller: Caller,
    body: Create | Resolved<Put>,
  ): Promise<Row & SeatCounts> {
    const row = await this.insert(caller, body);
    await this.pools.openPool(caller, {
      ...this.refOf(row),
      product_id: row.product_id,
      customer_id: row.customer_id,
      seats: body.seats,
      active: this.givesSeats(row),
    });
    return this.withSeatCounts(row);
  }

  private conflictOnDuplicate<T>(work: () => Promise<T>): Promise<T> {
    const messages = {
      [`${this.kind}s_pkey`]: `Another ${this.kind} with this id already exists. Send another id, or none.`,
      [`${this.kind}s_external_id`]: `Another ${this.kind} with this external_id already exists. PUT changes it.`,
    };
    return conflictOnDuplicate(messages, work);
  }
}
