import { Module } from '@nestjs/common';
import { Claims } from '../invitations/claims.js';
import { ClaimStreams } from './claim-streams.js';
import { ClaimsController } from './claims.controller.js';
import { ClaimsService } from './claims.service.js';
import { PoolsService } from './pools.service.js';
import { SeatsController } from './seats.controller.js';
import { SeatsRepository } from './seats.repository.js';
import { SeatsService } from './seats.service.js';

@Module({
  controllers: [ClaimsController, SeatsController],
  providers: [
    ClaimStreams,
    ClaimsService,
    { provide: Claims, useExisting: ClaimsService },
    PoolsService,
    SeatsRepository,
    SeatsService,
  ],
  exports: [Claims, PoolsService, SeatsService],
})
export class SeatsModule {}
