import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { changesOf, isEmpty } from '../../platform/changes.js';
import { Clock } from '../../platform/clock.js';
import { Database } from '../../platform/database/database.js';
import type { Caller } from '../../platform/http/access.js';
import type { Page, PageQuery } from '../../platform/http/pages.js';
import { found, refusingDuplicates } from '../shared/failures.js';
import { patchedMetadata } from '../shared/metadata.js';
import type { CreateProduct, InlineProduct, UpdateProduct } from './products.dto.js';
import { type ProductRow, ProductsRepository } from './products.repository.js';

const DUPLICATES = {
  products_pkey: 'A product with this id exists already.',
  products_external_id: 'A product with this external_id exists already.',
};

/** What is sold. */
@Injectable()
export class ProductsService {
  constructor(
    private readonly products: ProductsRepository,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** @throws Conflict the id or the external_id is taken. */
  create(caller: Caller, body: CreateProduct): Promise<ProductRow> {
    return refusingDuplicates(DUPLICATES, () =>
      this.products.insert({
        organization_id: caller.organizationId,
        id: body.id ?? randomUUID(),
        created_at: this.clock.now(),
        name: body.name,
        external_id: body.external_id ?? null,
        metadata: body.metadata ?? {},
        is_archived: body.is_archived ?? false,
      }),
    );
  }

  /** @throws ResourceNotFound */
  async get(caller: Caller, id: string): Promise<ProductRow> {
    return found(await this.products.find(caller.organizationId, id), 'product', id);
  }

  /** @throws ResourceNotFound */
  async getExternal(caller: Caller, externalId: string): Promise<ProductRow> {
    const row = await this.products.findExternal(caller.organizationId, externalId);
    return found(row, 'product', externalId);
  }

  list(caller: Caller, query: PageQuery): Promise<Page<ProductRow>> {
    return this.products.page(caller.organizationId, query);
  }

  /** @throws ResourceNotFound, Conflict */
  update(caller: Caller, id: string, body: UpdateProduct): Promise<ProductRow> {
    const change = async () => {
      const row = found(await this.products.lock(caller.organizationId, id), 'product', id);
      const wanted = { ...body, metadata: patchedMetadata(body.metadata) };
      const changes = changesOf(row, wanted);
      if (isEmpty(changes)) return row;
      return this.products.update(row, { ...changes, modified_at: this.clock.now() });
    };
    return refusingDuplicates(DUPLICATES, () => this.database.transaction(change));
  }

  /**
   * The product with this external_id, with this name: created or changed if need be. It cannot be
   * deleted until the caller's transaction ends, which this joins.
   */
  async bring(caller: Caller, inline: InlineProduct): Promise<ProductRow> {
    const { organizationId } = caller;
    const known = await this.products.findExternal(organizationId, inline.external_id);
    if (known === null) {
      const created = await this.products.insertUnlessThere({
        organization_id: organizationId,
        id: randomUUID(),
        created_at: this.clock.now(),
        name: inline.name,
        external_id: inline.external_id,
      });
      // Null: somebody else has just created it.
      return created ?? this.bring(caller, inline);
    }
    // False: somebody has just deleted it.
    if (!(await this.products.hold(organizationId, known.id))) return this.bring(caller, inline);
    return known.name === inline.name
      ? known
      : this.update(caller, known.id, { name: inline.name });
  }

  /**
   * Deletes it, and answers it as it was. Subscriptions and orders of it go on; its external_id
   * may be given again.
   *
   * @throws ResourceNotFound
   */
  async delete(caller: Caller, id: string): Promise<ProductRow> {
    const { organizationId } = caller;
    return this.database.transaction(async () => {
      const row = found(await this.products.lockForDeletion(organizationId, id), 'product', id);
      await this.products.update(row, { deleted_at: this.clock.now() });
      return row;
    });
  }
}
