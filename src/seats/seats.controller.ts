import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  BadRequest,
  CustomerNotFound,
  MemberNotFound,
  NotPermitted,
  RequestValidationError,
  ResourceNotFound,
  TooManyRequests,
} from '../platform/errors.js';
import type { Caller } from '../platform/caller.js';
import { CurrentCaller, Scope } from '../platform/http/access.js';
import { ApiErrors } from '../platform/http/openapi.decorators.js';
import { BulkAssignDto, BulkAssignedDto } from './assign/bulk-assign.dto.js';
import { BulkRevokeDto, BulkRevokedDto } from './revoke/bulk-revoke.dto.js';
import {
  BulkAssignmentFailed,
  FeatureNotEnabled,
  InvalidInvitationToken,
  InvalidSeatAssignmentRequest,
  MemberEmailMismatch,
  SeatAlreadyAssigned,
  SeatAlreadyRevoked,
  SeatNotAvailable,
  SeatNotPending,
} from './seats.errors.js';
import {
  AssignedSeatDto,
  AssignmentDto,
  AssignSeatDto,
  IncludeQuery,
} from './assign/assign.dto.js';
import {
  CustomerSeatDto,
  ListSeatsQuery,
  SeatParams,
  SeatsListDto,
  UpdateSeatDto,
} from './seats.dto.js';
import { SeatsService } from './seats.service.js';

// 10 MiB, and 40 values for each of 10,000 items. That is more than a recipient with metadata needs.
const BULK_BODY = { bodyLimit: 10 * 1024 * 1024, maxValues: 400_000 };

const ASSIGNMENT_ERRORS = [
  SeatNotAvailable,
  SeatAlreadyAssigned,
  MemberEmailMismatch,
  InvalidSeatAssignmentRequest,
  FeatureNotEnabled,
  CustomerNotFound,
  MemberNotFound,
];

@ApiTags('Customer seats')
@Controller('v1/customer-seats')
export class SeatsController {
  constructor(private readonly seats: SeatsService) {}

  @Post()
  @HttpCode(200)
  @Scope('customer_seats:write')
  @ApiOperation({
    operationId: 'assignSeat',
    summary: 'Assign a seat',
    description:
      'Assigns a free seat of a subscription or an order to a person. The seat is pending until ' +
      'the person claims it with the link of the invitation mail, unless `immediate_claim` is set. ' +
      'A pool never has more pending and claimed seats than were bought.\n\n' +
      '| The request names | by exactly one of |\n|---|---|\n' +
      '| the container | `subscription_id`, `order_id`, `checkout_id` |\n' +
      '| the person | `email`, `customer_id`, `external_customer_id`, `member_id`, ' +
      '`external_member_id` (this one may go with `email`) |',
  })
  @ApiOkResponse({ type: AssignedSeatDto })
  @ApiErrors(...ASSIGNMENT_ERRORS, NotPermitted, ResourceNotFound, RequestValidationError)
  async assign(
    @CurrentCaller() caller: Caller,
    @Query() query: IncludeQuery,
    @Body() body: AssignSeatDto,
  ): Promise<AssignedSeatDto> {
    return AssignedSeatDto.fromAssigned(await this.seats.assign(caller, body, body), query);
  }

  @Get()
  @Scope('customer_seats:read')
  @ApiOperation({
    operationId: 'listSeats',
    summary: 'List seats',
    description:
      'Lists the seats of a subscription or an order, oldest first. Revoked seats are included.',
  })
  @ApiOkResponse({ type: SeatsListDto })
  @ApiErrors(BadRequest, FeatureNotEnabled, ResourceNotFound, RequestValidationError)
  async list(
    @CurrentCaller() caller: Caller,
    @Query() query: ListSeatsQuery,
  ): Promise<SeatsListDto> {
    return SeatsListDto.from(await this.seats.list(caller, query, query));
  }

  @Get(':seat_id')
  @Scope('customer_seats:read')
  @ApiOperation({ operationId: 'getSeat', summary: 'Get a seat' })
  @ApiOkResponse({ type: CustomerSeatDto })
  @ApiErrors(FeatureNotEnabled, ResourceNotFound, RequestValidationError)
  async get(
    @CurrentCaller() caller: Caller,
    @Param() { seat_id }: SeatParams,
  ): Promise<CustomerSeatDto> {
    return CustomerSeatDto.from(await this.seats.find(caller, seat_id));
  }

