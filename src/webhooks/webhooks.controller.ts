import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { RequestValidationError, ResourceNotFound } from '../platform/errors.js';
import { type Caller, CurrentCaller, Scope } from '../platform/http/access.js';
import { Fails } from '../platform/http/docs.js';
import { PageQuery, toPage } from '../purchases/shared/pages.js';
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
  @ApiOperation({ operationId: 'webhooks:list_endpoints', summary: 'List webhook endpoints' })
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
    description: 'The answer has the secret that signs the deliveries; it is not shown again.',
  })
  @ApiCreatedResponse({ type: EndpointWithSecretDto })
  @Fails(RequestValidationError)
  async create(
    @CurrentCaller() caller: Caller,
    @Body() body: CreateEndpoint,
  ): Promise<EndpointWithSecretDto> {
    return EndpointWithSecretDto.fromNew(await this.endpoints.create(caller, body));
  }

  @Get('endpoints/:id')
  @Scope('webhooks:read')
  @ApiOperation({ operationId: 'webhooks:get_endpoint', summary: 'Get a webhook endpoint' })
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
    description: 'Enabling an endpoint sends what has waited for it.',
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
    description: 'The old secret keeps signing beside the new one for 24 hours.',
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
  @ApiAcceptedResponse({ description: 'It is on its way.' })
  @Fails(ResourceNotFound, RequestValidationError)
  async test(@CurrentCaller() caller: Caller, @Param() { id }: EndpointParams): Promise<void> {
    await this.endpoints.test(caller, id);
  }

  @Get('deliveries')
  @Scope('webhooks:read')
  @ApiOperation({
    operationId: 'webhooks:list_deliveries',
    summary: 'List deliveries',
    description: 'Every try, newest first.',
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
    description: 'To every endpoint that wants its type, under the same `webhook-id`.',
  })
  @ApiAcceptedResponse({ description: 'It is on its way.' })
  @Fails(ResourceNotFound, RequestValidationError)
  async redeliver(@CurrentCaller() caller: Caller, @Param() { id }: EventParams): Promise<void> {
    await this.endpoints.redeliver(caller, id);
  }
}
