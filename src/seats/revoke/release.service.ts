import { Injectable, Logger } from '@nestjs/common';
import { systemCaller } from '../../platform/caller.js';
import { Clock } from '../../platform/clock.js';
import { PoolsRepository } from '../pool/pools.repository.js';
import { RevokeRepository } from './revoke.repository.js';

// Every run looks at the seats whose release was due within this time. All others are looked at in
// longer intervals, because seats that their organization keeps make this slow. A seat can be overdue
// after a failure, or when its organization has changed the grace period.
const RECENT_MS = 60 * 60_000;
const ALL_MS = 10 * 60_000;
const LONG_AGO = new Date(0);

/** Releases the seats of lapsed invitations. The worker runs it periodically. */
@Injectable()
export class ReleaseService {
  private nextOfAll = LONG_AGO;

  constructor(
    private readonly pools: PoolsRepository,
    private readonly revocations: RevokeRepository,
    private readonly clock: Clock,
  ) {}

  /** @returns how many seats were released; call again while it is not 0. */
  async runOnce(): Promise<number> {
    const now = this.clock.now();
    const isOfAll = now >= this.nextOfAll;
    const since = isOfAll ? LONG_AGO : new Date(now.getTime() - RECENT_MS);
    let released = 0;
    for (const { organization_id, pool_id } of await this.pools.lapsedPools(now, since)) {
      const caller = systemCaller(organization_id);
      released += await this.revocations
        .releaseLapsed(caller, pool_id, now)
        .catch((error: unknown) => {
          // The failure of one pool must not block the others.
          Logger.warn(`release of pool ${pool_id}: ${String(error)}`, ReleaseService.name);
          return 0;
        });
    }
    if (isOfAll && released === 0) this.nextOfAll = new Date(now.getTime() + ALL_MS);
    return released;
  }
}
