import {
  Body,
  Controller,
  Get,
  Header,
  HttpCode,
  Param,
  Post,
  Req,
  Res,
  StreamableFile,
} from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { RequestValidationError, ResourceNotFound } from '../../platform/errors.js';
import { Public } from '../../platform/http/access.js';
import { ApiErrors } from '../../platform/http/openapi.decorators.js';
import { ClaimTokens } from './claim-tokens.js';
import { ClaimStreams } from './claim-streams.js';
import { ClaimedSeatDto, ClaimParams, ClaimSeatDto, SeatClaimInfoDto } from './claim.dto.js';
import { CustomerSeatDto } from '../seats.dto.js';
import { SeatsService } from '../seats.service.js';
import { FeatureNotEnabled, InvalidInvitationToken, SeatNotAvailable } from '../seats.errors.js';

@ApiTags('Customer seats')
@Controller('v1/customer-seats/claim')
export class ClaimController {
  constructor(
    private readonly seats: SeatsService,
    private readonly streams: ClaimStreams,
    private readonly tokens: ClaimTokens,
  ) {}

  @Get(':invitation_token')
  @Public()
  @ApiOperation({
    operationId: 'getClaimInfo',
    summary: 'Show an invitation',
    description:
      'Returns the product, the organization and the invited person. The request changes nothing. ' +
      'An unknown, expired, used or revoked token is a 404; the response does not tell which.',
  })
  @ApiOkResponse({ type: SeatClaimInfoDto })
  @ApiErrors(ResourceNotFound, FeatureNotEnabled, RequestValidationError)
  async info(
    @Param() { invitation_token }: ClaimParams,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SeatClaimInfoDto> {
    const invited = await this.requireInvitation(invitation_token, request, reply);
    const { locale: _locale, brand: _brand, ...info } = this.seats.claimInfo(invited);
    return info;
  }

  @Get(':invitation_token/stream')
  @Public()
  @ApiOperation({
    operationId: 'streamClaim',
    summary: 'Wait for a claim',
    description:
      'Sends a server-sent event when this seat is claimed, and a comment every 15 seconds. After ' +
      '10 minutes the stream ends with the event `{"type":"reconnect"}`.',
  })
  @ApiProduces('text/event-stream')
  @ApiOkResponse({ description: 'A stream of server-sent events.', schema: { type: 'string' } })
  @ApiErrors(ResourceNotFound, FeatureNotEnabled, RequestValidationError)
  // Otherwise nginx holds the events back until it has a few kilobytes of them.
  @Header('x-accel-buffering', 'no')
  async stream(
    @Param() { invitation_token }: ClaimParams,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StreamableFile> {
    const invited = await this.requireInvitation(invitation_token, request, reply);
    if (!invited.seats_enabled) throw new FeatureNotEnabled();
    return new StreamableFile(this.streams.open(invited), { type: 'text/event-stream' });
  }

  @Post()
  @HttpCode(200)
  @Public()
  @ApiOperation({
    operationId: 'claimSeat',
    summary: 'Claim a seat',
    description:
      'Claims the seat of an invitation, and returns the seat with a session for the customer ' +
      'portal. The token works once: of two concurrent claims, exactly one succeeds.',
  })
  @ApiOkResponse({ type: ClaimedSeatDto })
  @ApiErrors(InvalidInvitationToken, SeatNotAvailable, FeatureNotEnabled, RequestValidationError)
  async claim(
    @Body() { invitation_token }: ClaimSeatDto,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ClaimedSeatDto> {
    const invited = await this.tokens.find(invitation_token, request, reply);
    if (invited === undefined) throw new InvalidInvitationToken();
    const { seat, customer_session_token } = await this.seats.claim(invited, request.id);
    return { seat: CustomerSeatDto.from(seat), customer_session_token };
  }

  private async requireInvitation(token: string, request: FastifyRequest, reply: FastifyReply) {
    const invited = await this.tokens.find(token, request, reply);
    if (invited === undefined)
      throw new ResourceNotFound(
        'There is no such invitation: it is unknown, expired, used or revoked.',
      );
    return invited;
  }
}
