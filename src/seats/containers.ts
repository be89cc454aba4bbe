import { Injectable } from '@nestjs/common';
import { Keys } from '../platform/crypto.js';
import { NotPermitted, ResourceNotFound } from '../platform/errors.js';
import type { Caller } from '../platform/http/access.js';
import type { ContainerRef } from './seat.js';
import { FeatureNotEnabled } from './seats.errors.js';
import { type PoolRow, type SeatRow } from './seats.rows.js';
import { PoolsRepository } from './pools.repository.js';

/** Which container a request means. Of the ids at least one is there; the subscription counts first. */
export interface ContainerKeys {
  subscription_id?: string;
  order_id?: string;
  checkout_id?: string;
  checkout_client_secret?: string;
}

/** Finds the subscription or order that a request is about. */
@Injectable()
export class Containers {
  constructor(
    private readonly pools: PoolsRepository,
    private readonly keys: Keys,
  ) {}

  /** @throws for a checkout: {ResourceNotFound}, {NotPermitted}. The others are looked up later. */
  async find(caller: Caller, keys: ContainerKeys): Promise<ContainerRef> {
    if (keys.subscription_id !== undefined) return { subscription_id: keys.subscription_id };
    if (keys.order_id !== undefined) return { order_id: keys.order_id };
    const { organizationId } = caller;
    const checkout = await this.pools.findCheckout(organizationId, keys.checkout_id as string);
    if (checkout === null) throw new ResourceNotFound('There is no such checkout.');
    if (checkout.status !== 'succeeded') {
      throw new NotPermitted('The checkout has not succeeded, so it gives no seats.');
    }
    const secret = keys.checkout_client_secret;
    const hash = checkout.client_secret_hash;
    if (secret !== undefined && !this.keys.verify('client-secret', secret, hash)) {
      throw new NotPermitted('The client secret is not that of the checkout.');
    }
    const ref = await this.pools.containerOfCheckout(organizationId, checkout.id);
    if (ref === undefined) throw new ResourceNotFound('The checkout has led to no purchase yet.');
    return ref;
  }

  /** The pool, held until the end of the transaction. */
  lock(caller: Caller, ref: ContainerRef): Promise<PoolRow | undefined> {
    return this.pools.findPool(caller.organizationId, ref, { lock: true });
  }

  /** @throws {ResourceNotFound}; {FeatureNotEnabled}. */
  open(pool: PoolRow | undefined): PoolRow {
    if (pool === undefined) throw new ResourceNotFound('There is no such subscription or order.');
    if (!pool.seats_enabled) throw new FeatureNotEnabled();
    return pool;
  }

  refOf(seat: SeatRow): ContainerRef {
    return seat.subscription_id === null
      ? { order_id: seat.order_id as string }
      : { subscription_id: seat.subscription_id };
  }
}
