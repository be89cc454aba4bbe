import { Module } from '@nestjs/common';
import { AccessController } from './access/access.controller.js';
import { AccessRepository } from './access/access.repository.js';
import { AccessService } from './access/access.service.js';
import { AssignRepository } from './assign/assign.repository.js';
import { AssignService } from './assign/assign.service.js';
import { RecipientsService } from './assign/recipients.service.js';
import { ClaimController } from './claim/claim.controller.js';
import { ClaimRepository } from './claim/claim.repository.js';
import { ClaimService } from './claim/claim.service.js';
import { ClaimTokens } from './claim/claim-tokens.js';
import { ClaimStreams } from './claim/claim-streams.js';
import { ContainersService } from './pool/containers.service.js';
import { PoolsRepository } from './pool/pools.repository.js';
import { PoolsService } from './pool/pools.service.js';
import { ReleaseService } from './revoke/release.service.js';
import { RevokeRepository } from './revoke/revoke.repository.js';
import { RevokeService } from './revoke/revoke.service.js';
import { SeatsController } from './seats.controller.js';
import { SeatsRepository } from './seats.repository.js';
import { SeatsService } from './seats.service.js';

/**
 * The domain of seats. It exports two entry points, and the release of lapsed invitations for the
 * worker: SeatsService for every caller, and PoolsService for purchases.
 */
@Module({
  providers: [
    AccessRepository,
    AccessService,
    AssignRepository,
    AssignService,
    ClaimRepository,
    ClaimService,
    ContainersService,
    PoolsRepository,
    PoolsService,
    RecipientsService,
    ReleaseService,
    RevokeRepository,
    RevokeService,
    SeatsRepository,
    SeatsService,
  ],
  exports: [PoolsService, ReleaseService, SeatsService],
})
export class SeatsCoreModule {}

/** The routes of seats. */
@Module({
  imports: [SeatsCoreModule],
  // In the order of the docs page.
  controllers: [SeatsController, ClaimController, AccessController],
  providers: [ClaimRepository, ClaimStreams, ClaimTokens],
  exports: [SeatsCoreModule, ClaimTokens],
})
export class SeatsModule {}
