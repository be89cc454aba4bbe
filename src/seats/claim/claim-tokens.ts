import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { RateLimits } from '../../platform/http/rate-limit.js';
import { TokenLookUps } from '../../platform/http/token-lookups.js';
import { SeatsService } from '../seats.service.js';
import type { InvitedSeat } from '../seats.sql.js';

// Longer than any token that the service issues.
const TOKEN = /^[\w-]{43,512}$/;

/** Checks the invitation tokens of requests, and limits how many one address can guess. */
@Injectable()
export class ClaimTokens {
  private readonly lookUps: TokenLookUps<InvitedSeat>;

  constructor(seats: SeatsService, limits: RateLimits) {
    this.lookUps = new TokenLookUps<InvitedSeat>(
      {
        isWellFormed: (token) => TOKEN.test(token),
        // Never cached: an invitation can be spent, renewed or revoked at any moment.
        cached: () => undefined,
        lookUp: (tokens) => seats.findInvitations(tokens),
      },
      limits,
    );
  }

  /**
   * The seat of an invitation that can be claimed; undefined for any other token.
   * @throws {TooManyRequests} for a wrong token of an address that sent too many of them.
   */
  find(
    token: string,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<InvitedSeat | undefined> {
    return this.lookUps.find(token, request, reply);
  }
}
