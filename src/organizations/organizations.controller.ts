import { Body, Controller, Get, Patch } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { RequestValidationError } from '../platform/errors.js';
import type { Caller } from '../platform/caller.js';
import { CurrentCaller, Scope } from '../platform/http/access.js';
import { ApiErrors } from '../platform/http/openapi.decorators.js';
import { OrganizationDto, UpdateOrganization } from './organizations.dto.js';
import { SlugTaken } from './organizations.errors.js';
import { OrganizationsService } from './organizations.service.js';

@ApiTags('Organization')
@Controller('v1/organization')
export class OrganizationsController {
  constructor(private readonly organizations: OrganizationsService) {}

  @Get()
  @Scope('organization:read')
  @ApiOperation({
    operationId: 'getOrganization',
    summary: 'Get your organization',
    description: 'Returns the organization that the token belongs to, with its settings.',
  })
  @ApiOkResponse({ type: OrganizationDto })
  async get(@CurrentCaller() caller: Caller): Promise<OrganizationDto> {
    return OrganizationDto.from(await this.organizations.get(caller));
  }

  @Patch()
  @Scope('organization:write')
  @ApiOperation({
    operationId: 'updateOrganization',
    summary: 'Change your organization',
    description:
      'Omitted keys keep their values, including those within `settings` and `settings.brand`; null clears a ' +
      'nullable key. Pending invitations keep their expiry.',
  })
  @ApiOkResponse({ type: OrganizationDto })
  @ApiErrors(SlugTaken, RequestValidationError)
  async update(
    @CurrentCaller() caller: Caller,
    @Body() body: UpdateOrganization,
  ): Promise<OrganizationDto> {
    return OrganizationDto.from(await this.organizations.update(caller, body));
  }
}
