import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Param,
  Post,
  Query,
  UseGuards,
} from '@nestjs/common';
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
import { PortalSession } from '../platform/http/access.js';
import { ApiErrors } from '../platform/http/openapi.decorators.js';
import { PageQuery, toPageResponse } from '../platform/http/pagination.js';
import { AssignSeatDto } from '../seats/assign/assign.dto.js';
import { CustomerSeatDto, ListSeatsQuery, SeatParams, SeatsListDto } from '../seats/seats.dto.js';
import {
  FeatureNotEnabled,
  InvalidInvitationToken,
  InvalidSeatAssignmentRequest,
  MemberEmailMismatch,
  SeatAlreadyAssigned,
  SeatNotAvailable,
  SeatNotPending,
} from '../seats/seats.errors.js';
import type { Session } from '../sessions/session.js';
import { type Buyer, CurrentBuyer, CurrentSession } from './buyer.js';
import { ManagerGuard } from './manager.guard.js';
import { HeldSubscriptionDto, HeldSubscriptionPage } from './portal.dto.js';
import { PortalService } from './portal.service.js';

const ACCESS =
  'Requires the session of a customer, or of a member with the role `owner` or ' +
  '`billing_manager`. The role `member` gets a 403. Seats of other buyers are answered with a 404.';

@ApiTags('Customer portal')
@Controller('v1/customer-portal/seats')
export class PortalController {
  constructor(private readonly portal: PortalService) {}

  @Get()
  @PortalSession()
  @UseGuards(ManagerGuard)
  @ApiOperation({
    operationId: 'listPortalSeats',
    summary: 'List the seats of a purchase',
    description: `Lists the seats of a subscription or an order, like the route for organizations. ${ACCESS}`,
  })
  @ApiOkResponse({ type: SeatsListDto })
  @ApiErrors(BadRequest, NotPermitted, FeatureNotEnabled, ResourceNotFound, RequestValidationError)
  async list(@CurrentBuyer() buyer: Buyer, @Query() query: ListSeatsQuery): Promise<SeatsListDto> {
    return SeatsListDto.from(await this.portal.list(buyer, query, query));
  }

  @Post()
  @HttpCode(200)
  @PortalSession()
  @UseGuards(ManagerGuard)
  @ApiOperation({
    operationId: 'assignPortalSeat',
    summary: 'Assign a seat of a purchase',
    description:
      `Assigns a seat, like the route for organizations. The response never contains the ` +
      `invitation. Only the buyer, and customers with the e-mail of one of the buyer’s members, ` +
      `can be named by \`customer_id\` or \`external_customer_id\`. ${ACCESS}`,
  })
  @ApiOkResponse({ type: CustomerSeatDto })
  @ApiErrors(
    SeatNotAvailable,
    SeatAlreadyAssigned,
    MemberEmailMismatch,
    InvalidSeatAssignmentRequest,
    FeatureNotEnabled,
    NotPermitted,
    CustomerNotFound,
    MemberNotFound,
    ResourceNotFound,
    RequestValidationError,
  )
  async assign(
    @CurrentBuyer() buyer: Buyer,
    @Body() body: AssignSeatDto,
  ): Promise<CustomerSeatDto> {
    const { row } = await this.portal.assign(buyer, body, body);
    return CustomerSeatDto.from(row);
  }

  @Get('subscriptions')
  @PortalSession()
  @ApiOperation({
    operationId: 'listClaimedSubscriptions',
    summary: 'List the subscriptions in which you have a seat',
    description:
      'Lists the subscriptions in which the person of the session has a claimed seat, newest ' +
      'first, whether or not the person bought them. Every session can use this route, even when ' +
      'the organization has disabled seats.',
  })
  @ApiOkResponse({ type: HeldSubscriptionPage })
  @ApiErrors(RequestValidationError)
  async subscriptions(
    @CurrentSession() session: Session,
    @Query() query: PageQuery,
  ): Promise<HeldSubscriptionPage> {
    const page = await this.portal.subscriptions(session, query);
    return toPageResponse(page, query, HeldSubscriptionDto.from);
  }

  @Delete(':seat_id')
  @PortalSession()
  @UseGuards(ManagerGuard)
  @ApiOperation({
    operationId: 'revokePortalSeat',
    summary: 'Revoke a seat of a purchase',
    description: `Removes the person from the seat, so that another seat can be assigned. ${ACCESS}`,
  })
  @ApiOkResponse({ type: CustomerSeatDto })
  @ApiErrors(NotPermitted, FeatureNotEnabled, ResourceNotFound, RequestValidationError)
  async revoke(
    @CurrentBuyer() buyer: Buyer,
    @Param() { seat_id }: SeatParams,
  ): Promise<CustomerSeatDto> {
    return CustomerSeatDto.from(await this.portal.revoke(buyer, seat_id));
  }

  @Post(':seat_id/resend')
  @HttpCode(200)
  @PortalSession()
  @UseGuards(ManagerGuard)
  @ApiOperation({
    operationId: 'resendPortalInvitation',
    summary: 'Send an invitation again',
    description: `Renews the invitation of a pending seat. The old link stops working. ${ACCESS}`,
  })
  @ApiOkResponse({ type: CustomerSeatDto })
  @ApiErrors(
    SeatNotPending,
    InvalidInvitationToken,
    NotPermitted,
    FeatureNotEnabled,
    ResourceNotFound,
    RequestValidationError,
    TooManyRequests,
  )
  async resend(
    @CurrentBuyer() buyer: Buyer,
    @Param() { seat_id }: SeatParams,
  ): Promise<CustomerSeatDto> {
    const { row } = await this.portal.resend(buyer, seat_id);
    return CustomerSeatDto.from(row);
  }
}
