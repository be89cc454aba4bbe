import { Module } from '@nestjs/common';
import { SeatsModule } from '../seats/seats.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { ManagerGuard } from './manager.guard.js';
import { PortalPagesController, PortalSignInController } from './portal-pages.controller.js';
import { PortalPagesService } from './portal-pages.service.js';
import { PortalSignIn } from './portal-sign-in.js';
import { PortalController } from './portal.controller.js';
import { PortalRepository } from './portal.repository.js';
import { PortalService } from './portal.service.js';
import { SignedInGuard } from './signed-in.guard.js';

/** The customer portal: its API routes and its pages. */
@Module({
  imports: [SeatsModule, SessionsModule],
  controllers: [PortalController, PortalSignInController, PortalPagesController],
  providers: [
    ManagerGuard,
    PortalPagesService,
    PortalRepository,
    PortalService,
    PortalSignIn,
    SignedInGuard,
  ],
})
export class PortalModule {}
