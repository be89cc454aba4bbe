import { Body, Controller, Delete, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Conflict, RequestValidationError, ResourceNotFound } from '../../platform/errors.js';
import { type Caller, CurrentCaller, Scope } from '../../platform/http/access.js';
import { Fails } from '../../platform/http/docs.js';
import { ExternalIdParams, IdParams } from '../../platform/http/objects.dto.js';
import { toPage } from '../../platform/http/pages.js';
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
    description: 'A person of a customer. Assigning a seat to an e-mail creates members as well.',
  })
  @ApiCreatedResponse({ type: MemberDto })
  @Fails(ResourceNotFound, Conflict, RequestValidationError)
  async create(@CurrentCaller() caller: Caller, @Body() body: CreateMember): Promise<MemberDto> {
    return MemberDto.from(await this.members.create(caller, body));
  }

  @Get()
  @Scope('members:read')
  @ApiOperation({
    operationId: 'listMembers',
    summary: 'List members',
    description: 'Newest first, all or those of a customer. Deleted members are not shown.',
  })
  @ApiOkResponse({ type: MemberPage })
  @Fails(RequestValidationError)
  async list(@CurrentCaller() caller: Caller, @Query() query: MembersQuery): Promise<MemberPage> {
    return toPage(await this.members.list(caller, query), query, MemberDto.from);
  }

  @Get('external/:external_id')
  @Scope('members:read')
  @ApiOperation({
    operationId: 'getMemberByExternalId',
    summary: 'Get a member by its external_id',
    description: 'The member of the customer that you gave this external_id.',
  })
  @ApiOkResponse({ type: MemberDto })
  @Fails(ResourceNotFound, RequestValidationError)
  async getExternal(
    @CurrentCaller() caller: Caller,
    @Param() params: ExternalIdParams,
    @Query() query: MemberOfCustomer,
  ): Promise<MemberDto> {
    return MemberDto.from(
      await this.members.getExternal(caller, query.customer_id, params.external_id),
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
  @Fails(ResourceNotFound, RequestValidationError)
  async get(@CurrentCaller() caller: Caller, @Param() params: IdParams): Promise<MemberDto> {
    return MemberDto.from(await this.members.get(caller, params.id));
  }

  @Patch(':id')
  @Scope('members:write')
  @ApiOperation({
    operationId: 'updateMember',
    summary: 'Change a member',
    description:
      'Keys that are not sent stay as they are; null clears a key that may be null. A new ' +
      'e-mail is written into the seats that the member holds.',
  })
  @ApiOkResponse({ type: MemberDto })
  @Fails(ResourceNotFound, Conflict, RequestValidationError)
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
      'Erases the member, revokes the seats that they hold, and answers the member as they were.',
  })
  @ApiOkResponse({ type: MemberDto })
  @Fails(ResourceNotFound, RequestValidationError)
  async delete(@CurrentCaller() caller: Caller, @Param() params: IdParams): Promise<MemberDto> {
    return MemberDto.from(await this.members.delete(caller, params.id));
  }
}
