import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { RequestValidationError, ResourceNotFound } from '../platform/errors.js';
import { type Caller, CurrentCaller, Scope } from '../platform/http/access.js';
import { Fails } from '../platform/http/docs.js';
import { AccessDto, AccessQuery } from './access.dto.js';
import { AccessService } from './access.service.js';
import { CustomerSeatDto } from './seats.dto.js';
import { FeatureNotEnabled } from './seats.errors.js';

@ApiTags('Customer seats')
@Controller('v1/access')
export class AccessController {
  constructor(private readonly access: AccessService) {}

  @Get()
  @Scope('customer_seats:read')
  @ApiOperation({
    operationId: 'customer_seats:check_access',
    summary: 'May this person use this product?',
    description:
      'Yes, if they hold a claimed seat of the product in a subscription or order that gives ' +
      'seats. Name the person in one of the ways in which seats are assigned. Somebody unknown ' +
      'simply has no access.',
  })
  @ApiOkResponse({ type: AccessDto })
  @Fails(ResourceNotFound, FeatureNotEnabled, RequestValidationError)
  async check(@CurrentCaller() caller: Caller, @Query() query: AccessQuery): Promise<AccessDto> {
    const seat = await this.access.seatFor(caller, query.product_id, query.recipient());
    return { has_access: seat !== null, seat: seat && CustomerSeatDto.from(seat) };
  }
}
