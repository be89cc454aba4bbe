import { Body, Controller, Delete, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Conflict, RequestValidationError, ResourceNotFound } from '../../platform/errors.js';
import type { Caller } from '../../platform/caller.js';
import { CurrentCaller, Scope } from '../../platform/http/access.js';
import { ApiErrors } from '../../platform/http/openapi.decorators.js';
import { ExternalIdParams, IdParams } from '../../platform/http/objects.dto.js';
import { PageQuery, toPageResponse } from '../../platform/http/pagination.js';
import { CreateProduct, ProductDto, ProductPage, UpdateProduct } from './products.dto.js';
import { ProductsService } from './products.service.js';

@ApiTags('Products')
@Controller('v1/products')
export class ProductsController {
  constructor(private readonly products: ProductsService) {}

  @Post()
  @Scope('products:write')
  @ApiOperation({
    operationId: 'createProduct',
    summary: 'Create a product',
    description: 'Subscriptions and orders sell seats of a product. Invitations show its name.',
  })
  @ApiCreatedResponse({ type: ProductDto })
  @ApiErrors(Conflict, RequestValidationError)
  async create(@CurrentCaller() caller: Caller, @Body() body: CreateProduct): Promise<ProductDto> {
    return ProductDto.from(await this.products.create(caller, body));
  }

  @Get()
  @Scope('products:read')
  @ApiOperation({
    operationId: 'listProducts',
    summary: 'List products',
    description: 'Newest first. Deleted products are not shown.',
  })
  @ApiOkResponse({ type: ProductPage })
  @ApiErrors(RequestValidationError)
  async list(@CurrentCaller() caller: Caller, @Query() query: PageQuery): Promise<ProductPage> {
    return toPageResponse(await this.products.list(caller, query), query, ProductDto.from);
  }

  @Get('external/:external_id')
  @Scope('products:read')
  @ApiOperation({
    operationId: 'getProductByExternalId',
    summary: 'Get a product by its external_id',
    description: 'The product that you gave this external_id.',
  })
  @ApiOkResponse({ type: ProductDto })
  @ApiErrors(ResourceNotFound, RequestValidationError)
  async getByExternalId(
    @CurrentCaller() caller: Caller,
    @Param() params: ExternalIdParams,
  ): Promise<ProductDto> {
    return ProductDto.from(await this.products.getByExternalId(caller, params.external_id));
  }

  @Get(':id')
  @Scope('products:read')
  @ApiOperation({
    operationId: 'getProduct',
    summary: 'Get a product',
    description: 'The product with this id.',
  })
  @ApiOkResponse({ type: ProductDto })
  @ApiErrors(ResourceNotFound, RequestValidationError)
  async get(@CurrentCaller() caller: Caller, @Param() params: IdParams): Promise<ProductDto> {
    return ProductDto.from(await this.products.get(caller, params.id));
  }

  @Patch(':id')
  @Scope('products:write')
  @ApiOperation({
    operationId: 'updateProduct',
    summary: 'Change a product',
    description: 'Keys that are not sent stay as they are; null clears a nullable key.',
  })
  @ApiOkResponse({ type: ProductDto })
  @ApiErrors(ResourceNotFound, Conflict, RequestValidationError)
  async update(
    @CurrentCaller() caller: Caller,
    @Param() params: IdParams,
    @Body() body: UpdateProduct,
  ): Promise<ProductDto> {
    return ProductDto.from(await this.products.update(caller, params.id, body));
  }

  @Delete(':id')
  @Scope('products:write')
  @ApiOperation({
    operationId: 'deleteProduct',
    summary: 'Delete a product',
    description:
      'Returns the product as it was. Its external_id can be used again, its id cannot. A product ' +
      'of which people may hold seats cannot be deleted: 409 while a subscription of it has not ' +
      'ended, or an order of it gives seats. Archive it instead.',
  })
  @ApiOkResponse({ type: ProductDto })
  @ApiErrors(ResourceNotFound, Conflict, RequestValidationError)
  async delete(@CurrentCaller() caller: Caller, @Param() params: IdParams): Promise<ProductDto> {
    return ProductDto.from(await this.products.delete(caller, params.id));
  }
}
