import {
  Body,
  Controller,
  Get,
  HttpCode,
  Param,
  Post,
  Query,
  Req,
  Res,
  UseFilters,
  UseGuards,
} from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { sendPage } from '../platform/pages/pages.js';
import { textsForBrowser, textsOf } from './locales.js';
import { PortalPagesFilter } from './portal-pages.filter.js';
import {
  type ContainerPath,
  type PeopleQuery,
  PortalPages,
  type SeatPath,
} from './portal-pages.service.js';
import { HOME, messagePage, openingPage } from './portal.pages.js';
import { CurrentVisitor, type Visitor, VisitorGuard, Visits } from './visits.js';

// Some thousand addresses. Reading them holds up everybody, and only a few hundred are invited.
const INVITE_BODY_LIMIT = 100 * 1024;

/** Where a session's link leads: it takes the token out of the address. */
@ApiExcludeController()
@Controller('portal')
@UseFilters(PortalPagesFilter)
export class PortalEntranceController {
  constructor(private readonly visits: Visits) {}

  @Get()
  async enter(
    @Query('token') token: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await this.visits.enter(token, request, reply);
    sendPage(reply, openingPage(textsForBrowser(request.headers['accept-language']), HOME));
  }
}

/** The portal as pages: every action is a link or a form, and works without a script. */
@ApiExcludeController()
@Controller('portal')
@UseFilters(PortalPagesFilter)
@UseGuards(VisitorGuard)
export class PortalPagesController {
  constructor(
    private readonly pages: PortalPages,
    private readonly visits: Visits,
  ) {}

  @Get('seats')
  async overview(
    @CurrentVisitor() visitor: Visitor,
    @Query('page') page: unknown,
    @Req() { id }: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    sendPage(reply, await this.pages.overview(visitor, id, page));
  }

  @Post('logout')
  @HttpCode(200)
  async logout(@CurrentVisitor() visitor: Visitor, @Res() reply: FastifyReply): Promise<void> {
    await this.visits.leave(visitor, reply);
    const texts = textsOf(visitor.person.organization.locale);
    sendPage(reply, messagePage(texts, 200, texts.t.problems.signedOut, false));
  }

  @Get(':kind/:id')
  async container(
    @CurrentVisitor() visitor: Visitor,
    @Param() path: ContainerPath,
    @Query() query: PeopleQuery,
    @Req() { id }: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    sendPage(reply, await this.pages.container(visitor, id, path, query));
  }

  @Post(':kind/:id/invite')
  @HttpCode(200)
  @RouteConfig({ bodyLimit: INVITE_BODY_LIMIT })
  async invite(
    @CurrentVisitor() visitor: Visitor,
    @Param() path: ContainerPath,
    @Body('emails') emails: unknown,
    @Req() { id }: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    sendPage(reply, await this.pages.invite(visitor, id, path, emails));
  }

  @Post(':kind/:id/seats/:seat/resend')
  @HttpCode(200)
  async resend(
    @CurrentVisitor() visitor: Visitor,
    @Param() path: SeatPath,
    @Req() { id }: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    sendPage(reply, await this.pages.resend(visitor, id, path));
  }

  @Get(':kind/:id/seats/:seat/revoke')
  async confirmRevoke(
    @CurrentVisitor() visitor: Visitor,
    @Param() path: SeatPath,
    @Req() { id }: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    sendPage(reply, await this.pages.confirmRevoke(visitor, id, path));
  }

  @Post(':kind/:id/seats/:seat/revoke')
  @HttpCode(200)
  async revoke(
    @CurrentVisitor() visitor: Visitor,
    @Param() path: SeatPath,
    @Req() { id }: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    sendPage(reply, await this.pages.revoke(visitor, id, path));
  }

  /** The address of a form that was sent, asked for once more. */
  @Get([':kind/:id/invite', ':kind/:id/seats/:seat/resend'])
  back(@Param() { kind, id }: ContainerPath, @Res() reply: FastifyReply): void {
    const [first, second] = [kind, id].map(encodeURIComponent);
    void reply.redirect(`/portal/${first}/${second}`, 303);
  }
}
