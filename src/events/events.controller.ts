import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiExtraModels, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { RequestValidationError, ResourceNotFound } from '../platform/errors.js';
import type { Caller } from '../platform/caller.js';
import { CurrentCaller, Scope } from '../platform/http/access.js';
import { ApiErrors } from '../platform/http/openapi.decorators.js';
import { SeatParams } from '../seats/seats.dto.js';
import { FeatureNotEnabled } from '../seats/seats.errors.js';
import {
  DisabledEndpointDto,
  EventPageQuery,
  EventsListDto,
  ListEventsQuery,
  SeatsChangedDto,
  SeatsExhaustedDto,
} from './events.dto.js';
import { EventsService } from './events.service.js';

@ApiTags('Events')
@ApiExtraModels(SeatsChangedDto, SeatsExhaustedDto, DisabledEndpointDto)
@Controller('v1')
export class EventsController {
  constructor(private readonly events: EventsService) {}

  @Get('events')
  @Scope('events:read')
  @ApiOperation({
    operationId: 'listEvents',
    summary: 'List events',
    description:
      'Everything that has happened to seats, with the time and the actor. Oldest first; an event ' +
      'never comes before the event that caused it. A client that follows `next_cursor` misses no ' +
      'event, even while new ones are being written.',
  })
  @ApiOkResponse({ type: EventsListDto })
  @ApiErrors(RequestValidationError)
  async list(
    @CurrentCaller() caller: Caller,
    @Query() query: ListEventsQuery,
  ): Promise<EventsListDto> {
    return EventsListDto.from(await this.events.list(caller, query, query));
  }

  @Get('customer-seats/:seat_id/events')
  @Scope('customer_seats:read')
  @ApiOperation({
    operationId: 'listSeatEvents',
    summary: 'List the events of a seat',
    description: 'The events of one seat, with their times and actors; oldest first.',
  })
  @ApiOkResponse({ type: EventsListDto })
  @ApiErrors(FeatureNotEnabled, ResourceNotFound, RequestValidationError)
  async listOfSeat(
    @CurrentCaller() caller: Caller,
    @Param() { seat_id }: SeatParams,
    @Query() query: EventPageQuery,
  ): Promise<EventsListDto> {
    return EventsListDto.from(await this.events.listOfSeat(caller, seat_id, query));
  }
}
