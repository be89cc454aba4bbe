import { Body, Controller, Delete, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Conflict, RequestValidationError, ResourceNotFound } from '../../platform/errors.js';
import { type Caller, CurrentCaller, Scope } from '../../platform/http/access.js';
import { Fails } from '../../platform/http/docs.js';
import { ExternalIdParams, IdParams } from '../../platform/http/objects.dto.js';
import { PageQuery, toPage } from '../../platform/http/pages.js';
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
    description: 'A product is what subscriptions and orders are of; invitations name it.',
  })
  @ApiCreatedResponse({ type: ProductDto })
  @Fails(Conflict, RequestValidationError)
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
  @Fails(RequestValidationError)
  async list(@CurrentCaller() caller: Caller, @Query() query: PageQuery): Promise<ProductPage> {
    return toPage(await this.products.list(caller, query), query, ProductDto.from);
  }

  @Get('external/:external_id')
  @Scope('products:read')
  @ApiOperation({
    operationId: 'getProductByExternalId',
    summary: 'Get a product by its external_id',
    description: 'The product that you gave this external_id.',
  })
  @ApiOkResponse({ type: ProductDto })
  @Fails(ResourceNotFound, RequestValidationError)
  async getExternal(
    @CurrentCaller() caller: Caller,
    @Param() params: ExternalIdParams,
  ): Promise<ProductDto> {
    return ProductDto.from(await this.products.getExternal(caller, params.external_id));
  }

  @Get(':id')
  @Scope('products:read')
  @ApiOperation({
    operationId: 'getProduct',
    summary: 'Get a product',
    description: 'The product with this id.',
  })
  @ApiOkResponse({ type: ProductDto })
  @Fails(ResourceNotFound, RequestValidationError)
  async get(@CurrentCaller() caller: Caller, @Param() params: IdParams): Promise<ProductDto> {
    return ProductDto.from(await this.products.get(caller, params.id));
  }

  @Patch(':id')
  @Scope('products:write')
  @ApiOperation({
    operationId: 'updateProduct',
    summary: 'Change a product',
    description: 'Keys that are not sent stay as they are; null clears a key that may be null.',
  })
  @ApiOkResponse({ type: ProductDto })
  @Fails(ResourceNotFound, Conflict, RequestValidationError)
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
      'Answers the product as it was. Subscriptions and orders of it go on; new ones cannot be ' +
      'created. Its external_id is free again, its id is not.',
  })
  @ApiOkResponse({ type: ProductDto })
  @Fails(ResourceNotFound, RequestValidationError)
  async delete(@CurrentCaller() caller: Caller, @Param() params: IdParams): Promise<ProductDto> {
    return ProductDto.from(await this.products.delete(caller, params.id));
  }
}
