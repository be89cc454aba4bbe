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
import type { Caller } from '../../platform/caller.js';
import { CurrentCaller, Scope } from '../../platform/http/access.js';
import { ApiErrors } from '../../platform/http/openapi.decorators.js';
import { ExternalIdParams, IdParams } from '../../platform/http/objects.dto.js';
import { PageQuery, toPageResponse } from '../../platform/http/pagination.js';
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
      'Records a recurring purchase of seats, and creates its pool. Seats can be assigned if the ' +
      'status allows it.',
  })
  @ApiCreatedResponse({ type: SubscriptionDto })
  @ApiErrors(ResourceNotFound, Conflict, RequestValidationError)
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
  @ApiErrors(RequestValidationError)
  async list(
    @CurrentCaller() caller: Caller,
    @Query() query: PageQuery,
  ): Promise<SubscriptionPage> {
    return toPageResponse(
      await this.subscriptions.list(caller, query),
      query,
      SubscriptionDto.from,
    );
  }

  @Get('external/:external_id')
  @Scope('subscriptions:read')
  @ApiOperation({
    operationId: 'getSubscriptionByExternalId',
    summary: 'Get a subscription by its external_id',
    description: 'The subscription that you gave this external_id.',
  })
  @ApiOkResponse({ type: SubscriptionDto })
  @ApiErrors(ResourceNotFound, RequestValidationError)
  async getByExternalId(
    @CurrentCaller() caller: Caller,
    @Param() params: ExternalIdParams,
  ): Promise<SubscriptionDto> {
    return SubscriptionDto.from(
      await this.subscriptions.getByExternalId(caller, params.external_id),
    );
  }

  @Put('external/:external_id')
  @Scope('subscriptions:write')
  @ApiOperation({
    operationId: 'putSubscription',
    summary: 'Create or change a subscription by its external_id',
    description:
      putDescription('subscription') +
      ' A subscription that has ended cannot be changed: a request that would change it is a ' +
      '403. Repeating the request that scheduled its cancellation is not a change.',
  })
  @ApiOkResponse({
    type: SubscriptionDto,
    description: 'The subscription already existed and now matches the body.',
  })
  @ApiCreatedResponse({ type: SubscriptionDto, description: 'It was created.' })
  @ApiErrors(
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
  @ApiErrors(ResourceNotFound, RequestValidationError)
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
      ' `status: canceled` ends the subscription and revokes every pending and claimed seat. ' +
      '`cancel_at_period_end: true` does so at the end of the period, or at once if the period is ' +
      'over. An ended subscription cannot be changed. Sending its current status again is allowed.',
  })
  @ApiOkResponse({ type: SubscriptionDto })
  @ApiErrors(
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
      'Ends the subscription now, as `status: canceled` does, and revokes its seats. It can still be ' +
      'read. The request can be repeated.',
  })
  @ApiOkResponse({ type: SubscriptionDto })
  @ApiErrors(NotPermitted, ResourceNotFound, RequestValidationError)
  async cancel(
    @CurrentCaller() caller: Caller,
    @Param() params: IdParams,
  ): Promise<SubscriptionDto> {
    return SubscriptionDto.from(await this.subscriptions.cancel(caller, params.id));
  }
}
