import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import {
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { NotPermitted, RequestValidationError, ResourceNotFound } from '../platform/errors.js';
import type { Caller } from '../platform/caller.js';
import { CurrentCaller, CurrentPrincipal, type Principal, Scope } from '../platform/http/access.js';
import { ApiErrors } from '../platform/http/openapi.decorators.js';
import { IdParams } from '../platform/http/objects.dto.js';
import { PageQuery, toPageResponse } from '../platform/http/pagination.js';
import { CreateToken, IssuedTokenDto, TokenDto, TokenPage } from './tokens.dto.js';
import { TokensService } from './tokens.service.js';

@ApiTags('Access tokens')
@Controller('v1/organization-access-tokens')
export class TokensController {
  constructor(private readonly tokens: TokensService) {}

  @Post()
  @Scope('organization_access_tokens:write')
  @ApiOperation({
    operationId: 'createAccessToken',
    summary: 'Create an access token',
    description:
      'Only this response shows the token, because the service stores a hash of it. The new token ' +
      'can only have scopes that the calling token has; others are a 403 `insufficient_scope`. It ' +
      'never outlives the calling token: it expires no later, and is revoked with it.',
  })
  @ApiCreatedResponse({ type: IssuedTokenDto })
  @ApiErrors(NotPermitted, RequestValidationError)
  async create(
    @CurrentPrincipal() principal: Principal,
    @Body() body: CreateToken,
  ): Promise<IssuedTokenDto> {
    return IssuedTokenDto.fromIssued(await this.tokens.create(principal, body));
  }

  @Get()
  @Scope('organization_access_tokens:read')
  @ApiOperation({
    operationId: 'listAccessTokens',
    summary: 'List access tokens',
    description: 'Lists tokens, newest first. Includes expired tokens, but not revoked ones.',
  })
  @ApiOkResponse({ type: TokenPage })
  @ApiErrors(RequestValidationError)
  async list(@CurrentCaller() caller: Caller, @Query() query: PageQuery): Promise<TokenPage> {
    return toPageResponse(await this.tokens.page(caller, query), query, TokenDto.from);
  }

  @Delete(':id')
  @HttpCode(204)
  @Scope('organization_access_tokens:write')
  @ApiOperation({
    operationId: 'revokeAccessToken',
    summary: 'Revoke an access token',
    description:
      'The token stops working at once on the process that serves this request, and within 5 ' +
      'seconds on all others. The tokens that it created are revoked with it, and so on. A token can ' +
      'revoke itself. A token with scopes that the calling token lacks is a 403 ' +
      '`insufficient_scope`. A token that was already revoked is a 404.',
  })
  @ApiNoContentResponse({ description: 'The token was revoked.' })
  @ApiErrors(ResourceNotFound, RequestValidationError)
  async revoke(@CurrentPrincipal() principal: Principal, @Param() params: IdParams): Promise<void> {
    await this.tokens.revokeAs(principal, params.id);
  }
}
