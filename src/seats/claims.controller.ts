import { Body, Controller, Get, HttpCode, Param, Post, Req, StreamableFile } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { RequestValidationError, ResourceNotFound } from '../platform/errors.js';
import { Public } from '../platform/http/access.js';
import { Fails } from '../platform/http/docs.js';
import { ClaimStreams } from './claim-streams.js';
import { ClaimedSeatDto, ClaimParams, ClaimSeatDto, SeatClaimInfoDto } from './claims.dto.js';
import { ClaimsService } from './claims.service.js';
import { CustomerSeatDto } from './seats.dto.js';
import { FeatureNotEnabled, InvalidInvitationToken, SeatNotAvailable } from './seats.errors.js';

@ApiTags('Customer seats')
@Controller('v1/customer-seats/claim')
export class ClaimsController {
  constructor(
    private readonly claims: ClaimsService,
    private readonly streams: ClaimStreams,
  ) {}

  @Get(':invitation_token')
  @Public()
  @ApiOperation({
    operationId: 'customer_seats:get_claim_info',
    summary: 'Show an invitation',
    description:
      'What is offered, and to whom. Changes nothing, whoever fetches it. An unknown, expired, ' +
      'used or revoked token is a 404, all alike.',
  })
  @ApiOkResponse({ type: SeatClaimInfoDto })
  @Fails(ResourceNotFound, FeatureNotEnabled, RequestValidationError)
  async info(@Param() { invitation_token }: ClaimParams): Promise<SeatClaimInfoDto> {
    const { locale: _locale, brand: _brand, ...info } = await this.claims.info(invitation_token);
    return info;
  }

  @Get(':invitation_token/stream')
  @Public()
  @ApiOperation({
    operationId: 'customer_seats:claim_stream',
    summary: 'Wait for a claim',
    description:
      'Server-sent events: one `data:` line when this seat is claimed, a comment every 15 seconds, ' +
      'and `{"type":"reconnect"}` at the end after 10 minutes.',
  })
  @ApiProduces('text/event-stream')
  @ApiOkResponse({ description: 'A stream of events.', schema: { type: 'string' } })
  @Fails(ResourceNotFound, FeatureNotEnabled, RequestValidationError)
  async stream(@Param() { invitation_token }: ClaimParams): Promise<StreamableFile> {
    const invited = await this.claims.find(invitation_token);
    return new StreamableFile(this.streams.open(invited), { type: 'text/event-stream' });
  }

  @Post()
  @HttpCode(200)
  @Public()
  @ApiOperation({
    operationId: 'customer_seats:claim_seat',
    summary: 'Claim a seat',
    description:
      'Spends the invitation and gives the seat to its person, with a session for the portal. Of ' +
      'two claims at once exactly one wins.',
  })
  @ApiOkResponse({ type: ClaimedSeatDto })
  @Fails(InvalidInvitationToken, SeatNotAvailable, FeatureNotEnabled, RequestValidationError)
  async claim(
    @Body() { invitation_token }: ClaimSeatDto,
    @Req() request: FastifyRequest,
  ): Promise<ClaimedSeatDto> {
    const { seat, customer_session_token } = await this.claims.claim(invitation_token, request.id);
    return { seat: CustomerSeatDto.from(seat), customer_session_token };
  }
}
