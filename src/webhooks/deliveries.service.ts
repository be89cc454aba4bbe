import { Injectable } from '@nestjs/common';
import type { webhook_deliveries } from '../generated/prisma/client.js';
import type { EventType } from '../events/event.js';
import type { Caller } from '../platform/http/access.js';
import { type Page, type PageQuery, sliceOf } from '../platform/http/pages.js';
import { WebhooksRepository } from './webhooks.repository.js';

export interface DeliveryFilters {
  endpoint_id?: string;
  event_type?: EventType[];
  succeeded?: boolean;
  start_timestamp?: Date;
  end_timestamp?: Date;
}

/** Every try, as it went. */
@Injectable()
export class DeliveriesService {
  constructor(private readonly webhooks: WebhooksRepository) {}

  /** Newest first. */
  async page(
    caller: Caller,
    filters: DeliveryFilters,
    page: PageQuery,
  ): Promise<Page<webhook_deliveries>> {
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
    const rows = await this.webhooks.listDeliveries(where, sliceOf(page));
    return { rows, total: await this.webhooks.countDeliveries(where) };
  }
}
