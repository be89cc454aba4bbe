import { Body, Controller, Get, Patch } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { RequestValidationError } from '../platform/errors.js';
import { type Caller, CurrentCaller, Scope } from '../platform/http/access.js';
import { Fails } from '../platform/http/docs.js';
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
    description: 'The organization that the token belongs to, with its settings.',
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
      'Keys that are not sent stay as they are, inside of `settings` and `settings.brand` too; ' +
      'null clears a key that may be null. Invitations that are under way keep their expiry.',
  })
  @ApiOkResponse({ type: OrganizationDto })
  @Fails(SlugTaken, RequestValidationError)
  async update(
    @CurrentCaller() caller: Caller,
    @Body() body: UpdateOrganization,
  ): Promise<OrganizationDto> {
    return OrganizationDto.from(await this.organizations.update(caller, body));
  }
}
