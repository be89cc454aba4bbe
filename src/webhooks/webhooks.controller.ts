import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { Conflict, RequestValidationError, ResourceNotFound } from '../platform/errors.js';
import { type Caller, CurrentCaller, Scope } from '../platform/http/access.js';
import { Fails } from '../platform/http/docs.js';
import { PageQuery, toPage } from '../platform/http/pages.js';
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
    operationId: 'webhooks:list_endpoints',
    summary: 'List webhook endpoints',
    description: 'Where you are told of events. Secrets are not shown.',
  })
  @ApiOkResponse({ type: EndpointPage })
  @Fails(RequestValidationError)
  async list(@CurrentCaller() caller: Caller, @Query() query: PageQuery): Promise<EndpointPage> {
    return toPage(await this.endpoints.page(caller, query), query, EndpointDto.from);
  }

  @Post('endpoints')
  @Scope('webhooks:write')
  @ApiOperation({
    operationId: 'webhooks:create_endpoint',
    summary: 'Create a webhook endpoint',
    description:
      'The answer has the secret that signs the deliveries; it is not shown again. From then on ' +
      'events of its types are sent to it; see the webhooks of this description for what they ' +
      'look like and how to verify them. An organization can have 50 endpoints.',
  })
  @ApiCreatedResponse({ type: EndpointWithSecretDto })
  @Fails(Conflict, RequestValidationError)
  async create(
    @CurrentCaller() caller: Caller,
    @Body() body: CreateEndpoint,
  ): Promise<EndpointWithSecretDto> {
    return EndpointWithSecretDto.fromNew(await this.endpoints.create(caller, body));
  }

  @Get('endpoints/:id')
  @Scope('webhooks:read')
  @ApiOperation({
    operationId: 'webhooks:get_endpoint',
    summary: 'Get a webhook endpoint',
    description: 'Without its secret.',
  })
  @ApiOkResponse({ type: EndpointDto })
  @Fails(ResourceNotFound, RequestValidationError)
  async get(
    @CurrentCaller() caller: Caller,
    @Param() { id }: EndpointParams,
  ): Promise<EndpointDto> {
    return EndpointDto.from(await this.endpoints.get(caller, id));
  }

  @Patch('endpoints/:id')
  @Scope('webhooks:write')
  @ApiOperation({
    operationId: 'webhooks:update_endpoint',
    summary: 'Change a webhook endpoint',
    description:
      'What waits for a disabled endpoint is sent when it is enabled again; what happens meanwhile ' +
      'is not sent (read `GET /v1/events`, or send it again). A new `url` and new `events` also ' +
      'apply to what waits: it goes to the new url, and types that are not wanted any more are ' +
      'not sent.',
  })
  @ApiOkResponse({ type: EndpointDto })
  @Fails(ResourceNotFound, RequestValidationError)
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
    operationId: 'webhooks:delete_endpoint',
    summary: 'Delete a webhook endpoint',
    description: 'Its deliveries go with it.',
  })
  @ApiNoContentResponse({ description: 'It is gone.' })
  @Fails(ResourceNotFound, RequestValidationError)
  async delete(@CurrentCaller() caller: Caller, @Param() { id }: EndpointParams): Promise<void> {
    await this.endpoints.delete(caller, id);
  }

  @Patch('endpoints/:id/secret')
  @Scope('webhooks:write')
  @ApiOperation({
    operationId: 'webhooks:rotate_secret',
    summary: 'Replace the secret of a webhook endpoint',
    description:
      'The old secret keeps signing beside the new one for 24 hours: until then every delivery ' +
      'carries the signatures of both. The new one is not shown again.',
  })
  @ApiOkResponse({ type: EndpointWithSecretDto })
  @Fails(ResourceNotFound, RequestValidationError)
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
    operationId: 'webhooks:test_endpoint',
    summary: 'Send a test delivery',
    description:
      'Sample data of one of the endpoint’s own types, with `seat_metadata: {"test": true}`. It is ' +
      'a delivery, not an event.',
  })
  @ApiAcceptedResponse({ type: QueuedDto, description: 'It is on its way.' })
  @Fails(Conflict, ResourceNotFound, RequestValidationError)
  async test(@CurrentCaller() caller: Caller, @Param() { id }: EndpointParams): Promise<QueuedDto> {
    return this.endpoints.test(caller, id);
  }

  @Get('deliveries')
  @Scope('webhooks:read')
  @ApiOperation({
    operationId: 'webhooks:list_deliveries',
    summary: 'List deliveries',
    description: 'Every try, as it went, newest first; for as long as the service keeps them.',
  })
  @ApiOkResponse({ type: DeliveryPage })
  @Fails(RequestValidationError)
  async listDeliveries(
    @CurrentCaller() caller: Caller,
    @Query() query: ListDeliveries,
  ): Promise<DeliveryPage> {
    return toPage(await this.deliveries.page(caller, query, query), query, DeliveryDto.from);
  }

  @Post('events/:id/redeliver')
  @HttpCode(202)
  @Scope('webhooks:write')
  @ApiOperation({
    operationId: 'webhooks:redeliver_event',
    summary: 'Send an event again',
    description:
      'To every enabled endpoint that wants its type, under the same `webhook-id`, whether it had ' +
      'it before or not.',
  })
  @ApiAcceptedResponse({ type: QueuedDto, description: 'It is on its way.' })
  @Fails(ResourceNotFound, RequestValidationError)
  async redeliver(
    @CurrentCaller() caller: Caller,
    @Param() { id }: EventParams,
  ): Promise<QueuedDto> {
    return this.endpoints.redeliver(caller, id);
  }
}
