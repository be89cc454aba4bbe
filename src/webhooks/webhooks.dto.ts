import {
  BooleanProperty,
  DateTimeProperty,
  EnumProperty,
  IntegerProperty,
  TextProperty,
  UuidProperty,
  EnumListProperty,
} from '../platform/http/response-properties.js';
import { DEFAULT_EVENTS } from './webhook.js';
import type { WebhookDelivery } from '../generated/prisma/client.js';
import { EVENT_TYPES, type EventType } from '../events/event.js';
import {
  BooleanField,
  DateTimeField,
  ListField,
  TextField,
  UrlField,
  UuidField,
} from '../platform/http/request-fields.js';
import { StrictBody } from '../platform/http/validation.pipe.js';
import { PageOf, PageQuery } from '../platform/http/pagination.js';
import type { EndpointRow } from './endpoints.repository.js';
import type { EndpointWithSecret, Queued } from './endpoints.service.js';
import { EXAMPLE } from '../platform/http/examples.js';
import { BodyExamples } from '../platform/http/openapi.decorators.js';

const URL_FIELD = {
  description:
    'Where deliveries are sent. In production it must be https. Private, link-local and reserved ' +
    'addresses are refused.',
  example: 'https://shop.example.com/webhooks',
};
const EVENTS_FIELD = { of: EVENT_TYPES, min: 1, max: EVENT_TYPES.length };

export class CreateEndpoint {
  @UrlField({ ...URL_FIELD, required: true })
  url: string;

  @ListField({
    ...EVENTS_FIELD,
    description:
      'The event types to send. By default assigned, claimed and revoked, which every client knows.',
  })
  events?: EventType[];

  @TextField({ description: 'A note for yourself.', printable: 'lines' })
  description?: string;

  @TextField({
    description: '`whsec_` and the base64 of 24 to 64 bytes. Generated if absent.',
    secret: true,
  })
  secret?: string;
}

@BodyExamples({ 'Types and a note': { events: [...DEFAULT_EVENTS], description: 'The shop' } })
export class UpdateEndpoint extends StrictBody {
  @UrlField({ ...URL_FIELD, refuseNull: true })
  url?: string;

  @ListField({ ...EVENTS_FIELD, description: 'The event types to send.', refuseNull: true })
  events?: EventType[];

  @TextField({ description: 'A note for yourself.', nullable: true, printable: 'lines' })
  description?: string | null;

  @BooleanField({
    description:
      'False: nothing is sent until it is enabled again. True also clears `disabled_reason`.',
    refuseNull: true,
  })
  enabled?: boolean;
}

export class RotateSecret extends StrictBody {
  static readonly optional = true;

  @TextField({
    description: '`whsec_` and the base64 of 24 to 64 bytes. Generated if absent.',
    secret: true,
    refuseNull: true,
  })
  secret?: string;
}

export class EndpointParams {
  @UuidField({
    description: 'The id of the endpoint.',
    required: true,
    version4: true,
    example: EXAMPLE.endpoint,
  })
  id: string;
}

export class EventParams {
  @UuidField({
    description: 'The id of the event.',
    required: true,
    version4: true,
    example: EXAMPLE.event,
  })
  id: string;
}

export class EndpointDto {
  @UuidProperty('The id of the endpoint.', { example: EXAMPLE.endpoint })
  id: string;

  @TextProperty('Where deliveries are sent.', { format: 'uri', example: URL_FIELD.example })
  url: string;

  @TextProperty('Your note about the endpoint.', { nullable: true, example: 'The shop' })
  description: string | null;

  @EnumListProperty(EVENT_TYPES, 'The event types that are sent to it.', {
    example: DEFAULT_EVENTS,
  })
  events: string[];

  @BooleanProperty('Whether anything is sent.')
  enabled: boolean;

  @TextProperty('Why the service disabled it: a 410 response, or 5 days without a success.', {
    nullable: true,
    example: null,
  })
  disabled_reason: string | null;

  @DateTimeProperty('When it was created.')
  created_at: string;

  @DateTimeProperty('Null until the first change.', { nullable: true })
  modified_at: string | null;

  static from(row: EndpointRow): EndpointDto {
    const { id, url, description, events, enabled, disabled_reason } = row;
    return {
      id,
      url,
      description,
      events,
      enabled,
      disabled_reason,
      created_at: row.created_at.toISOString(),
      modified_at: row.modified_at?.toISOString() ?? null,
    };
  }
}

export class EndpointWithSecretDto extends EndpointDto {
  @TextProperty(
    'Signs the deliveries. It is shown once; replays of the request contain null instead.',
    { nullable: true, example: 'whsec_…' },
  )
  secret: string;

  static fromNew(row: EndpointWithSecret): EndpointWithSecretDto {
    return { ...EndpointDto.from(row), secret: row.secret };
  }
}

export class EndpointPage extends PageOf(EndpointDto) {}

export class ListDeliveries extends PageQuery {
  @UuidField({ description: 'Only deliveries to this endpoint.', version4: true })
  endpoint_id?: string;

  @ListField({
    description: 'Only deliveries of these event types. May be repeated.',
    of: EVENT_TYPES,
    max: EVENT_TYPES.length,
    single: true,
  })
  event_type?: EventType[];

  @BooleanField({ description: 'Only those that succeeded, or only those that did not.' })
  succeeded?: boolean;

  @DateTimeField({ description: 'Only deliveries at or after this time.' })
  start_timestamp?: Date;

  @DateTimeField({ description: 'Only deliveries before this time.' })
  end_timestamp?: Date;
}

export class DeliveryDto {
  @UuidProperty('The id of this attempt.', { example: EXAMPLE.delivery })
  id: string;

  @UuidProperty('The id of the event; the `webhook-id` of every attempt.')
  event_id: string;

  @EnumProperty(EVENT_TYPES, 'The type of the event.')
  event_type: string;

  @UuidProperty('The endpoint.')
  endpoint_id: string;

  @IntegerProperty(
    'The number of the attempt, from 1. It restarts at 1 when the event is sent again.',
    {
      example: 1,
    },
  )
  attempt: number;

  @BooleanProperty('Whether the receiver answered 2xx within 10 seconds.')
  succeeded: boolean;

  @IntegerProperty('The HTTP status of the response.', { nullable: true, example: 200 })
  http_code: number | null;

  @TextProperty('The first 2 KiB of the response.', { nullable: true, example: 'OK' })
  response: string | null;

  @TextProperty('Why there was no response: a network error, or a refused address.', {
    nullable: true,
    example: null,
  })
  error: string | null;

  @IntegerProperty('How long it took, in milliseconds.', { example: 85 })
  duration_ms: number;

  @DateTimeProperty('When the attempt was made.')
  created_at: string;

  @DateTimeProperty(
    'When the next attempt is due; null after a success or the last attempt. Nothing is sent ' +
      'while the endpoint is disabled.',
    { nullable: true },
  )
  next_attempt_at: string | null;

  static from(row: WebhookDelivery): DeliveryDto {
    const { organization_id: _tenant, ...shown } = row;
    return {
      ...shown,
      created_at: row.created_at.toISOString(),
      next_attempt_at: row.next_attempt_at?.toISOString() ?? null,
    };
  }
}

export class DeliveryPage extends PageOf(DeliveryDto) {}

export class QueuedDto implements Queued {
  @UuidProperty('The `webhook-id` of the deliveries.')
  event_id: string;

  @IntegerProperty('The number of endpoints that it is sent to.', { example: 1 })
  endpoints: number;
}
