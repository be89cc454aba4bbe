import {
  ShownDateTime,
  ShownEnum,
  ShownList,
  ShownMetadata,
  ShownObject,
  ShownText,
  ShownUuid,
} from '../platform/http/answers.js';
import { EXAMPLE_ID } from '../platform/http/docs.js';
import type { Actor } from '../platform/http/access.js';
import {
  EnumField,
  IntegerField,
  ListField,
  TextField,
  UuidField,
} from '../platform/http/fields.js';
import { REVOKE_REASONS } from '../seats/seat.js';
import { CustomerSeatDto } from '../seats/seats.dto.js';
import { EVENT_TYPES, type EventType } from './event.js';
import type { SeatRow } from '../seats/seats.rows.js';
import type { EventFilters, EventRow } from './events.repository.js';
import type { EventPage, PageKeys } from './events.service.js';

export class EventPageQuery implements PageKeys {
  @IntegerField({ description: 'Events a page.', default: 100, min: 1, max: 1000 })
  limit?: number;

  @TextField({ description: 'The `next_cursor` of the page before.', max: 1000 })
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
  @ShownEnum(['token', 'session', 'invitation', 'system'], 'What kind of actor.')
  type: Actor['type'];

  @ShownText('The id of the token, the session, or the seat that was invited to.', {
    nullable: true,
    example: EXAMPLE_ID,
  })
  id: string | null;
}

export class EventDto {
  @ShownUuid('The id of the event; webhooks carry it as `webhook-id`.')
  id: string;

  @ShownEnum(EVENT_TYPES, 'What happened.')
  type: EventType;

  @ShownDateTime('When it happened.')
  created_at: string;

  @ShownObject(ActorDto, 'Who did it.')
  actor: ActorDto;

  @ShownText('The `X-Request-Id` that caused it.', { nullable: true, example: EXAMPLE_ID })
  request_id: string | null;

  @ShownEnum(REVOKE_REASONS, 'Why a seat was revoked.', { nullable: true })
  reason: string | null;

  @ShownUuid('The seat that took the place of a replaced one.', { nullable: true })
  replaced_by: string | null;

  @ShownUuid('The seat.', { nullable: true })
  seat_id: string | null;

  @ShownUuid('The subscription.', { nullable: true })
  subscription_id: string | null;

  @ShownUuid('The order.', { nullable: true })
  order_id: string | null;

  @ShownMetadata(
    'The object as it was right after: of `customer_seat.*` a CustomerSeat, for `revoked` with ' +
      'the person it had.',
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

/** What an event shows of its object: the wire's form of the row that it kept. */
export function eventData({
  seat_id,
  data,
}: Pick<EventRow, 'seat_id' | 'data'>): Record<string, unknown> {
  if (seat_id !== null) return { ...CustomerSeatDto.from(data as SeatRow) };
  const { seat_id: _none, pool_id: _inner, ...shown } = data as Record<string, unknown>;
  return shown;
}

export class EventsListDto {
  @ShownList(EventDto, 'The events of this page.')
  items: EventDto[];

  @ShownText('Where the next page starts; null at the end.', { nullable: true, example: null })
  next_cursor: string | null;

  static from({ items, next_cursor }: EventPage): EventsListDto {
    return { items: items.map(EventDto.from), next_cursor };
  }
}
