import { ApiProperty } from '@nestjs/swagger';
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
  @ApiProperty({
    enum: ['token', 'session', 'invitation', 'system'],
    description: 'What kind of actor.',
  })
  type: Actor['type'];

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The id of the token, the session, or the seat that was invited to.',
  })
  id: string | null;
}

export class EventDto {
  @ApiProperty({
    format: 'uuid',
    description: 'The id of the event; webhooks carry it as `webhook-id`.',
  })
  id: string;

  @ApiProperty({ enum: EVENT_TYPES, description: 'What happened.' })
  type: EventType;

  @ApiProperty({ format: 'date-time', description: 'When it happened.' })
  created_at: string;

  @ApiProperty({ type: ActorDto, description: 'Who did it.' })
  actor: ActorDto;

  @ApiProperty({ type: String, nullable: true, description: 'The `X-Request-Id` that caused it.' })
  request_id: string | null;

  @ApiProperty({
    type: String,
    enum: REVOKE_REASONS,
    nullable: true,
    description: 'Why a seat was revoked.',
  })
  reason: string | null;

  @ApiProperty({
    type: String,
    format: 'uuid',
    nullable: true,
    description: 'The seat that took the place of a replaced one.',
  })
  replaced_by: string | null;

  @ApiProperty({ type: String, format: 'uuid', nullable: true, description: 'The seat.' })
  seat_id: string | null;

  @ApiProperty({ type: String, format: 'uuid', nullable: true, description: 'The subscription.' })
  subscription_id: string | null;

  @ApiProperty({ type: String, format: 'uuid', nullable: true, description: 'The order.' })
  order_id: string | null;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    description:
      'The object as it was right after: of `customer_seat.*` a CustomerSeat, for `revoked` with ' +
      'the person it had.',
  })
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
  @ApiProperty({ type: [EventDto], description: 'The events of this page.' })
  items: EventDto[];

  @ApiProperty({ type: String, nullable: true, description: 'Null at the end.' })
  next_cursor: string | null;

  static from({ items, next_cursor }: EventPage): EventsListDto {
    return { items: items.map(EventDto.from), next_cursor };
  }
}
