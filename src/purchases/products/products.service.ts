import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { changedFields, isEmpty } from '../../platform/changed-fields.js';
import { Clock } from '../../platform/clock.js';
import { Database } from '../../platform/database/database.js';
import type { Caller } from '../../platform/caller.js';
import { Conflict } from '../../platform/errors.js';
import type { PageQuery, Paginated } from '../../platform/http/pagination.js';
import { conflictOnDuplicate, orNotFound } from '../shared/purchases.errors.js';
import { patchedMetadata } from '../shared/metadata.js';
import { retryLostRace } from '../shared/retry.js';
import type { CreateProduct, InlineProduct, UpdateProduct } from './products.dto.js';
import { type ProductRow, ProductsRepository } from './products.repository.js';

const DUPLICATES = {
  products_pkey: 'A product with this id already exists. Send another id, or none.',
  products_external_id:
    'A product with this external_id already exists. Use that product, or send another one.',
};

const IN_USE =
  'A subscription of this product has not ended, or an order of it gives seats. Archive the product ' +
  'instead.';

/** Creates, changes and deletes products, which subscriptions and orders sell. */
@Injectable()
export class ProductsService {
  constructor(
    private readonly products: ProductsRepository,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** @throws Conflict the id or the external_id is taken. */
  create(caller: Caller, body: CreateProduct): Promise<ProductRow> {
    return conflictOnDuplicate(DUPLICATES, () =>
      this.products.insert({
        organization_id: caller.organizationId,
        id: body.id ?? randomUUID(),
        created_at: this.clock.now(),
        name: body.name,
        external_id: body.external_id ?? null,
        metadata: body.metadata,
        is_archived: body.is_archived ?? false,
      }),
    );
  }

  /** @throws ResourceNotFound */
  async get(caller: Caller, id: string): Promise<ProductRow> {
    return orNotFound(await this.products.find(caller.organizationId, id), 'product', id);
  }

  /** @throws ResourceNotFound */
  async getByExternalId(caller: Caller, externalId: string): Promise<ProductRow> {
    const row = await this.products.findByExternalId(caller.organizationId, externalId);
    return orNotFound(row, 'product', externalId, 'external_id');
  }

  list(caller: Caller, query: PageQuery): Promise<Paginated<ProductRow>> {
    return this.products.list(caller.organizationId, query);
  }

  /** @throws ResourceNotFound, Conflict */
  update(caller: Caller, id: string, body: UpdateProduct): Promise<ProductRow> {
    const update = async () => {
      const row = orNotFound(await this.products.lock(caller.organizationId, id), 'product', id);
      const wanted = { ...body, metadata: patchedMetadata(body.metadata) };
      const changes = changedFields<ProductRow>(row, wanted);
      if (isEmpty(changes)) return row;
      return this.products.update(row, { ...changes, modified_at: this.clock.now() });
    };
    return conflictOnDuplicate(DUPLICATES, () => this.database.transaction(update));
  }

  /**
   * Creates or updates the product with this external_id, in the caller's transaction. The product
   * cannot be deleted until that transaction ends.
   *
   * @throws ServiceUnavailable other transactions won each of 10 attempts.
   */
  upsert(caller: Caller, inline: InlineProduct): Promise<ProductRow> {
    return retryLostRace(() => this.tryUpsert(caller, inline));
  }

  /**
   * Marks the product as deleted, and returns it as it was. Its external_id is free again.
   *
   * @throws ResourceNotFound
   * @throws Conflict people may hold seats of it: a subscription of it has not ended, or an order
   * of it gives seats.
   */
  async delete(caller: Caller, id: string): Promise<ProductRow> {
    const { organizationId } = caller;
    return this.database.transaction(async () => {
      const row = orNotFound(
        await this.products.lockForDeletion(organizationId, id),
        'product',
        id,
      );
      // A purchase that starts to refer to the product, or to give seats of it, locks it first.
      if (await this.products.isInUse(row)) throw new Conflict(IN_USE);
      await this.products.update(row, { deleted_at: this.clock.now() });
      return row;
    });
  }

  /** @returns undefined when another transaction created or deleted the product meanwhile. */
  private async tryUpsert(caller: Caller, inline: InlineProduct): Promise<ProductRow | undefined> {
    const { organizationId } = caller;
    const existing = await this.products.findByExternalId(organizationId, inline.external_id);
    if (existing === null) {
      const created = await this.products.insertIfAbsent({
        organization_id: organizationId,
        id: randomUUID(),
        created_at: this.clock.now(),
        name: inline.name,
        external_id: inline.external_id,
      });
      return created ?? undefined;
    }
    if (!(await this.products.lockAgainstDeletion(organizationId, existing.id))) return undefined;
    if (existing.name === inline.name) return existing;
    return this.update(caller, existing.id, { name: inline.name });
  }
}