  @Patch(':seat_id')
  @Scope('customer_seats:write')
  @ApiOperation({
    operationId: 'updateSeat',
    summary: 'Change the metadata of a seat',
  })
  @ApiOkResponse({ type: CustomerSeatDto })
  @ApiErrors(SeatAlreadyRevoked, FeatureNotEnabled, ResourceNotFound, RequestValidationError)
  async update(
    @CurrentCaller() caller: Caller,
    @Param() { seat_id }: SeatParams,
    @Body() { metadata }: UpdateSeatDto,
  ): Promise<CustomerSeatDto> {
    const wanted = metadata === null ? {} : metadata;
    return CustomerSeatDto.from(await this.seats.changeMetadata(caller, seat_id, wanted));
  }

  @Delete(':seat_id')
  @Scope('customer_seats:write')
  @ApiOperation({
    operationId: 'revokeSeat',
    summary: 'Revoke a seat',
    description:
      'Removes the person from the seat, so that another seat can be assigned. A second request ' +
      'returns the same response and emits no event.',
  })
  @ApiOkResponse({ type: CustomerSeatDto })
  @ApiErrors(FeatureNotEnabled, ResourceNotFound, RequestValidationError)
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
    operationId: 'resendInvitation',
    summary: 'Send the invitation again',
    description:
      'Renews the invitation of a pending seat with a new token and a new expiry, and mails it. ' +
      'The old link stops working at once. By default, an invitation can be resent once every 60 seconds.',
  })
  @ApiOkResponse({ type: AssignedSeatDto })
  @ApiErrors(
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
    @Query() query: IncludeQuery,
  ): Promise<AssignedSeatDto> {
    return AssignedSeatDto.fromAssigned(await this.seats.resend(caller, seat_id), query);
  }

  @Post(':seat_id/replace')
  @HttpCode(200)
  @Scope('customer_seats:write')
  @ApiOperation({
    operationId: 'replaceSeat',
    summary: 'Replace the person on a seat',
    description:
      'Revokes the seat and assigns a new seat to another person in one step, so that nobody else ' +
      'can take it in between. Returns the new seat.',
  })
  @ApiOkResponse({ type: AssignedSeatDto })
  @ApiErrors(...ASSIGNMENT_ERRORS, SeatAlreadyRevoked, ResourceNotFound, RequestValidationError)
  async replace(
    @CurrentCaller() caller: Caller,
    @Param() { seat_id }: SeatParams,
    @Query() query: IncludeQuery,
    @Body() body: AssignmentDto,
  ): Promise<AssignedSeatDto> {
    return AssignedSeatDto.fromAssigned(await this.seats.replace(caller, seat_id, body), query);
  }

  @Post('bulk')
  @HttpCode(200)
  @Scope('customer_seats:write', BULK_BODY)
  @ApiOperation({
    operationId: 'bulkAssignSeats',
    summary: 'Assign many seats',
    description:
      'Assigns seats of one container to up to 10,000 people. The items are processed in order, ' +
      'like separate requests. Failed items are in `failed`, with the error that a separate ' +
      'request would return. With `mode: "atomic"`, a failed item causes a 400, and nothing is ' +
      'changed.',
  })
  @ApiOkResponse({ type: BulkAssignedDto })
  @ApiErrors(
    BulkAssignmentFailed,
    FeatureNotEnabled,
    NotPermitted,
    ResourceNotFound,
    RequestValidationError,
  )
  async assignMany(
    @CurrentCaller() caller: Caller,
    @Query() query: IncludeQuery,
    @Body() body: BulkAssignDto,
  ): Promise<BulkAssignedDto> {
    const atomic = body.mode === 'atomic';
    const result = await this.seats.assignMany(caller, body, body.seats, { atomic });
    return BulkAssignedDto.from(result, query);
  }

  @Post('bulk-revoke')
  @HttpCode(200)
  @Scope('customer_seats:write', BULK_BODY)
  @ApiOperation({
    operationId: 'bulkRevokeSeats',
    summary: 'Revoke many seats',
    description:
      'Revokes seats by `seat_ids`, or seats of a container by `emails` or `all: true`. An id or ' +
      'e-mail without a seat does not affect the others. A seat that was already revoked is in ' +
      '`seats`, but not in `revoked_count`.',
  })
  @ApiOkResponse({ type: BulkRevokedDto })
  @ApiErrors(FeatureNotEnabled, NotPermitted, ResourceNotFound, RequestValidationError)
  async revokeMany(
    @CurrentCaller() caller: Caller,
    @Body() body: BulkRevokeDto,
  ): Promise<BulkRevokedDto> {
    return BulkRevokedDto.from(await this.seats.revokeMany(caller, body));
  }
}
