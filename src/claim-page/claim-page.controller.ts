import { Body, Controller, Get, HttpCode, Post, Query, Req, Res, UseFilters } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ResourceNotFound } from '../platform/errors.js';
import { clientAddress } from '../platform/http/client-address.js';
import { RateLimits } from '../platform/http/rate-limit.js';
import { sendPage } from '../platform/html/html-page.js';
import { ClaimPageFilter } from './claim-page.filter.js';
import { claimedPage, invitationPage } from './claim-page.view.js';
import { ClaimTokens } from '../seats/claim/claim-tokens.js';
import { SeatsService } from '../seats/seats.service.js';

/**
 * The claim page, for organizations without a `claim_url_template`. A GET changes nothing, because
 * mail scanners follow links too; only the button claims the seat. The handlers check the rate
 * limit of public routes themselves, so that the 429 is a page as well.
 */
@ApiExcludeController()
@Controller('claim')
@UseFilters(ClaimPageFilter)
export class ClaimPageController {
  constructor(
    private readonly seats: SeatsService,
    private readonly limits: RateLimits,
    private readonly tokens: ClaimTokens,
  ) {}

  @Get()
  async show(
    @Query('token') input: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { token, invited } = await this.check(input, request, reply);
    sendPage(reply, invitationPage(this.seats.claimInfo(invited), token));
  }

  @Post()
  @HttpCode(200)
  async claim(
    @Body('token') input: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { invited } = await this.check(input, request, reply);
    const info = this.seats.claimInfo(invited);
    await this.seats.claim(invited, request.id);
    sendPage(reply, claimedPage(info));
  }

  /** @throws {ResourceNotFound} a malformed token shows the same page as a used one; {TooManyRequests}. */
  private async check(input: unknown, request: FastifyRequest, reply: FastifyReply) {
    await this.limits.take('public', clientAddress(request), reply);
    const token = typeof input === 'string' ? input : '';
    const invited = await this.tokens.find(token, request, reply);
    if (invited === undefined) throw new ResourceNotFound();
    return { token, invited };
  }
}
