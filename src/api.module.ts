import { Module } from '@nestjs/common';
import { EventsModule } from './events/events.module.js';
import { ClaimController } from './invitations/claim.controller.js';
import { OrganizationsModule } from './organizations/organizations.module.js';
import { PortalModule } from './portal/portal.module.js';
import { PurchasesModule } from './purchases/purchases.module.js';
import { SeatsModule } from './seats/seats.module.js';
import { WebhooksModule } from './webhooks/webhooks.module.js';

/** Root of the API: every route, no queue. */
@Module({
  imports: [
    EventsModule,
    OrganizationsModule,
    PortalModule,
    PurchasesModule,
    SeatsModule,
    WebhooksModule,
  ],
  controllers: [ClaimController],
})
export class ApiModule {}
