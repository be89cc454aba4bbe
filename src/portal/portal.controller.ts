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
  NotPermitted,
  RequestValidationError,
  ResourceNotFound,
  TooManyRequests,
} from '../platform/errors.js';
import { PortalSession } from '../platform/http/access.js';
import { Fails } from '../platform/http/docs.js';
import { PageQuery, toPage } from '../platform/http/pages.js';
import { AssignSeatDto } from '../seats/assignments.dto.js';
import { CustomerSeatDto, ListSeatsQuery, SeatParams, SeatsListDto } from '../seats/seats.dto.js';
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
} from '../seats/seats.errors.js';
import { type Buyer, CurrentBuyer, CurrentSession, type Session } from './buyer.js';
import { ManagerGuard } from './manager.guard.js';
import { HeldSubscriptionDto, HeldSubscriptionPage } from './portal.dto.js';
import { PortalService } from './portal.service.js';

const WHO =
  'For the session of a customer, or of a member with the role `owner` or `billing_manager`; ' +
  'role `member` gets a 403. Another buyer’s seats do not exist for it.';

@ApiTags('Customer portal')
@Controller('v1/customer-portal/seats')
export class PortalController {
  constructor(private readonly portal: PortalService) {}

  @Get()
  @PortalSession()
  @UseGuards(ManagerGuard)
  @ApiOperation({
    operationId: 'customer_portal:seats:list_seats',
    summary: 'List the seats of what you bought',
    description: `The seats of a subscription or an order, as for an organization. ${WHO}`,
  })
  @ApiOkResponse({ type: SeatsListDto })
  @Fails(BadRequest, NotPermitted, FeatureNotEnabled, ResourceNotFound, RequestValidationError)
  async list(@CurrentBuyer() buyer: Buyer, @Query() query: ListSeatsQuery): Promise<SeatsListDto> {
    return SeatsListDto.from(await this.portal.list(buyer, query, query));
  }

  @Post()
  @HttpCode(200)
  @PortalSession()
  @UseGuards(ManagerGuard)
  @ApiOperation({
    operationId: 'customer_portal:seats:assign_seat',
    summary: 'Assign a seat of what you bought',
    description:
      `As for an organization, but the invitation is shown to nobody but the invited. A customer ` +
      `can be named by id only if it is the buyer or somebody among the buyer’s members. ${WHO}`,
  })
  @ApiOkResponse({ type: CustomerSeatDto })
  @Fails(
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
    const { row } = await this.portal.assign(buyer, body, body.assignment());
    return CustomerSeatDto.from(row);
  }

  @Get('subscriptions')
  @PortalSession()
  @ApiOperation({
    operationId: 'customer_portal:seats:list_claimed_subscriptions',
    summary: 'List the subscriptions you hold a seat of',
    description:
      'The subscriptions in which the person of the session holds a claimed seat, newest first, ' +
      'whoever bought them. For every session, also when the organization has switched seats off.',
  })
  @ApiOkResponse({ type: HeldSubscriptionPage })
  @Fails(RequestValidationError)
  async subscriptions(
    @CurrentSession() session: Session,
    @Query() query: PageQuery,
  ): Promise<HeldSubscriptionPage> {
    const page = await this.portal.subscriptions(session, query);
    return toPage(page, query, HeldSubscriptionDto.from);
  }

  @Delete(':seat_id')
  @PortalSession()
  @UseGuards(ManagerGuard)
  @ApiOperation({
    operationId: 'customer_portal:seats:revoke_seat',
    summary: 'Revoke a seat of what you bought',
    description: `Takes the seat from its person; the place is free again. ${WHO}`,
  })
  @ApiOkResponse({ type: CustomerSeatDto })
  @Fails(NotPermitted, FeatureNotEnabled, ResourceNotFound, RequestValidationError)
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
    operationId: 'customer_portal:seats:resend_invitation',
    summary: 'Send an invitation again',
    description: `Renews the invitation of a pending seat; the old link is dead. ${WHO}`,
  })
  @ApiOkResponse({ type: CustomerSeatDto })
  @Fails(
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
