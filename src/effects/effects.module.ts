import { Module } from '@nestjs/common';
import { EventsRepository } from '../events/events.repository.js';
import { InvitationsRepository } from '../invitations/invitations.repository.js';
import { IdempotencyPruner } from '../platform/http/idempotency.js';
import { MailModule } from '../platform/mail/mail.module.js';
import { JobQueue, QueueHealth } from '../platform/queue/queue.js';
import { PeriodEndsService } from '../purchases/subscriptions/period-ends.service.js';
import { SubscriptionsRepository } from '../purchases/subscriptions/subscriptions.repository.js';
import { SeatsCoreModule } from '../seats/seats.module.js';
import { WebhookDeliveryModule } from '../webhooks/webhooks.module.js';
import { EndpointDisabledMailHandler } from './endpoint-disabled-mail.handler.js';
import { InvitationMailHandler } from './invitation-mail.handler.js';
import type { EffectHandler } from './effects.js';
import { EffectsRepository } from './effects.repository.js';
import { EFFECT_HANDLERS, Processor } from './processor.js';
import { Relay } from './relay.js';
import { Retention } from './retention.js';
import { RetentionRepository } from './retention.repository.js';
import { WorkerLoops } from './worker-loops.js';

const HANDLERS = [EndpointDisabledMailHandler, InvitationMailHandler];

@Module({
  imports: [MailModule, WebhookDeliveryModule, SeatsCoreModule],
  providers: [
    EffectsRepository,
    ...HANDLERS,
    EventsRepository,
    IdempotencyPruner,
    InvitationsRepository,
    JobQueue,
    PeriodEndsService,
    { provide: QueueHealth, useExisting: JobQueue },
    {
      provide: EFFECT_HANDLERS,
      useFactory: (...handlers: EffectHandler[]) => handlers,
      inject: HANDLERS,
    },
    Processor,
    Relay,
    Retention,
    RetentionRepository,
    SubscriptionsRepository,
    WorkerLoops,
  ],
  exports: [JobQueue, Processor, QueueHealth, Relay, WorkerLoops],
})
export class EffectsModule {}
