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
import { type Caller, CurrentCaller, Scope } from '../../platform/http/access.js';
import { Fails } from '../../platform/http/docs.js';
import { ExternalIdParams, IdParams } from '../../platform/http/objects.dto.js';
import { PageQuery, toPage } from '../../platform/http/pages.js';
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
      'Tells that seats were bought once and for all. Its pool of seats opens with it, if the ' +
      'status can give seats.',
  })
  @ApiCreatedResponse({ type: OrderDto })
  @Fails(ResourceNotFound, Conflict, RequestValidationError)
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
  @Fails(RequestValidationError)
  async list(@CurrentCaller() caller: Caller, @Query() query: PageQuery): Promise<OrderPage> {
    return toPage(await this.orders.list(caller, query), query, OrderDto.from);
  }

  @Get('external/:external_id')
  @Scope('orders:read')
  @ApiOperation({
    operationId: 'getOrderByExternalId',
    summary: 'Get an order by its external_id',
    description: 'The order that you gave this external_id.',
  })
  @ApiOkResponse({ type: OrderDto })
  @Fails(ResourceNotFound, RequestValidationError)
  async getExternal(
    @CurrentCaller() caller: Caller,
    @Param() params: ExternalIdParams,
  ): Promise<OrderDto> {
    return OrderDto.from(await this.orders.getExternal(caller, params.external_id));
  }

  @Put('external/:external_id')
  @Scope('orders:write')
  @ApiOperation({
    operationId: 'putOrderByExternalId',
    summary: 'Create or change an order by its external_id',
    description:
      putDescription('order') +
      ' A refunded or void order keeps ' +
      'everything but its metadata: 403. So does one that is to give seats and whose customer was ' +
      'deleted, unless another customer is named.',
  })
  @ApiOkResponse({ type: OrderDto, description: 'It was there, and is as the body says.' })
  @ApiCreatedResponse({ type: OrderDto, description: 'It was created.' })
  @Fails(SeatsAlreadyAssigned, NotPermitted, ResourceNotFound, Conflict, RequestValidationError)
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
  @Fails(ResourceNotFound, RequestValidationError)
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
      ' `status: refunded` or `void` is final and ' +
      'revokes every pending and claimed seat; after it, only external_id and metadata can be ' +
      'changed. Repeating a status is no error. An order whose customer was deleted gives ' +
      'no more seats: `status: paid` is a 403 then.',
  })
  @ApiOkResponse({ type: OrderDto })
  @Fails(SeatsAlreadyAssigned, NotPermitted, ResourceNotFound, Conflict, RequestValidationError)
  async update(
    @CurrentCaller() caller: Caller,
    @Param() params: IdParams,
    @Body() body: UpdateOrder,
  ): Promise<OrderDto> {
    return OrderDto.from(await this.orders.update(caller, params.id, body));
  }
}
