import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import {
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { RequestValidationError, ResourceNotFound } from '../platform/errors.js';
import {
  type Caller,
  CurrentCaller,
  CurrentPrincipal,
  type Principal,
  Scope,
} from '../platform/http/access.js';
import { Fails } from '../platform/http/docs.js';
import { IdParams } from '../platform/http/objects.dto.js';
import { PageQuery, toPage } from '../platform/http/pages.js';
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
      'The answer shows the token, once: only a hash of it is kept. A token can create only ' +
      'tokens with scopes it has itself, else this is a 403 `insufficient_scope`.',
  })
  @ApiCreatedResponse({ type: IssuedTokenDto })
  @Fails(RequestValidationError)
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
    description: 'Newest first. Expired tokens are shown, revoked ones are not.',
  })
  @ApiOkResponse({ type: TokenPage })
  @Fails(RequestValidationError)
  async list(@CurrentCaller() caller: Caller, @Query() query: PageQuery): Promise<TokenPage> {
    return toPage(await this.tokens.page(caller, query), query, TokenDto.from);
  }

  @Delete(':id')
  @HttpCode(204)
  @Scope('organization_access_tokens:write')
  @ApiOperation({
    operationId: 'revokeAccessToken',
    summary: 'Revoke an access token',
    description:
      'It stops working at once on the process that answers, and within 5 seconds on every ' +
      'other. A token may revoke itself. One that is revoked already is a 404.',
  })
  @ApiNoContentResponse({ description: 'The token is revoked.' })
  @Fails(ResourceNotFound, RequestValidationError)
  async revoke(@CurrentCaller() caller: Caller, @Param() params: IdParams): Promise<void> {
    await this.tokens.revoke(caller.organizationId, params.id);
  }
}
