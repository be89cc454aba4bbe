import { Module } from '@nestjs/common';
import { OrganizationsModule } from '../organizations/organizations.module.js';
import { PurchasesModule } from '../purchases/purchases.module.js';
import { SeatsModule } from '../seats/seats.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { WebhooksModule } from '../webhooks/webhooks.module.js';
import { DemoService } from './demo.service.js';
import { ExampleObjects } from './example-objects.service.js';

/** The demo's organization, for the API. */
@Module({
  imports: [OrganizationsModule, PurchasesModule, SeatsModule, SessionsModule, WebhooksModule],
  providers: [DemoService, ExampleObjects],
})
export class DemoModule {}
