import { RevocationsRepository } from './revocations.repository.js';
import { ClaimsRepository } from './claims.repository.js';
import { AssignmentsRepository } from './assignments.repository.js';
import { PoolsRepository } from './pools.repository.js';
import { Module } from '@nestjs/common';
import { AccessController } from './access.controller.js';
import { AccessRepository } from './access.repository.js';
import { AccessService } from './access.service.js';
import { AssignmentsService } from './assignments.service.js';
import { Claims } from '../invitations/claims.js';
import { ClaimStreams } from './claim-streams.js';
import { ClaimsController } from './claims.controller.js';
import { ClaimsService } from './claims.service.js';
import { Containers } from './containers.js';
import { PoolsService } from './pools.service.js';
import { ReleasesService } from './releases.service.js';
import { SeatsController } from './seats.controller.js';
import { SeatingService } from './seating.service.js';
import { SeatsRepository } from './seats.repository.js';
import { SeatsService } from './seats.service.js';

/** What seats can do, for the other domains and the worker. */
@Module({
  providers: [
    AccessRepository,
    AccessService,
    AssignmentsRepository,
    ClaimsRepository,
    PoolsRepository,
    RevocationsRepository,
    AssignmentsService,
    Containers,
    PoolsService,
    ReleasesService,
    SeatingService,
    SeatsRepository,
    SeatsService,
  ],
  exports: [
    AccessService,
    ClaimsRepository,
    AssignmentsService,
    Containers,
    PoolsRepository,
    PoolsService,
    ReleasesService,
    SeatsRepository,
    SeatsService,
  ],
})
export class SeatsCoreModule {}

/** The routes of seats. */
@Module({
  imports: [SeatsCoreModule],
  // In the order of the docs.
  controllers: [SeatsController, ClaimsController, AccessController],
  providers: [ClaimStreams, ClaimsService, { provide: Claims, useExisting: ClaimsService }],
  exports: [Claims, SeatsCoreModule],
})
export class SeatsModule {}
