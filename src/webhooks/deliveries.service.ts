import { Injectable } from '@nestjs/common';
import type { WebhookDelivery } from '../generated/prisma/client.js';
import type { EventType } from '../events/event.js';
import type { Caller } from '../platform/caller.js';
import { type Paginated, type PageQuery, skipAndTake } from '../platform/http/pagination.js';
import { WebhooksRepository } from './webhooks.repository.js';

export interface DeliveryFilters {
  endpoint_id?: string;
  event_type?: EventType[];
  succeeded?: boolean;
  start_timestamp?: Date;
  end_timestamp?: Date;
}

/** Lists delivery attempts and their results. */
@Injectable()
export class DeliveriesService {
  constructor(private readonly webhooks: WebhooksRepository) {}

  /** Newest first. */
  async page(
    caller: Caller,
    filters: DeliveryFilters,
    page: PageQuery,
  ): Promise<Paginated<WebhookDelivery>> {
    const { endpoint_id, event_type, succeeded, start_timestamp, end_timestamp } = filters;
    const where = {
      organization_id: caller.organizationId,
      ...(endpoint_id && { endpoint_id }),
      ...(event_type && { event_type: { in: event_type } }),
      ...(succeeded !== undefined && { succeeded }),
      created_at: {
        ...(start_timestamp && { gte: start_timestamp }),
        ...(end_timestamp && { lt: end_timestamp }),
      },
    };
    const rows = await this.webhooks.listDeliveries(where, skipAndTake(page));
    return { rows, total: await this.webhooks.countDeliveries(where) };
  }
}
