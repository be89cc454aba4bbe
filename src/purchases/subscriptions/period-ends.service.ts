import { Injectable, Logger } from '@nestjs/common';
import { systemCaller } from '../../platform/caller.js';
import { Clock } from '../../platform/clock.js';
import { Database } from '../../platform/database/database.js';
import { PoolsService } from '../../seats/pool/pools.service.js';
import { queueOf } from '../../seats/seat.js';
import { deriveLifecycle } from './subscription.js';
import { SubscriptionsRepository } from './subscriptions.repository.js';

const BATCH = 100;

/** Ends subscriptions whose last period is over. The worker calls it in a loop. */
@Injectable()
export class PeriodEndsService {
  constructor(
    private readonly subscriptions: SubscriptionsRepository,
    private readonly pools: PoolsService,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /**
   * Ends up to 100 subscriptions, each in its own transaction, which revokes the seats too. One that
   * fails is logged and tried again by the next call; the others end.
   * @returns how many ended; call again while it is not 0.
   */
  async endDue(): Promise<number> {
    let ended = 0;
    for (const { organization_id, id } of await this.subscriptions.listDue(
      this.clock.now(),
      BATCH,
    )) {
      try {
        if (await this.end(organization_id, id)) ended += 1;
      } catch (error) {
        Logger.warn(`subscription ${id} could not be ended: ${String(error)}`, 'PeriodEnds');
      }
    }
    return ended;
  }

  /** @returns false when it is no longer due, or another transaction holds its lock. */
  private end(organizationId: string, id: string): Promise<boolean> {
    const caller = systemCaller(organizationId);
    const ref = { subscription_id: id };
    return this.database.transaction(async () => {
      const now = this.clock.now();
      const row = await this.subscriptions.lockDue(organizationId, id, now);
      if (row === null) return false;
      await this.subscriptions.update(row, { ...deriveLifecycle(row, now), modified_at: now });
      await this.pools.setActive(caller, ref, false);
      await this.pools.revokeAll(caller, ref, 'subscription_ended');
      return true;
    }, queueOf(ref));
  }
}
