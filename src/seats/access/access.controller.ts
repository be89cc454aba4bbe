import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { RequestValidationError, ResourceNotFound } from '../../platform/errors.js';
import type { Caller } from '../../platform/caller.js';
import { CurrentCaller, Scope } from '../../platform/http/access.js';
import { ApiErrors } from '../../platform/http/openapi.decorators.js';
import { AccessDto, AccessQuery } from './access.dto.js';
import { SeatsService } from '../seats.service.js';
import { CustomerSeatDto } from '../seats.dto.js';
import { FeatureNotEnabled } from '../seats.errors.js';

@ApiTags('Customer seats')
@Controller('v1/access')
export class AccessController {
  constructor(private readonly seats: SeatsService) {}

  @Get()
  @Scope('customer_seats:read')
  @ApiOperation({
    operationId: 'checkAccess',
    summary: 'Check whether a person can use a product',
    description:
      'Returns whether a person has access to a product through a claimed seat of a subscription ' +
      'or an order whose status allows assignments. The keys of the person are those of an ' +
      'assignment. An unknown person has no access.',
  })
  @ApiOkResponse({ type: AccessDto })
  @ApiErrors(ResourceNotFound, FeatureNotEnabled, RequestValidationError)
  async check(@CurrentCaller() caller: Caller, @Query() query: AccessQuery): Promise<AccessDto> {
    const seat = await this.seats.access(caller, query.product_id, query);
    return { has_access: seat !== null, seat: seat && CustomerSeatDto.from(seat) };
  }
}
