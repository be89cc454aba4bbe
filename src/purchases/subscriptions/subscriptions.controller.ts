import {
  Body,
  Controller,
  Delete,
  Get,
  HttpStatus,
  Param,
  Patch,
  Post,
  Put,
  Query,
  Res,
} from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import {
  Conflict,
  NotPermitted,
  RequestValidationError,
  ResourceNotFound,
} from '../../platform/errors.js';
import { type Caller, CurrentCaller, Scope } from '../../platform/http/access.js';
import { Fails } from '../../platform/http/docs.js';
import { ExternalIdParams, IdParams } from '../../platform/http/objects.dto.js';
import { PageQuery, toPage } from '../../platform/http/pages.js';
import { SeatsAlreadyAssigned } from '../../seats/seats.errors.js';
import { PATCH_DESCRIPTION, putDescription } from '../shared/purchases.docs.js';
import {
  CreateSubscription,
  PutSubscription,
  SubscriptionDto,
  SubscriptionPage,
  UpdateSubscription,
} from './subscriptions.dto.js';
import { AlreadyCanceledSubscription } from './subscriptions.errors.js';
import { SubscriptionsService } from './subscriptions.service.js';

@ApiTags('Subscriptions')
@Controller('v1/subscriptions')
export class SubscriptionsController {
  constructor(private readonly subscriptions: SubscriptionsService) {}

  @Post()
  @Scope('subscriptions:write')
  @ApiOperation({
    operationId: 'createSubscription',
    summary: 'Create a subscription',
    description:
      'Tells that seats were bought for a time. Its pool of seats opens with it, if the status ' +
      'can give seats.',
  })
  @ApiCreatedResponse({ type: SubscriptionDto })
  @Fails(ResourceNotFound, Conflict, RequestValidationError)
  async create(
    @CurrentCaller() caller: Caller,
    @Body() body: CreateSubscription,
  ): Promise<SubscriptionDto> {
    return SubscriptionDto.from(await this.subscriptions.create(caller, body));
  }

  @Get()
  @Scope('subscriptions:read')
  @ApiOperation({
    operationId: 'listSubscriptions',
    summary: 'List subscriptions',
    description: 'Newest first, ended ones included.',
  })
  @ApiOkResponse({ type: SubscriptionPage })
  @Fails(RequestValidationError)
  async list(
    @CurrentCaller() caller: Caller,
    @Query() query: PageQuery,
  ): Promise<SubscriptionPage> {
    return toPage(await this.subscriptions.list(caller, query), query, SubscriptionDto.from);
  }

  @Get('external/:external_id')
  @Scope('subscriptions:read')
  @ApiOperation({
    operationId: 'getSubscriptionByExternalId',
    summary: 'Get a subscription by its external_id',
    description: 'The subscription that you gave this external_id.',
  })
  @ApiOkResponse({ type: SubscriptionDto })
  @Fails(ResourceNotFound, RequestValidationError)
  async getExternal(
    @CurrentCaller() caller: Caller,
    @Param() params: ExternalIdParams,
  ): Promise<SubscriptionDto> {
    return SubscriptionDto.from(await this.subscriptions.getExternal(caller, params.external_id));
  }

  @Put('external/:external_id')
  @Scope('subscriptions:write')
  @ApiOperation({
    operationId: 'putSubscriptionByExternalId',
    summary: 'Create or change a subscription by its external_id',
    description:
      putDescription('subscription') +
      ' A subscription that has ended cannot be changed: 403, unless ' +
      'the body asks for what is. `cancel_at_period_end` that has been carried out is no change.',
  })
  @ApiOkResponse({ type: SubscriptionDto, description: 'It was there, and is as the body says.' })
  @ApiCreatedResponse({ type: SubscriptionDto, description: 'It was created.' })
  @Fails(
    SeatsAlreadyAssigned,
    NotPermitted,
    AlreadyCanceledSubscription,
    ResourceNotFound,
    Conflict,
    RequestValidationError,
  )
  async put(
    @CurrentCaller() caller: Caller,
    @Param() params: ExternalIdParams,
    @Body() body: PutSubscription,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SubscriptionDto> {
    const { created, purchase } = await this.subscriptions.put(caller, params.external_id, body);
    void reply.status(created ? HttpStatus.CREATED : HttpStatus.OK);
    return SubscriptionDto.from(purchase);
  }

  @Get(':id')
  @Scope('subscriptions:read')
  @ApiOperation({
    operationId: 'getSubscription',
    summary: 'Get a subscription',
    description: 'The subscription with this id.',
  })
  @ApiOkResponse({ type: SubscriptionDto })
  @Fails(ResourceNotFound, RequestValidationError)
  async get(@CurrentCaller() caller: Caller, @Param() params: IdParams): Promise<SubscriptionDto> {
    return SubscriptionDto.from(await this.subscriptions.get(caller, params.id));
  }

  @Patch(':id')
  @Scope('subscriptions:write')
  @ApiOperation({
    operationId: 'updateSubscription',
    summary: 'Change a subscription',
    description:
      PATCH_DESCRIPTION +
      ' `status: canceled` ends the subscription ' +
      'and revokes every pending and claimed seat; `cancel_at_period_end: true` does so at the end ' +
      'of the period, at once if that has passed. An ended subscription cannot be changed; ' +
      'repeating a status is no error.',
  })
  @ApiOkResponse({ type: SubscriptionDto })
  @Fails(
    SeatsAlreadyAssigned,
    NotPermitted,
    AlreadyCanceledSubscription,
    ResourceNotFound,
    Conflict,
    RequestValidationError,
  )
  async update(
    @CurrentCaller() caller: Caller,
    @Param() params: IdParams,
    @Body() body: UpdateSubscription,
  ): Promise<SubscriptionDto> {
    return SubscriptionDto.from(await this.subscriptions.update(caller, params.id, body));
  }

  @Delete(':id')
  @Scope('subscriptions:write')
  @ApiOperation({
    operationId: 'cancelSubscription',
    summary: 'End a subscription',
    description:
      'Ends it now, as `status: canceled` does, and revokes its seats. It stays readable. Ending it ' +
      'again is no error.',
  })
  @ApiOkResponse({ type: SubscriptionDto })
  @Fails(NotPermitted, ResourceNotFound, RequestValidationError)
  async cancel(
    @CurrentCaller() caller: Caller,
    @Param() params: IdParams,
  ): Promise<SubscriptionDto> {
    return SubscriptionDto.from(await this.subscriptions.cancel(caller, params.id));
  }
}
