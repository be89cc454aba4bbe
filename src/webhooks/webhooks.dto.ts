import {
  ShownBoolean,
  ShownDateTime,
  ShownEnum,
  ShownInteger,
  ShownText,
  ShownUuid,
  ShownEnums,
} from '../platform/http/answers.js';
import { DEFAULT_EVENTS } from './webhook.js';
import type { webhook_deliveries } from '../generated/prisma/client.js';
import { EVENT_TYPES, type EventType } from '../events/event.js';
import {
  BooleanField,
  DateTimeField,
  ListField,
  TextField,
  UuidField,
} from '../platform/http/fields.js';
import { StrictBody } from '../platform/http/validation.pipe.js';
import { PageOf, PageQuery } from '../platform/http/pages.js';
import type { EndpointRow } from './endpoints.repository.js';
import type { EndpointWithSecret, Queued } from './endpoints.service.js';

const URL_FIELD = {
  description:
    'Where deliveries are sent. https only in production; never to a private, link-local or ' +
    'reserved address.',
  example: 'https://shop.example.com/webhooks',
  max: 2048,
};
const EVENTS_FIELD = { of: EVENT_TYPES, min: 1, max: EVENT_TYPES.length };

export class CreateEndpoint {
  @TextField({ ...URL_FIELD, required: true })
  url: string;

  @ListField({
    ...EVENTS_FIELD,
    description:
      'The types of events. By default assigned, claimed and revoked, which every client knows.',
  })
  events?: EventType[];

  @TextField({ description: 'A note of yours.' })
  description?: string;

  @TextField({
    description: '`whsec_` and the base64 of 24 to 64 bytes. Made by us if absent.',
    secret: true,
  })
  secret?: string;
}

export class UpdateEndpoint extends StrictBody {
  @TextField({ ...URL_FIELD, refuseNull: true })
  url?: string;

  @ListField({ ...EVENTS_FIELD, description: 'The types of events.', refuseNull: true })
  events?: EventType[];

  @TextField({ description: 'A note of yours.', nullable: true })
  description?: string | null;

  @BooleanField({
    description:
      'False: nothing is sent until it is enabled again. True also forgets why it was disabled.',
    refuseNull: true,
  })
  enabled?: boolean;
}

export class RotateSecret extends StrictBody {
  static readonly optional = true;

  @TextField({
    description: '`whsec_` and the base64 of 24 to 64 bytes. Made by us if absent.',
    secret: true,
    refuseNull: true,
  })
  secret?: string;
}

export class EndpointParams {
  @UuidField({ description: 'The id of the endpoint.', required: true, version4: true })
  id: string;
}

export class EventParams {
  @UuidField({ description: 'The id of the event.', required: true, version4: true })
  id: string;
}

export class EndpointDto {
  @ShownUuid('The id of the endpoint.')
  id: string;

  @ShownText('Where deliveries are sent.', { format: 'uri', example: URL_FIELD.example })
  url: string;

  @ShownText('A note of yours.', { nullable: true, example: 'The shop' })
  description: string | null;

  @ShownEnums(EVENT_TYPES, 'The types of events it wants.', { example: DEFAULT_EVENTS })
  events: string[];

  @ShownBoolean('Whether anything is sent.')
  enabled: boolean;

  @ShownText('Why the service has disabled it: 410, or 5 days without a success.', {
    nullable: true,
    example: null,
  })
  disabled_reason: string | null;

  @ShownDateTime('When it was created.')
  created_at: string;

  @ShownDateTime('Null until the first change.', { nullable: true })
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
  @ShownText('Signs the deliveries. It is not shown again.', { example: 'whsec_…' })
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
    description: 'Only deliveries of these types of events. May be repeated.',
    of: EVENT_TYPES,
    max: EVENT_TYPES.length,
    single: true,
  })
  event_type?: EventType[];

  @BooleanField({ description: 'Only those that succeeded, or only those that did not.' })
  succeeded?: boolean;

  @DateTimeField({ description: 'Only deliveries from then on.' })
  start_timestamp?: Date;

  @DateTimeField({ description: 'Only deliveries before.' })
  end_timestamp?: Date;
}

export class DeliveryDto {
  @ShownUuid('The id of this try.')
  id: string;

  @ShownUuid('The event; the `webhook-id` of every try.')
  event_id: string;

  @ShownEnum(EVENT_TYPES, 'The type of the event.')
  event_type: string;

  @ShownUuid('The endpoint.')
  endpoint_id: string;

  @ShownInteger('Which try this was, from 1; from 1 again when the event is sent again.', {
    example: 1,
  })
  attempt: number;

  @ShownBoolean('Whether the receiver answered 2xx within 10 seconds.')
  succeeded: boolean;

  @ShownInteger('The status of the answer.', { nullable: true, example: 200 })
  http_code: number | null;

  @ShownText('The first 2 KiB of the answer.', { nullable: true, example: 'OK' })
  response: string | null;

  @ShownText('Why there was no answer: the network’s error, or that the address is refused.', {
    nullable: true,
    example: null,
  })
  error: string | null;

  @ShownInteger('How long it took, in milliseconds.', { example: 85 })
  duration_ms: number;

  @ShownDateTime('When it was tried.')
  created_at: string;

  @ShownDateTime(
    'When it is tried again; null after a success or the last try. Not before the endpoint is ' +
      'enabled.',
    { nullable: true },
  )
  next_attempt_at: string | null;

  static from(row: webhook_deliveries): DeliveryDto {
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
  @ShownUuid('The `webhook-id` that it is sent under.')
  event_id: string;

  @ShownInteger('To how many endpoints it is sent.', { example: 1 })
  endpoints: number;
}
