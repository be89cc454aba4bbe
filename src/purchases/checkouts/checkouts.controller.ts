import { Body, Controller, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  Conflict,
  NotPermitted,
  RequestValidationError,
  ResourceNotFound,
} from '../../platform/errors.js';
import type { Caller } from '../../platform/caller.js';
import { CurrentCaller, Scope } from '../../platform/http/access.js';
import { ApiErrors } from '../../platform/http/openapi.decorators.js';
import { ExternalIdParams, IdParams } from '../../platform/http/objects.dto.js';
import { PageQuery, toPageResponse } from '../../platform/http/pagination.js';
import { CreateCheckout, CheckoutDto, CheckoutPage, UpdateCheckout } from './checkouts.dto.js';
import { CheckoutsService } from './checkouts.service.js';

@ApiTags('Checkouts')
@Controller('v1/checkouts')
export class CheckoutsController {
  constructor(private readonly checkouts: CheckoutsService) {}

  @Post()
  @Scope('checkouts:write')
  @ApiOperation({
    operationId: 'createCheckout',
    summary: 'Create a checkout',
    description:
      'A checkout is a sale in progress. Once it has succeeded, seats can be assigned by ' +
      '`checkout_id`: those of its subscription, or else of its earliest order.',
  })
  @ApiCreatedResponse({ type: CheckoutDto })
  @ApiErrors(ResourceNotFound, Conflict, RequestValidationError)
  async create(
    @CurrentCaller() caller: Caller,
    @Body() body: CreateCheckout,
  ): Promise<CheckoutDto> {
    return CheckoutDto.from(await this.checkouts.create(caller, body));
  }

  @Get()
  @Scope('checkouts:read')
  @ApiOperation({
    operationId: 'listCheckouts',
    summary: 'List checkouts',
    description: 'Newest first.',
  })
  @ApiOkResponse({ type: CheckoutPage })
  @ApiErrors(RequestValidationError)
  async list(@CurrentCaller() caller: Caller, @Query() query: PageQuery): Promise<CheckoutPage> {
    return toPageResponse(await this.checkouts.list(caller, query), query, CheckoutDto.from);
  }

  @Get('external/:external_id')
  @Scope('checkouts:read')
  @ApiOperation({
    operationId: 'getCheckoutByExternalId',
    summary: 'Get a checkout by its external_id',
    description: 'The checkout that you gave this external_id.',
  })
  @ApiOkResponse({ type: CheckoutDto })
  @ApiErrors(ResourceNotFound, RequestValidationError)
  async getByExternalId(
    @CurrentCaller() caller: Caller,
    @Param() params: ExternalIdParams,
  ): Promise<CheckoutDto> {
    return CheckoutDto.from(await this.checkouts.getByExternalId(caller, params.external_id));
  }

  @Get(':id')
  @Scope('checkouts:read')
  @ApiOperation({
    operationId: 'getCheckout',
    summary: 'Get a checkout',
    description: 'The checkout with this id.',
  })
  @ApiOkResponse({ type: CheckoutDto })
  @ApiErrors(ResourceNotFound, RequestValidationError)
  async get(@CurrentCaller() caller: Caller, @Param() params: IdParams): Promise<CheckoutDto> {
    return CheckoutDto.from(await this.checkouts.get(caller, params.id));
  }

  @Patch(':id')
  @Scope('checkouts:write')
  @ApiOperation({
    operationId: 'updateCheckout',
    summary: 'Change a checkout',
    description:
      'Keys that are not sent stay as they are; null clears a nullable key. `succeeded`, ' +
      '`failed` and `expired` are final. Sending the current status again is allowed.',
  })
  @ApiOkResponse({ type: CheckoutDto })
  @ApiErrors(NotPermitted, ResourceNotFound, Conflict, RequestValidationError)
  async update(
    @CurrentCaller() caller: Caller,
    @Param() params: IdParams,
    @Body() body: UpdateCheckout,
  ): Promise<CheckoutDto> {
    return CheckoutDto.from(await this.checkouts.update(caller, params.id, body));
  }
}
