import {
  DateTimeProperty,
  EnumProperty,
  ListProperty,
  MetadataProperty,
  ObjectProperty,
  TextProperty,
  UuidProperty,
} from '../platform/http/response-properties.js';
import { EXAMPLE_ID } from '../platform/http/openapi.decorators.js';
import type { Actor } from '../platform/caller.js';
import {
  EnumField,
  IntegerField,
  ListField,
  TextField,
  UuidField,
} from '../platform/http/request-fields.js';
import { REVOKE_REASONS } from '../seats/seat.js';
import { CustomerSeatDto } from '../seats/seats.dto.js';
import { EVENT_TYPES, type EventType } from './event.js';
import type { SeatRow } from '../seats/seats.sql.js';
import type { EventFilters, EventRow } from './events.repository.js';
import type { EventPage, PageKeys } from './events.service.js';
import { EXAMPLE } from '../platform/http/examples.js';

export class EventPageQuery implements PageKeys {
  @IntegerField({ description: 'Events per page.', default: 100, min: 1, max: 1000 })
  limit?: number;

  @TextField({ description: 'The `next_cursor` of the previous page.', max: 1000 })
  cursor?: string;
}

export class ListEventsQuery extends EventPageQuery implements EventFilters {
  @ListField({
    description: 'Only events of these types. May be repeated.',
    of: EVENT_TYPES,
    max: EVENT_TYPES.length,
    single: true,
  })
  type?: EventType[];

  @UuidField({ description: 'Only events of this seat.', version4: true })
  seat_id?: string;

  @UuidField({ description: 'Only events of this subscription.', version4: true })
  subscription_id?: string;

  @UuidField({ description: 'Only events of this order.', version4: true })
  order_id?: string;

  @EnumField(['asc', 'desc'], { description: 'Oldest or newest first.', default: 'asc' })
  order?: 'asc' | 'desc';
}

export class ActorDto {
  @EnumProperty(['token', 'session', 'invitation', 'system'], 'The kind of actor.')
  type: Actor['type'];

  @TextProperty(
    'The id of the token, of the session, or of the seat that the invitation was for.',
    {
      nullable: true,
      example: EXAMPLE.token,
    },
  )
  id: string | null;
}

export class EventDto {
  @UuidProperty('The id of the event; webhooks carry it as `webhook-id`.', {
    example: EXAMPLE.event,
  })
  id: string;

  @EnumProperty(EVENT_TYPES, 'What happened.')
  type: EventType;

  @DateTimeProperty('When it happened.')
  created_at: string;

  @ObjectProperty(ActorDto, 'Who did it.')
  actor: ActorDto;

  @TextProperty('The `X-Request-Id` of the request that caused it.', {
    nullable: true,
    example: EXAMPLE_ID,
  })
  request_id: string | null;

  @TextProperty(
    `Why a seat was revoked (${REVOKE_REASONS.join(', ')}), or why the mail server refused an ` +
      'invitation: its reply code, then its enhanced status code if there is one; `smtputf8` if it ' +
      'does not support the address.',
    { nullable: true, example: null },
  )
  reason: string | null;

  @UuidProperty('The seat that replaced this one.', { nullable: true })
  replaced_by: string | null;

  @UuidProperty('The seat.', { nullable: true })
  seat_id: string | null;

  @UuidProperty('The subscription.', { nullable: true })
  subscription_id: string | null;

  @UuidProperty('The order.', { nullable: true })
  order_id: string | null;

  @MetadataProperty(
    'The object as it was right after the event. For `customer_seat.*` it is a CustomerSeat, and ' +
      'for `revoked` it still contains the person who held the seat.',
  )
  data: Record<string, unknown>;

  static from(row: EventRow): EventDto {
    const { id, type, request_id, reason, replaced_by, seat_id, subscription_id, order_id } = row;
    return {
      id,
      type,
      created_at: row.created_at.toISOString(),
      actor: { type: row.actor_type, id: row.actor_id },
      request_id,
      reason,
      replaced_by,
      seat_id,
      subscription_id,
      order_id,
      data: eventData(row),
    };
  }
}

/** The object of an event as the API shows it. */
export function eventData({
  seat_id,
  data,
}: Pick<EventRow, 'seat_id' | 'data'>): Record<string, unknown> {
  if (seat_id !== null) return { ...CustomerSeatDto.from(data as SeatRow) };
  const { seat_id: _none, pool_id: _inner, ...shown } = data as Record<string, unknown>;
  return shown;
}

export class EventsListDto {
  @ListProperty(EventDto, 'The events of this page.')
  items: EventDto[];

  @TextProperty('Where the next page starts; null at the end.', { nullable: true, example: null })
  next_cursor: string | null;

  static from({ items, next_cursor }: EventPage): EventsListDto {
    return { items: items.map(EventDto.from), next_cursor };
  }
}
