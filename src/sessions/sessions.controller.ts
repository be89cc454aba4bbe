import { Body, Controller, Post } from '@nestjs/common';
import { ApiCreatedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CustomerNotFound, MemberNotFound, RequestValidationError } from '../platform/errors.js';
import type { Caller } from '../platform/caller.js';
import { CurrentCaller, Scope } from '../platform/http/access.js';
import { ApiErrors } from '../platform/http/openapi.decorators.js';
import { CreateCustomerSession, CustomerSessionDto } from './sessions.dto.js';
import { SessionsService } from './sessions.service.js';

@ApiTags('Customer sessions')
@Controller('v1/customer-sessions')
export class SessionsController {
  constructor(private readonly sessions: SessionsService) {}

  @Post()
  @Scope('customer_sessions:write')
  @ApiOperation({
    operationId: 'createCustomerSession',
    summary: 'Open the portal for a person',
    description:
      'Opens a session of one hour for a customer or one of their members. Send the person to ' +
      '`customer_portal_url`, or call the customer portal’s routes with `token` yourself. The URL ' +
      'opens the portal once, within 15 minutes. Mail scanners and link previews do not use it up.',
  })
  @ApiCreatedResponse({ type: CustomerSessionDto })
  @ApiErrors(CustomerNotFound, MemberNotFound, RequestValidationError)
  async create(
    @CurrentCaller() caller: Caller,
    @Body() body: CreateCustomerSession,
  ): Promise<CustomerSessionDto> {
    return CustomerSessionDto.from(await this.sessions.open(caller, body));
  }
}
