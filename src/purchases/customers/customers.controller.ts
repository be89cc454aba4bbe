import { Body, Controller, Delete, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Conflict, RequestValidationError, ResourceNotFound } from '../../platform/errors.js';
import { type Caller, CurrentCaller, Scope } from '../../platform/http/access.js';
import { Fails } from '../../platform/http/docs.js';
import { ExternalIdParams, IdParams } from '../../platform/http/objects.dto.js';
import { PageQuery, toPage } from '../../platform/http/pages.js';
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
      'Who buys. A customer with an e-mail gets their owner with it: a member with the same e-mail.',
  })
  @ApiCreatedResponse({ type: CustomerDto })
  @Fails(Conflict, RequestValidationError)
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
  @Fails(RequestValidationError)
  async list(@CurrentCaller() caller: Caller, @Query() query: PageQuery): Promise<CustomerPage> {
    return toPage(await this.customers.list(caller, query), query, CustomerDto.from);
  }

  @Get('external/:external_id')
  @Scope('customers:read')
  @ApiOperation({
    operationId: 'getCustomerByExternalId',
    summary: 'Get a customer by its external_id',
    description: 'The customer that you gave this external_id.',
  })
  @ApiOkResponse({ type: CustomerDto })
  @Fails(ResourceNotFound, RequestValidationError)
  async getExternal(
    @CurrentCaller() caller: Caller,
    @Param() params: ExternalIdParams,
  ): Promise<CustomerDto> {
    return CustomerDto.from(await this.customers.getExternal(caller, params.external_id));
  }

  @Get(':id')
  @Scope('customers:read')
  @ApiOperation({
    operationId: 'getCustomer',
    summary: 'Get a customer',
    description: 'The customer with this id.',
  })
  @ApiOkResponse({ type: CustomerDto })
  @Fails(ResourceNotFound, RequestValidationError)
  async get(@CurrentCaller() caller: Caller, @Param() params: IdParams): Promise<CustomerDto> {
    return CustomerDto.from(await this.customers.get(caller, params.id));
  }

  @Patch(':id')
  @Scope('customers:write')
  @ApiOperation({
    operationId: 'updateCustomer',
    summary: 'Change a customer',
    description:
      'Keys that are not sent stay as they are; null clears a key that may be null. The owner ' +
      'follows a new e-mail, and with it the seats that the owner holds. So does, where the ' +
      'customer holds a seat of another customer, the member of that customer, unless it has ' +
      'another member with the new e-mail.',
  })
  @ApiOkResponse({ type: CustomerDto })
  @Fails(ResourceNotFound, Conflict, RequestValidationError)
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
      'Erases the customer and their members, and answers the customer as they were. Seats that ' +
      'they or their members hold are revoked, and their orders give no more. 409 while a ' +
      'subscription of theirs has not ended.',
  })
  @ApiOkResponse({ type: CustomerDto })
  @Fails(ResourceNotFound, Conflict, RequestValidationError)
  async delete(@CurrentCaller() caller: Caller, @Param() params: IdParams): Promise<CustomerDto> {
    return CustomerDto.from(await this.customers.delete(caller, params.id));
  }
}
