import { Injectable } from '@nestjs/common';
import type { Caller } from '../../platform/caller.js';
import { Keys } from '../../platform/crypto.js';
import { type ApiError, noSuch, NotPermitted, ResourceNotFound } from '../../platform/errors.js';
import type { ContainerRef } from '../seat.js';
import { FeatureNotEnabled } from '../seats.errors.js';
import type { ContainerKeys } from '../seats.rules.js';
import type { PoolRow } from '../seats.sql.js';
import { PoolsRepository } from './pools.repository.js';

/** Finds the subscription or order that a request names, and its pool. */
@Injectable()
export class ContainersService {
  constructor(
    private readonly pools: PoolsRepository,
    private readonly keys: Keys,
  ) {}

  /**
   * The container that the keys name: the subscription, else the order, else the purchase of the
   * checkout. Only a checkout is looked up here.
   * @throws {ResourceNotFound} unknown checkout, or one without a purchase; {NotPermitted} a
   *   checkout that has not succeeded, or another client secret.
   */
  async resolve(caller: Caller, keys: ContainerKeys): Promise<ContainerRef> {
    if (keys.subscription_id !== undefined) return { subscription_id: keys.subscription_id };
    if (keys.order_id !== undefined) return { order_id: keys.order_id };
    const { organizationId } = caller;
    const checkout = await this.pools.findCheckout(organizationId, keys.checkout_id as string);
    if (checkout === null) throw noSuch('checkout', keys.checkout_id as string);
    if (checkout.status !== 'succeeded') {
      throw new NotPermitted(
        'The checkout has not succeeded, so it gives no seats. Wait until it has.',
      );
    }
    const secret = keys.checkout_client_secret;
    const hash = checkout.client_secret_hash;
    if (secret !== undefined && !this.keys.verify('client-secret', secret, hash)) {
      throw new NotPermitted(
        'The checkout_client_secret is not that of the checkout. Send the right one, or none.',
      );
    }
    const ref = await this.pools.containerOfCheckout(organizationId, checkout.id);
    if (ref === undefined)
      throw new ResourceNotFound(
        'The checkout has not resulted in a purchase yet. Try again later.',
      );
    return ref;
  }

  /** @throws {ResourceNotFound}; {FeatureNotEnabled}. */
  async getPool(caller: Caller, ref: ContainerRef): Promise<PoolRow> {
    return usablePool(await this.pools.findPool(caller.organizationId, ref), ref);
  }

  /**
   * The pool, locked until the transaction ends.
   * @throws as {@link getPool}; {Error} outside of a transaction.
   */
  async lockPool(caller: Caller, ref: ContainerRef): Promise<PoolRow> {
    return usablePool(await this.pools.lockPool(caller.organizationId, ref), ref);
  }
}

/** 404: the container does not exist. */
function noSuchContainer(ref: ContainerRef): ApiError {
  return 'order_id' in ref
    ? noSuch('order', ref.order_id)
    : noSuch('subscription', ref.subscription_id);
}

/** @throws {ResourceNotFound} without a pool; {FeatureNotEnabled}. */
export function usablePool<Pool extends Pick<PoolRow, 'seats_enabled'>>(
  pool: Pool | undefined,
  ref: ContainerRef,
): Pool {
  if (pool === undefined) throw noSuchContainer(ref);
  if (!pool.seats_enabled) throw new FeatureNotEnabled();
  return pool;
}
