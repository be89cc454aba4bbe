import { Module } from '@nestjs/common';
import { SeatsModule } from '../seats/seats.module.js';
import { CheckoutsController } from './checkouts/checkouts.controller.js';
import { CheckoutsRepository } from './checkouts/checkouts.repository.js';
import { CheckoutsService } from './checkouts/checkouts.service.js';
import { ClientSecrets } from './checkouts/client-secrets.js';
import { CustomersController } from './customers/customers.controller.js';
import { CustomersRepository } from './customers/customers.repository.js';
import { CustomersService } from './customers/customers.service.js';
import { MembersController } from './members/members.controller.js';
import { MembersRepository } from './members/members.repository.js';
import { MembersService } from './members/members.service.js';
import { OrdersController } from './orders/orders.controller.js';
import { OrdersRepository } from './orders/orders.repository.js';
import { OrdersService } from './orders/orders.service.js';
import { ProductsController } from './products/products.controller.js';
import { ProductsRepository } from './products/products.repository.js';
import { ProductsService } from './products/products.service.js';
import { ReferencesService } from './shared/references.service.js';
import { SubscriptionsController } from './subscriptions/subscriptions.controller.js';
import { SubscriptionsRepository } from './subscriptions/subscriptions.repository.js';
import { SubscriptionsService } from './subscriptions/subscriptions.service.js';

/** Products, customers, members, subscriptions, orders and checkouts. */
@Module({
  imports: [SeatsModule],
  controllers: [
    CheckoutsController,
    CustomersController,
    MembersController,
    OrdersController,
    ProductsController,
    SubscriptionsController,
  ],
  providers: [
    CheckoutsRepository,
    CheckoutsService,
    ClientSecrets,
    CustomersRepository,
    CustomersService,
    MembersRepository,
    MembersService,
    OrdersRepository,
    OrdersService,
    ProductsRepository,
    ProductsService,
    ReferencesService,
    SubscriptionsRepository,
    SubscriptionsService,
  ],
  exports: [
    CheckoutsService,
    CustomersService,
    MembersService,
    OrdersService,
    ProductsService,
    SubscriptionsService,
  ],
})
export class PurchasesModule {}
