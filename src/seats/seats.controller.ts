import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  BadRequest,
  NotPermitted,
  RequestValidationError,
  ResourceNotFound,
  TooManyRequests,
} from '../platform/errors.js';
import { type Caller, CurrentCaller, Scope } from '../platform/http/access.js';
import { Fails } from '../platform/http/docs.js';
import {
  CustomerNotFound,
  FeatureNotEnabled,
  InvalidInvitationToken,
  InvalidSeatAssignmentRequest,
  MemberEmailMismatch,
  MemberNotFound,
  SeatAlreadyAssigned,
  SeatNotAvailable,
  SeatNotPending,
} from './seats.errors.js';
import {
  AssignSeatDto,
  CustomerSeatDto,
  ListSeatsQuery,
  SeatParams,
  SeatsListDto,
} from './seats.dto.js';
import { SeatsService } from './seats.service.js';

@ApiTags('Customer seats')
@Controller('v1/customer-seats')
export class SeatsController {
  constructor(private readonly seats: SeatsService) {}

  @Post()
  @HttpCode(200)
  @Scope('customer_seats:write')
  @ApiOperation({
    operationId: 'customer_seats:assign_seat',
    summary: 'Assign a seat',
    description:
      'Gives a free seat of a subscription or an order to a person. The seat is pending and an ' +
      'invitation is mailed, unless `immediate_claim` is set. A pool never holds more pending and ' +
      'claimed seats than were bought.',
  })
  @ApiOkResponse({ type: CustomerSeatDto })
  @Fails(
    SeatNotAvailable,
    SeatAlreadyAssigned,
    MemberEmailMismatch,
    InvalidSeatAssignmentRequest,
    FeatureNotEnabled,
    NotPermitted,
    ResourceNotFound,
    CustomerNotFound,
    MemberNotFound,
    RequestValidationError,
  )
  async assign(
    @CurrentCaller() caller: Caller,
    @Body() body: AssignSeatDto,
  ): Promise<CustomerSeatDto> {
    return CustomerSeatDto.from(await this.seats.assign(caller, body, body.assignment()));
  }

  @Get()
  @Scope('customer_seats:read')
  @ApiOperation({
    operationId: 'customer_seats:list_seats',
    summary: 'List seats',
    description: 'The seats of a subscription or an order, revoked ones included, oldest first.',
  })
  @ApiOkResponse({ type: SeatsListDto })
  @Fails(BadRequest, FeatureNotEnabled, ResourceNotFound, RequestValidationError)
  async list(
    @CurrentCaller() caller: Caller,
    @Query() query: ListSeatsQuery,
  ): Promise<SeatsListDto> {
    return SeatsListDto.from(await this.seats.list(caller, query));
  }

  @Delete(':seat_id')
  @Scope('customer_seats:write')
  @ApiOperation({
    operationId: 'customer_seats:revoke_seat',
    summary: 'Revoke a seat',
    description:
      'Takes the seat from its person; the place is free again. Revoking a revoked seat gives the ' +
      'same answer and tells nobody again.',
  })
  @ApiOkResponse({ type: CustomerSeatDto })
  @Fails(FeatureNotEnabled, ResourceNotFound, RequestValidationError)
  async revoke(
    @CurrentCaller() caller: Caller,
    @Param() { seat_id }: SeatParams,
  ): Promise<CustomerSeatDto> {
    return CustomerSeatDto.from(await this.seats.revoke(caller, seat_id));
  }

  @Post(':seat_id/resend')
  @HttpCode(200)
  @Scope('customer_seats:write')
  @ApiOperation({
    operationId: 'customer_seats:resend_invitation',
    summary: 'Send the invitation again',
    description:
      'Renews the invitation of a pending seat: a new token, a new expiry, a new mail. The old ' +
      'link is dead from that moment. Two resends of one seat need 60 seconds between them.',
  })
  @ApiOkResponse({ type: CustomerSeatDto })
  @Fails(
    SeatNotPending,
    InvalidInvitationToken,
    FeatureNotEnabled,
    ResourceNotFound,
    RequestValidationError,
    TooManyRequests,
  )
  async resend(
    @CurrentCaller() caller: Caller,
    @Param() { seat_id }: SeatParams,
  ): Promise<CustomerSeatDto> {
    return CustomerSeatDto.from(await this.seats.resend(caller, seat_id));
  }
}
