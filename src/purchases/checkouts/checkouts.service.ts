import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { changedFields, isEmpty } from '../../platform/changed-fields.js';
import { Clock } from '../../platform/clock.js';
import { Database } from '../../platform/database/database.js';
import type { Caller } from '../../platform/caller.js';
import type { PageQuery, Paginated } from '../../platform/http/pagination.js';
import { conflictOnDuplicate, finalStatus, orNotFound } from '../shared/purchases.errors.js';
import { ReferencesService } from '../shared/references.service.js';
import { defaultExpiry, isFinal } from './checkout.js';
import type { CreateCheckout, UpdateCheckout } from './checkouts.dto.js';
import { type CheckoutRow, CheckoutsRepository } from './checkouts.repository.js';
import { ClientSecrets } from './client-secrets.js';

const DUPLICATES = {
  checkouts_pkey: 'A checkout with this id already exists. Send another id, or none.',
  checkouts_external_id:
    'A checkout with this external_id already exists. Use that checkout, or send another one.',
};

/** A checkout with the client secret, if the caller may see it. */
export type Checkout = CheckoutRow & { client_secret: string | null };

/** Creates and changes checkouts, which are sales in progress. */
@Injectable()
export class CheckoutsService {
  constructor(
    private readonly checkouts: CheckoutsRepository,
    private readonly references: ReferencesService,
    private readonly secrets: ClientSecrets,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /**
   * @throws ResourceNotFound no such product or customer.
   * @throws Conflict the id or the external_id is taken.
   */
  create(caller: Caller, body: CreateCheckout): Promise<Checkout> {
    const organization_id = caller.organizationId;
    const create = async () => {
      await this.references.lock(organization_id, body);
      const id = body.id ?? randomUUID();
      const now = this.clock.now();
      const row = await this.checkouts.insert({
        organization_id,
        id,
        created_at: now,
        external_id: body.external_id ?? null,
        product_id: body.product_id,
        customer_id: body.customer_id ?? null,
        seats: body.seats ?? null,
        status: body.status ?? 'open',
        client_secret_hash: this.secrets.hash({ organization_id, id }),
        created_by: caller.actor.type === 'token' ? caller.actor.id : null,
        expires_at: body.expires_at ?? defaultExpiry(now),
      });
      return this.withClientSecret(caller, row);
    };
    return conflictOnDuplicate(DUPLICATES, () => this.database.transaction(create));
  }

  /** @throws ResourceNotFound */
  async get(caller: Caller, id: string): Promise<Checkout> {
    const row = await this.checkouts.find(caller.organizationId, id);
    return this.withClientSecret(caller, orNotFound(row, 'checkout', id));
  }

  /** @throws ResourceNotFound */
  async getByExternalId(caller: Caller, externalId: string): Promise<Checkout> {
    const row = await this.checkouts.findByExternalId(caller.organizationId, externalId);
    return this.withClientSecret(caller, orNotFound(row, 'checkout', externalId, 'external_id'));
  }

  async list(caller: Caller, query: PageQuery): Promise<Paginated<Checkout>> {
    const { rows, total } = await this.checkouts.list(caller.organizationId, query);
    return { rows: rows.map((row) => this.withClientSecret(caller, row)), total };
  }

  /**
   * @throws ResourceNotFound, Conflict
   * @throws NotPermitted the status is final.
   */
  update(caller: Caller, id: string, body: UpdateCheckout): Promise<Checkout> {
    const { organizationId } = caller;
    const update = async () => {
      const row = orNotFound(await this.checkouts.lock(organizationId, id), 'checkout', id);
      const changes = changedFields<CheckoutRow>(row, body);
      if (isEmpty(changes)) return this.withClientSecret(caller, row);
      if (isFinal(row.status) && changes.status !== undefined) {
        throw finalStatus('checkout', row.status);
      }
      await this.references.lock(organizationId, { customer_id: changes.customer_id });
      const modified_at = this.clock.now();
      return this.withClientSecret(
        caller,
        await this.checkouts.update(row, { ...changes, modified_at }),
      );
    };
    return conflictOnDuplicate(DUPLICATES, () => this.database.transaction(update));
  }

  private withClientSecret(caller: Caller, row: CheckoutRow): Checkout {
    return { ...row, client_secret: this.secrets.revealTo(caller, row) };
  }
}
