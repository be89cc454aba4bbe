import { Body, Controller, Post } from '@nestjs/common';
import { ApiCreatedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { RequestValidationError } from '../platform/errors.js';
import { type Caller, CurrentCaller, Scope } from '../platform/http/access.js';
import { Fails } from '../platform/http/docs.js';
import { CustomerNotFound, MemberNotFound } from '../seats/seats.errors.js';
import { CreateCustomerSession, CustomerSessionDto } from './sessions.dto.js';
import { SessionsService } from './sessions.service.js';

@ApiTags('Customer sessions')
@Controller('v1/customer-sessions')
export class SessionsController {
  constructor(private readonly sessions: SessionsService) {}

  @Post()
  @Scope('customer_sessions:write')
  @ApiOperation({
    operationId: 'customer_sessions:create',
    summary: 'Open the portal for a person',
    description:
      'A session of one hour for a customer, or for one of their members. Send the person to ' +
      '`customer_portal_url`, or call the customer portal’s routes with `token` yourself.',
  })
  @ApiCreatedResponse({ type: CustomerSessionDto })
  @Fails(CustomerNotFound, MemberNotFound, RequestValidationError)
  async create(
    @CurrentCaller() caller: Caller,
    @Body() body: CreateCustomerSession,
  ): Promise<CustomerSessionDto> {
    return CustomerSessionDto.from(await this.sessions.open(caller, body));
  }
}
