import { Module } from '@nestjs/common';
import { DeliveriesService } from './deliveries.service.js';
import { Deliverer } from './deliverer.js';
import { EndpointsRepository } from './endpoints.repository.js';
import { EndpointsService } from './endpoints.service.js';
import { WebhooksController } from './webhooks.controller.js';
import { WebhooksRepository } from './webhooks.repository.js';

@Module({
  controllers: [WebhooksController],
  providers: [DeliveriesService, EndpointsRepository, EndpointsService, WebhooksRepository],
  exports: [EndpointsService],
})
export class WebhooksModule {}

/** The part of webhooks that works in the worker. */
@Module({ providers: [Deliverer, WebhooksRepository], exports: [Deliverer, WebhooksRepository] })
export class WebhookDeliveryModule {}
