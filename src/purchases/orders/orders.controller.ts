import {
  Body,
  Controller,
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
import { CreateOrder, OrderDto, OrderPage, PutOrder, UpdateOrder } from './orders.dto.js';
import { OrdersService } from './orders.service.js';

@ApiTags('Orders')
@Controller('v1/orders')
export class OrdersController {
  constructor(private readonly orders: OrdersService) {}

  @Post()
  @Scope('orders:write')
  @ApiOperation({
    operationId: 'createOrder',
    summary: 'Create an order',
    description:
      'Records a one-time purchase of seats, and creates its pool. Seats can be assigned if the ' +
      'status allows it.',
  })
  @ApiCreatedResponse({ type: OrderDto })
  @ApiErrors(ResourceNotFound, Conflict, RequestValidationError)
  async create(@CurrentCaller() caller: Caller, @Body() body: CreateOrder): Promise<OrderDto> {
    return OrderDto.from(await this.orders.create(caller, body));
  }

  @Get()
  @Scope('orders:read')
  @ApiOperation({
    operationId: 'listOrders',
    summary: 'List orders',
    description: 'Newest first.',
  })
  @ApiOkResponse({ type: OrderPage })
  @ApiErrors(RequestValidationError)
  async list(@CurrentCaller() caller: Caller, @Query() query: PageQuery): Promise<OrderPage> {
    return toPageResponse(await this.orders.list(caller, query), query, OrderDto.from);
  }

  @Get('external/:external_id')
  @Scope('orders:read')
  @ApiOperation({
    operationId: 'getOrderByExternalId',
    summary: 'Get an order by its external_id',
    description: 'The order that you gave this external_id.',
  })
  @ApiOkResponse({ type: OrderDto })
  @ApiErrors(ResourceNotFound, RequestValidationError)
  async getByExternalId(
    @CurrentCaller() caller: Caller,
    @Param() params: ExternalIdParams,
  ): Promise<OrderDto> {
    return OrderDto.from(await this.orders.getByExternalId(caller, params.external_id));
  }

  @Put('external/:external_id')
  @Scope('orders:write')
  @ApiOperation({
    operationId: 'putOrder',
    summary: 'Create or change an order by its external_id',
    description:
      putDescription('order') +
      ' Only the metadata of a refunded or void order can be changed; other changes are a 403. An ' +
      'order whose customer was deleted cannot get a status that allows assignments: 403, unless ' +
      'the body names another customer.',
  })
  @ApiOkResponse({
    type: OrderDto,
    description: 'The order already existed and now matches the body.',
  })
  @ApiCreatedResponse({ type: OrderDto, description: 'It was created.' })
  @ApiErrors(SeatsAlreadyAssigned, NotPermitted, ResourceNotFound, Conflict, RequestValidationError)
  async put(
    @CurrentCaller() caller: Caller,
    @Param() params: ExternalIdParams,
    @Body() body: PutOrder,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<OrderDto> {
    const { created, purchase } = await this.orders.put(caller, params.external_id, body);
    void reply.status(created ? HttpStatus.CREATED : HttpStatus.OK);
    return OrderDto.from(purchase);
  }

  @Get(':id')
  @Scope('orders:read')
  @ApiOperation({
    operationId: 'getOrder',
    summary: 'Get an order',
    description: 'The order with this id.',
  })
  @ApiOkResponse({ type: OrderDto })
  @ApiErrors(ResourceNotFound, RequestValidationError)
  async get(@CurrentCaller() caller: Caller, @Param() params: IdParams): Promise<OrderDto> {
    return OrderDto.from(await this.orders.get(caller, params.id));
  }

  @Patch(':id')
  @Scope('orders:write')
  @ApiOperation({
    operationId: 'updateOrder',
    summary: 'Change an order',
    description:
      PATCH_DESCRIPTION +
      ' `status: refunded` and `void` are final and revoke every pending and claimed seat; then only ' +
      'external_id and metadata can be changed. Sending the current status again is allowed. An order whose customer ' +
      'was deleted allows no more assignments: `status: paid` is a 403 then.',
  })
  @ApiOkResponse({ type: OrderDto })
  @ApiErrors(SeatsAlreadyAssigned, NotPermitted, ResourceNotFound, Conflict, RequestValidationError)
  async update(
    @CurrentCaller() caller: Caller,
    @Param() params: IdParams,
    @Body() body: UpdateOrder,
  ): Promise<OrderDto> {
    return OrderDto.from(await this.orders.update(caller, params.id, body));
  }
}
