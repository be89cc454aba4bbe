import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
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
import { AssignmentsService } from './assignments.service.js';
import { BulkAssignDto, BulkAssignedDto, BulkRevokeDto, BulkRevokedDto } from './bulk.dto.js';
import {
  BulkAssignmentFailed,
  CustomerNotFound,
  FeatureNotEnabled,
  InvalidInvitationToken,
  InvalidSeatAssignmentRequest,
  MemberEmailMismatch,
  MemberNotFound,
  SeatAlreadyAssigned,
  SeatAlreadyRevoked,
  SeatNotAvailable,
  SeatNotPending,
} from './seats.errors.js';
import { AssignedSeatDto, AssignmentDto, AssignSeatDto, IncludeQuery } from './assignments.dto.js';
import {
  CustomerSeatDto,
  ListSeatsQuery,
  SeatParams,
  SeatsListDto,
  UpdateSeatDto,
} from './seats.dto.js';
import { SeatsService } from './seats.service.js';

const BULK_BODY_LIMIT = 10 * 1024 * 1024;

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
  constructor(
    private readonly assignments: AssignmentsService,
    private readonly seats: SeatsService,
  ) {}

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
  @ApiOkResponse({ type: AssignedSeatDto })
  @Fails(...ASSIGNMENT_ERRORS, NotPermitted, ResourceNotFound, RequestValidationError)
  async assign(
    @CurrentCaller() caller: Caller,
    @Query() query: IncludeQuery,
    @Body() body: AssignSeatDto,
  ): Promise<AssignedSeatDto> {
    const assigned = await this.assignments.assign(caller, body, body.assignment());
    return AssignedSeatDto.fromAssigned(assigned, query);
  }

  @Post('bulk')
  @HttpCode(200)
  @Scope('customer_seats:write', { bodyLimit: BULK_BODY_LIMIT })
  @ApiOperation({
    operationId: 'customer_seats:bulk_assign',
    summary: 'Assign many seats',
    description:
      'Up to 10,000 people of one container in one call, judged in order as if they were assigned ' +
      'one after the other. Who fails is in `failed` with the error that a single call would ' +
      'give; with `mode: "atomic"` any failure is a 400 and nothing is changed.',
  })
  @ApiOkResponse({ type: BulkAssignedDto })
  @Fails(
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
    const assignments = body.seats.map((item) => item.assignment());
    const atomic = body.mode === 'atomic';
    const result = await this.assignments.assignMany(caller, body, assignments, { atomic });
    return BulkAssignedDto.from(result, query);
  }

  @Post('bulk-revoke')
  @HttpCode(200)
  @Scope('customer_seats:write', { bodyLimit: BULK_BODY_LIMIT })
  @ApiOperation({
    operationId: 'customer_seats:bulk_revoke',
    summary: 'Revoke many seats',
    description:
      'By `seat_ids`, or in a container by `emails` or `all: true`. An id or e-mail without a seat ' +
      'fails alone; a seat that was revoked before is in `seats` and not counted.',
  })
  @ApiOkResponse({ type: BulkRevokedDto })
  @Fails(FeatureNotEnabled, NotPermitted, ResourceNotFound, RequestValidationError)
  async revokeMany(
    @CurrentCaller() caller: Caller,
    @Body() body: BulkRevokeDto,
  ): Promise<BulkRevokedDto> {
    return BulkRevokedDto.from(await this.seats.revokeMany(caller, body.revocation()));
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
    return SeatsListDto.from(await this.seats.list(caller, query, query));
  }

  @Get(':seat_id')
  @Scope('customer_seats:read')
  @ApiOperation({ operationId: 'customer_seats:get_seat', summary: 'Get a seat' })
  @ApiOkResponse({ type: CustomerSeatDto })
  @Fails(FeatureNotEnabled, ResourceNotFound, RequestValidationError)
  async get(
    @CurrentCaller() caller: Caller,
    @Param() { seat_id }: SeatParams,
  ): Promise<CustomerSeatDto> {
    return CustomerSeatDto.from(await this.seats.find(caller, seat_id));
  }

  @Patch(':seat_id')
  @Scope('customer_seats:write')
  @ApiOperation({
    operationId: 'customer_seats:update_seat',
    summary: 'Change the metadata of a seat',
  })
  @ApiOkResponse({ type: CustomerSeatDto })
  @Fails(FeatureNotEnabled, ResourceNotFound, RequestValidationError)
  async update(
    @CurrentCaller() caller: Caller,
    @Param() { seat_id }: SeatParams,
    @Body() { metadata }: UpdateSeatDto,
  ): Promise<CustomerSeatDto> {
    const wanted = metadata === null ? {} : metadata;
    return CustomerSeatDto.from(await this.seats.changeMetadata(caller, seat_id, wanted));
  }

  @Post(':seat_id/replace')
  @HttpCode(200)
  @Scope('customer_seats:write')
  @ApiOperation({
    operationId: 'customer_seats:replace_seat',
    summary: 'Replace the person on a seat',
    description:
      'Revokes the seat and assigns its place to somebody else in one step: the place is never free ' +
      'in between. Answers the new seat.',
  })
  @ApiOkResponse({ type: AssignedSeatDto })
  @Fails(...ASSIGNMENT_ERRORS, SeatAlreadyRevoked, ResourceNotFound, RequestValidationError)
  async replace(
    @CurrentCaller() caller: Caller,
    @Param() { seat_id }: SeatParams,
    @Query() query: IncludeQuery,
    @Body() body: AssignmentDto,
  ): Promise<AssignedSeatDto> {
    const assigned = await this.assignments.replace(caller, seat_id, body.assignment());
    return AssignedSeatDto.fromAssigned(assigned, query);
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
  @ApiOkResponse({ type: AssignedSeatDto })
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
    @Query() query: IncludeQuery,
  ): Promise<AssignedSeatDto> {
    return AssignedSeatDto.fromAssigned(await this.seats.resend(caller, seat_id), query);
  }
}
