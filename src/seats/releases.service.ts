import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../platform/clock.js';
import { PoolsRepository } from './pools.repository.js';
import { RevocationsRepository } from './revocations.repository.js';

/** Frees the seats of invitations that nobody claimed in time. The worker calls it all day. */
@Injectable()
export class ReleasesService {
  constructor(
    private readonly pools: PoolsRepository,
    private readonly revocations: RevocationsRepository,
    private readonly clock: Clock,
  ) {}

  /** @returns how many seats were freed; call again while it is not 0. */
  async runOnce(): Promise<number> {
    const now = this.clock.now();
    let released = 0;
    for (const { organization_id, pool_id } of await this.pools.lapsedPools(now)) {
      const caller = {
        organizationId: organization_id,
        actor: { type: 'system' as const, id: null },
        requestId: null,
      };
      released += await this.revocations
        .releaseLapsed(caller, pool_id, now)
        .catch((error: unknown) => {
          // The other pools are not to wait for this one.
          Logger.warn(`release of pool ${pool_id}: ${String(error)}`, ReleasesService.name);
          return 0;
        });
    }
    return released;
  }
}
