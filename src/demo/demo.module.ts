import { Module } from '@nestjs/common';
import { OrganizationsModule } from '../organizations/organizations.module.js';
import { PurchasesModule } from '../purchases/purchases.module.js';
import { SeatsModule } from '../seats/seats.module.js';
import { DemoService } from './demo.service.js';

/** The demo's organization, for the API. */
@Module({
  imports: [OrganizationsModule, PurchasesModule, SeatsModule],
  providers: [DemoService],
})
export class DemoModule {}
