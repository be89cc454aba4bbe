import { Module } from '@nestjs/common';
import { SeatsModule } from '../seats/seats.module.js';
import { ManagerGuard } from './manager.guard.js';
import { PortalEntranceController, PortalPagesController } from './portal-pages.controller.js';
import { PortalPages } from './portal-pages.service.js';
import { PortalController } from './portal.controller.js';
import { PortalRepository } from './portal.repository.js';
import { PortalService } from './portal.service.js';
import { SessionAuthenticator } from './sessions.authenticator.js';
import { SessionsController } from './sessions.controller.js';
import { SessionsRepository } from './sessions.repository.js';
import { SessionsService } from './sessions.service.js';
import { VisitorGuard, Visits } from './visits.js';

/** What buyers, and people with a seat, do themselves: sessions, routes and pages. */
@Module({
  imports: [SeatsModule],
  controllers: [
    PortalController,
    PortalEntranceController,
    PortalPagesController,
    SessionsController,
  ],
  providers: [
    ManagerGuard,
    PortalPages,
    PortalRepository,
    PortalService,
    SessionAuthenticator,
    SessionsRepository,
    SessionsService,
    VisitorGuard,
    Visits,
  ],
  exports: [SessionAuthenticator],
})
export class PortalModule {}
