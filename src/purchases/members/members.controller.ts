import { Body, Controller, Delete, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Conflict, RequestValidationError, ResourceNotFound } from '../../platform/errors.js';
import type { Caller } from '../../platform/caller.js';
import { CurrentCaller, Scope } from '../../platform/http/access.js';
import { ApiErrors } from '../../platform/http/openapi.decorators.js';
import { ExternalIdParams, IdParams } from '../../platform/http/objects.dto.js';
import { toPageResponse } from '../../platform/http/pagination.js';
import {
  CreateMember,
  MemberDto,
  MemberOfCustomer,
  MemberPage,
  MembersQuery,
  UpdateMember,
} from './members.dto.js';
import { MembersService } from './members.service.js';

@ApiTags('Members')
@Controller('v1/members')
export class MembersController {
  constructor(private readonly members: MembersService) {}

  @Post()
  @Scope('members:write')
  @ApiOperation({
    operationId: 'createMember',
    summary: 'Create a member',
    description:
      'A member is a person of a customer. Assigning a seat to an e-mail creates members too.',
  })
  @ApiCreatedResponse({ type: MemberDto })
  @ApiErrors(ResourceNotFound, Conflict, RequestValidationError)
  async create(@CurrentCaller() caller: Caller, @Body() body: CreateMember): Promise<MemberDto> {
    return MemberDto.from(await this.members.create(caller, body));
  }

  @Get()
  @Scope('members:read')
  @ApiOperation({
    operationId: 'listMembers',
    summary: 'List members',
    description:
      'Newest first; all members, or those of a customer. Deleted members are not shown.',
  })
  @ApiOkResponse({ type: MemberPage })
  @ApiErrors(RequestValidationError)
  async list(@CurrentCaller() caller: Caller, @Query() query: MembersQuery): Promise<MemberPage> {
    return toPageResponse(await this.members.list(caller, query), query, MemberDto.from);
  }

  @Get('external/:external_id')
  @Scope('members:read')
  @ApiOperation({
    operationId: 'getMemberByExternalId',
    summary: 'Get a member by its external_id',
    description: 'The member of the customer that you gave this external_id.',
  })
  @ApiOkResponse({ type: MemberDto })
  @ApiErrors(ResourceNotFound, RequestValidationError)
  async getByExternalId(
    @CurrentCaller() caller: Caller,
    @Param() params: ExternalIdParams,
    @Query() query: MemberOfCustomer,
  ): Promise<MemberDto> {
    return MemberDto.from(
      await this.members.getByExternalId(caller, query.customer_id, params.external_id),
    );
  }

  @Get(':id')
  @Scope('members:read')
  @ApiOperation({
    operationId: 'getMember',
    summary: 'Get a member',
    description: 'The member with this id.',
  })
  @ApiOkResponse({ type: MemberDto })
  @ApiErrors(ResourceNotFound, RequestValidationError)
  async get(@CurrentCaller() caller: Caller, @Param() params: IdParams): Promise<MemberDto> {
    return MemberDto.from(await this.members.get(caller, params.id));
  }

  @Patch(':id')
  @Scope('members:write')
  @ApiOperation({
    operationId: 'updateMember',
    summary: 'Change a member',
    description:
      'Keys that are not sent stay as they are; null clears a nullable key. The seats that the ' +
      'member holds get a new e-mail too, with an event `customer_seat.updated` for each. A pending ' +
      'invitation is renewed: the old link stops working, a new one is mailed to the new e-mail, ' +
      'and an event `customer_seat.invitation_resent` follows.',
  })
  @ApiOkResponse({ type: MemberDto })
  @ApiErrors(ResourceNotFound, Conflict, RequestValidationError)
  async update(
    @CurrentCaller() caller: Caller,
    @Param() params: IdParams,
    @Body() body: UpdateMember,
  ): Promise<MemberDto> {
    return MemberDto.from(await this.members.update(caller, params.id, body));
  }

  @Delete(':id')
  @Scope('members:write')
  @ApiOperation({
    operationId: 'deleteMember',
    summary: 'Delete a member',
    description:
      'Erases the member, revokes the seats that they hold, and returns the member as they were.',
  })
  @ApiOkResponse({ type: MemberDto })
  @ApiErrors(ResourceNotFound, RequestValidationError)
  async delete(@CurrentCaller() caller: Caller, @Param() params: IdParams): Promise<MemberDto> {
    return MemberDto.from(await this.members.delete(caller, params.id));
  }
}
