import { Body, Controller, Delete, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Conflict, RequestValidationError, ResourceNotFound } from '../../platform/errors.js';
import type { Caller } from '../../platform/caller.js';
import { CurrentCaller, Scope } from '../../platform/http/access.js';
import { ApiErrors } from '../../platform/http/openapi.decorators.js';
import { ExternalIdParams, IdParams } from '../../platform/http/objects.dto.js';
import { PageQuery, toPageResponse } from '../../platform/http/pagination.js';
import { CreateCustomer, CustomerDto, CustomerPage, UpdateCustomer } from './customers.dto.js';
import { CustomersService } from './customers.service.js';

@ApiTags('Customers')
@Controller('v1/customers')
export class CustomersController {
  constructor(private readonly customers: CustomersService) {}

  @Post()
  @Scope('customers:write')
  @ApiOperation({
    operationId: 'createCustomer',
    summary: 'Create a customer',
    description:
      'A customer buys seats. With an e-mail it gets an owner, a member with the same e-mail.',
  })
  @ApiCreatedResponse({ type: CustomerDto })
  @ApiErrors(Conflict, RequestValidationError)
  async create(
    @CurrentCaller() caller: Caller,
    @Body() body: CreateCustomer,
  ): Promise<CustomerDto> {
    return CustomerDto.from(await this.customers.create(caller, body));
  }

  @Get()
  @Scope('customers:read')
  @ApiOperation({
    operationId: 'listCustomers',
    summary: 'List customers',
    description: 'Newest first. Deleted customers are not shown.',
  })
  @ApiOkResponse({ type: CustomerPage })
  @ApiErrors(RequestValidationError)
  async list(@CurrentCaller() caller: Caller, @Query() query: PageQuery): Promise<CustomerPage> {
    return toPageResponse(await this.customers.list(caller, query), query, CustomerDto.from);
  }

  @Get('external/:external_id')
  @Scope('customers:read')
  @ApiOperation({
    operationId: 'getCustomerByExternalId',
    summary: 'Get a customer by its external_id',
    description: 'The customer that you gave this external_id.',
  })
  @ApiOkResponse({ type: CustomerDto })
  @ApiErrors(ResourceNotFound, RequestValidationError)
  async getByExternalId(
    @CurrentCaller() caller: Caller,
    @Param() params: ExternalIdParams,
  ): Promise<CustomerDto> {
    return CustomerDto.from(await this.customers.getByExternalId(caller, params.external_id));
  }

  @Get(':id')
  @Scope('customers:read')
  @ApiOperation({
    operationId: 'getCustomer',
    summary: 'Get a customer',
    description: 'The customer with this id.',
  })
  @ApiOkResponse({ type: CustomerDto })
  @ApiErrors(ResourceNotFound, RequestValidationError)
  async get(@CurrentCaller() caller: Caller, @Param() params: IdParams): Promise<CustomerDto> {
    return CustomerDto.from(await this.customers.get(caller, params.id));
  }

  @Patch(':id')
  @Scope('customers:write')
  @ApiOperation({
    operationId: 'updateCustomer',
    summary: 'Change a customer',
    description:
      'Keys that are not sent stay as they are; null clears a nullable key. A new e-mail is ' +
      'written to the owner and to the seats of the owner too. If the customer holds a seat that ' +
      'another customer bought, that seat and its member are updated as well, unless the buyer ' +
      'already has a member with the new e-mail. Pending invitations are renewed and mailed to the ' +
      'new e-mail.',
  })
  @ApiOkResponse({ type: CustomerDto })
  @ApiErrors(ResourceNotFound, Conflict, RequestValidationError)
  async update(
    @CurrentCaller() caller: Caller,
    @Param() params: IdParams,
    @Body() body: UpdateCustomer,
  ): Promise<CustomerDto> {
    return CustomerDto.from(await this.customers.update(caller, params.id, body));
  }

  @Delete(':id')
  @Scope('customers:write')
  @ApiOperation({
    operationId: 'deleteCustomer',
    summary: 'Delete a customer',
    description:
      'Erases the customer and their members, and returns the customer as they were. Revokes the ' +
      'seats that they or their members hold. Their orders allow no more assignments. 409 while ' +
      'one of their subscriptions has not ended.',
  })
  @ApiOkResponse({ type: CustomerDto })
  @ApiErrors(ResourceNotFound, Conflict, RequestValidationError)
  async delete(@CurrentCaller() caller: Caller, @Param() params: IdParams): Promise<CustomerDto> {
    return CustomerDto.from(await this.customers.delete(caller, params.id));
  }
}
