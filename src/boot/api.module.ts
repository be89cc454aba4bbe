import { Module } from '@nestjs/common';
import { DemoModule } from '../demo/demo.module.js';
import { ErrorsController } from '../docs/errors.controller.js';
import { EventsModule } from '../events/events.module.js';
import { ClaimPageController } from '../claim-page/claim-page.controller.js';
import { OrganizationsModule } from '../organizations/organizations.module.js';
import { PortalModule } from '../portal/portal.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { PurchasesModule } from '../purchases/purchases.module.js';
import { SeatsModule } from '../seats/seats.module.js';
import { WebhooksModule } from '../webhooks/webhooks.module.js';

/** All routes of the API. It does not need the queue. */
@Module({
  imports: [
    DemoModule,
    EventsModule,
    OrganizationsModule,
    PortalModule,
    PurchasesModule,
    SeatsModule,
    SessionsModule,
    WebhooksModule,
  ],
  controllers: [ClaimPageController, ErrorsController],
  // For the request hooks, which authenticate.
  exports: [OrganizationsModule, SessionsModule],
})
export class ApiModule {}
