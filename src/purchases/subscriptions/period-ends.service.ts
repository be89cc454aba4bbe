import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../platform/clock.js';
import { Database } from '../../platform/database/database.js';
import { PoolsService } from '../../seats/pools.service.js';
import { settled } from './subscription.js';
import { SubscriptionsRepository } from './subscriptions.repository.js';

const BATCH = 100;

/** Ends subscriptions whose last period is over. The worker calls it all day. */
@Injectable()
export class PeriodEndsService {
  constructor(
    private readonly subscriptions: SubscriptionsRepository,
    private readonly pools: PoolsService,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /**
   * Ends a batch, each with its seats in a transaction of its own: one that fails keeps no other
   * from ending, and is tried again the next time.
   * @returns how many ended; call again while it is not 0.
   */
  async endDue(): Promise<number> {
    let ended = 0;
    for (const { organization_id, id } of await this.subscriptions.due(this.clock.now(), BATCH)) {
      try {
        if (await this.end(organization_id, id)) ended += 1;
      } catch (error) {
        Logger.warn(`subscription ${id} could not be ended: ${String(error)}`, 'PeriodEnds');
      }
    }
    return ended;
  }

  /** @returns false when somebody else is at it, or has taken the cancellation back. */
  private end(organizationId: string, id: string): Promise<boolean> {
    const actor = { type: 'system' as const, id: null };
    const caller = { organizationId, actor, requestId: null };
    const ref = { subscription_id: id };
    return this.database.transaction(async () => {
      const now = this.clock.now();
      const row = await this.subscriptions.lockDue(organizationId, id, now);
      if (row === null) return false;
      await this.subscriptions.update(row, {
        ...settled(row, now),
        modified_at: now,
      });
      await this.pools.setActive(caller, ref, false);
      await this.pools.revokeAll(caller, ref, 'subscription_ended');
      return true;
    });
  }
}
