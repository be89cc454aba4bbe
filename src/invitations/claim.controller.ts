import { Body, Controller, Get, HttpCode, Post, Query, Req, Res, UseFilters } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ResourceNotFound } from '../platform/errors.js';
import { RateLimits } from '../platform/http/rate-limit.js';
import { sendPage } from '../platform/pages/pages.js';
import { ClaimPageFilter } from './claim.filter.js';
import { claimedPage, offerPage } from './claim.pages.js';
import { Claims } from './claims.js';

/**
 * The page an invitation leads to unless the organization has one of its own. Looking changes
 * nothing, since mail scanners follow links too; only the button claims. The limit of public routes
 * is asked here, and not before, so that whoever goes beyond it gets a page as well.
 */
@ApiExcludeController()
@Controller('claim')
@UseFilters(ClaimPageFilter)
export class ClaimController {
  constructor(
    private readonly claims: Claims,
    private readonly limits: RateLimits,
  ) {}

  @Get()
  async show(
    @Query('token') given: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await this.limits.take('public', request.ip, reply);
    const token = readToken(given);
    sendPage(reply, offerPage(await this.claims.info(token), token));
  }

  @Post()
  @HttpCode(200)
  async claim(
    @Body('token') given: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await this.limits.take('public', request.ip, reply);
    const token = readToken(given);
    const info = await this.claims.info(token);
    await this.claims.claim(token, request.id);
    sendPage(reply, claimedPage(info));
  }
}

/** @throws {ResourceNotFound} what cannot be a token is as dead as one that was used. */
function readToken(given: unknown): string {
  if (typeof given !== 'string' || !/^[\w-]{43,512}$/.test(given)) throw new ResourceNotFound();
  return given;
}
