import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiBody,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { Conflict, RequestValidationError, ResourceNotFound } from '../platform/errors.js';
import type { Caller } from '../platform/caller.js';
import { CurrentCaller, Scope } from '../platform/http/access.js';
import { ApiErrors } from '../platform/http/openapi.decorators.js';
import { PageQuery, toPageResponse } from '../platform/http/pagination.js';
import { DeliveriesService } from './deliveries.service.js';
import { EndpointsService } from './endpoints.service.js';
import {
  CreateEndpoint,
  DeliveryDto,
  DeliveryPage,
  EndpointDto,
  EndpointPage,
  EndpointParams,
  EndpointWithSecretDto,
  EventParams,
  ListDeliveries,
  QueuedDto,
  RotateSecret,
  UpdateEndpoint,
} from './webhooks.dto.js';

@ApiTags('Webhooks')
@Controller('v1/webhooks')
export class WebhooksController {
  constructor(
    private readonly endpoints: EndpointsService,
    private readonly deliveries: DeliveriesService,
  ) {}

  @Get('endpoints')
  @Scope('webhooks:read')
  @ApiOperation({
    operationId: 'listWebhookEndpoints',
    summary: 'List webhook endpoints',
    description: 'The URLs that events are sent to. Secrets are not shown.',
  })
  @ApiOkResponse({ type: EndpointPage })
  @ApiErrors(RequestValidationError)
  async list(@CurrentCaller() caller: Caller, @Query() query: PageQuery): Promise<EndpointPage> {
    return toPageResponse(await this.endpoints.page(caller, query), query, EndpointDto.from);
  }

  @Post('endpoints')
  @Scope('webhooks:write')
  @ApiOperation({
    operationId: 'createWebhookEndpoint',
    summary: 'Create a webhook endpoint',
    description:
      'The response contains the secret that signs the deliveries; it is not shown again. Events ' +
      'of the endpoint’s types are sent to it from now on. The webhooks section of this ' +
      'description shows their payloads and how to verify them. An organization can have 50 ' +
      'endpoints.',
  })
  @ApiCreatedResponse({ type: EndpointWithSecretDto })
  @ApiErrors(Conflict, RequestValidationError)
  async create(
    @CurrentCaller() caller: Caller,
    @Body() body: CreateEndpoint,
  ): Promise<EndpointWithSecretDto> {
    return EndpointWithSecretDto.fromNew(await this.endpoints.create(caller, body));
  }

  @Get('endpoints/:id')
  @Scope('webhooks:read')
  @ApiOperation({
    operationId: 'getWebhookEndpoint',
    summary: 'Get a webhook endpoint',
    description: 'Without its secret.',
  })
  @ApiOkResponse({ type: EndpointDto })
  @ApiErrors(ResourceNotFound, RequestValidationError)
  async get(
    @CurrentCaller() caller: Caller,
    @Param() { id }: EndpointParams,
  ): Promise<EndpointDto> {
    return EndpointDto.from(await this.endpoints.get(caller, id));
  }

  @Patch('endpoints/:id')
  @Scope('webhooks:write')
  @ApiOperation({
    operationId: 'updateWebhookEndpoint',
    summary: 'Change a webhook endpoint',
    description:
      'Events that were queued when an endpoint was disabled are sent when it is enabled again. ' +
      'Events that happen while it is disabled are not sent: read them with `GET /v1/events`, or ' +
      'send them again. A new `url` and new `events` also apply to queued events: they go to the ' +
      'new URL, and those of a type that is no longer listed are not sent.',
  })
  @ApiOkResponse({ type: EndpointDto })
  @ApiErrors(ResourceNotFound, RequestValidationError)
  async update(
    @CurrentCaller() caller: Caller,
    @Param() { id }: EndpointParams,
    @Body() body: UpdateEndpoint,
  ): Promise<EndpointDto> {
    return EndpointDto.from(await this.endpoints.update(caller, id, body));
  }

  @Delete('endpoints/:id')
  @HttpCode(204)
  @Scope('webhooks:write')
  @ApiOperation({
    operationId: 'deleteWebhookEndpoint',
    summary: 'Delete a webhook endpoint',
    description: 'Also deletes its deliveries.',
  })
  @ApiNoContentResponse({ description: 'It was deleted.' })
  @ApiErrors(ResourceNotFound, RequestValidationError)
  async delete(@CurrentCaller() caller: Caller, @Param() { id }: EndpointParams): Promise<void> {
    await this.endpoints.delete(caller, id);
  }

  @Patch('endpoints/:id/secret')
  @Scope('webhooks:write')
  @ApiOperation({
    operationId: 'rotateWebhookSecret',
    summary: 'Replace the secret of a webhook endpoint',
    description:
      'The old secret stays valid for 24 hours: until then every delivery carries signatures of ' +
      'both secrets. The new secret is not shown again.',
  })
  @ApiBody({ type: RotateSecret, required: false })
  @ApiOkResponse({ type: EndpointWithSecretDto })
  @ApiErrors(ResourceNotFound, RequestValidationError)
  async rotateSecret(
    @CurrentCaller() caller: Caller,
    @Param() { id }: EndpointParams,
    @Body() { secret }: RotateSecret,
  ): Promise<EndpointWithSecretDto> {
    return EndpointWithSecretDto.fromNew(await this.endpoints.rotateSecret(caller, id, secret));
  }

  @Post('endpoints/:id/test')
  @HttpCode(202)
  @Scope('webhooks:write')
  @ApiOperation({
    operationId: 'testWebhookEndpoint',
    summary: 'Send a test delivery',
    description:
      'Sends sample data of one of the endpoint’s own types, with `seat_metadata: {"test": true}`. ' +
      'It is a delivery, not an event.',
  })
  @ApiAcceptedResponse({ type: QueuedDto, description: 'It is queued.' })
  @ApiErrors(Conflict, ResourceNotFound, RequestValidationError)
  async test(@CurrentCaller() caller: Caller, @Param() { id }: EndpointParams): Promise<QueuedDto> {
    return this.endpoints.test(caller, id);
  }

  @Get('deliveries')
  @Scope('webhooks:read')
  @ApiOperation({
    operationId: 'listWebhookDeliveries',
    summary: 'List deliveries',
    description: 'Every attempt and its result, newest first, within the retention period.',
  })
  @ApiOkResponse({ type: DeliveryPage })
  @ApiErrors(RequestValidationError)
  async listDeliveries(
    @CurrentCaller() caller: Caller,
    @Query() query: ListDeliveries,
  ): Promise<DeliveryPage> {
    return toPageResponse(
      await this.deliveries.page(caller, query, query),
      query,
      DeliveryDto.from,
    );
  }

  @Post('events/:id/redeliver')
  @HttpCode(202)
  @Scope('webhooks:write')
  @ApiOperation({
    operationId: 'redeliverWebhookEvent',
    summary: 'Send an event again',
    description:
      'Sends it to every enabled endpoint that listens for its type, with the same `webhook-id`, ' +
      'even if the endpoint has received it before.',
  })
  @ApiAcceptedResponse({ type: QueuedDto, description: 'It is queued.' })
  @ApiErrors(ResourceNotFound, RequestValidationError)
  async redeliver(
    @CurrentCaller() caller: Caller,
    @Param() { id }: EventParams,
  ): Promise<QueuedDto> {
    return this.endpoints.redeliver(caller, id);
  }
}
