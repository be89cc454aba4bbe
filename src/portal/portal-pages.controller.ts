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
import { sendPage } from '../platform/html/html-page.js';
import { translationFor, translationForBrowser } from './locales.js';
import { PortalPagesFilter } from './portal-pages.filter.js';
import { ContainerPath, PortalPagesService, SeatPath } from './portal-pages.service.js';
import {
  messagePage,
  OVERVIEW_PATH,
  redirectPage,
  signInPage,
  switchPage,
} from './portal-pages.view.js';
import { PortalSignIn, type PortalUser } from './portal-sign-in.js';
import { CurrentUser, SignedInGuard } from './signed-in.guard.js';

// Bytes; enough for a few thousand e-mails. Parsing a longer list would block the event loop, and
// one form invites at most 100 people.
const INVITE_BODY_LIMIT = 100 * 1024;

/** The target of the link to the portal. */
@ApiExcludeController()
@Controller('portal')
@UseFilters(PortalPagesFilter)
export class PortalSignInController {
  constructor(private readonly portalSignIn: PortalSignIn) {}

  /** Shows a page that sends the code of the link. A GET must not spend it. */
  @Get()
  async show(
    @Query('code') code: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await this.portalSignIn.limit(request, reply);
    const translation = translationForBrowser(request.headers['accept-language']);
    sendPage(
      reply,
      typeof code === 'string'
        ? signInPage(translation, code)
        : redirectPage(translation, OVERVIEW_PATH),
    );
  }

  @Post()
  @HttpCode(200)
  async signIn(
    @Body('code') code: unknown,
    @Body('confirmed') confirmed: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const form = { code, confirmed: confirmed !== undefined };
    const current = await this.portalSignIn.signIn(form, request, reply);
    if (current === undefined) void reply.redirect(OVERVIEW_PATH, 303);
    else sendPage(reply, switchPage(current.person, code as string));
  }
}

/** The portal's pages. Every action is a link or a form, and works without JavaScript. */
@ApiExcludeController()
@Controller('portal')
@UseFilters(PortalPagesFilter)
@UseGuards(SignedInGuard)
export class PortalPagesController {
  constructor(
    private readonly pages: PortalPagesService,
    private readonly portalSignIn: PortalSignIn,
  ) {}

  @Get('seats')
  async overview(
    @CurrentUser() user: PortalUser,
    @Query('page') page: unknown,
    @Req() { id }: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    sendPage(reply, await this.pages.overview(user, id, page));
  }

  @Post('logout')
  @HttpCode(200)
  async signOut(@CurrentUser() user: PortalUser, @Res() reply: FastifyReply): Promise<void> {
    await this.portalSignIn.signOut(user, reply);
    const translation = translationFor(user.person.organization.locale);
    sendPage(reply, messagePage(translation, 200, translation.t.problems.signedOut, false));
  }

  @Get(':kind/:id')
  async container(
    @CurrentUser() user: PortalUser,
    @Param() path: ContainerPath,
    @Query('q') q: unknown,
    @Query('cursor') cursor: unknown,
    @Req() { id }: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    sendPage(reply, await this.pages.container(user, id, path, { q, cursor }));
  }

  @Post(':kind/:id/invite')
  @HttpCode(200)
  @RouteConfig({ bodyLimit: INVITE_BODY_LIMIT })
  async invite(
    @CurrentUser() user: PortalUser,
    @Param() path: ContainerPath,
    @Body('emails') emails: unknown,
    @Req() { id }: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    sendPage(reply, await this.pages.invite(user, id, path, emails));
  }

  @Post(':kind/:id/seats/:seat/resend')
  @HttpCode(200)
  async resend(
    @CurrentUser() user: PortalUser,
    @Param() path: SeatPath,
    @Req() { id }: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    sendPage(reply, await this.pages.resend(user, id, path));
  }

  @Get(':kind/:id/seats/:seat/revoke')
  async confirmRevoke(
    @CurrentUser() user: PortalUser,
    @Param() path: SeatPath,
    @Req() { id }: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    sendPage(reply, await this.pages.confirmRevoke(user, id, path));
  }

  @Post(':kind/:id/seats/:seat/revoke')
  @HttpCode(200)
  async revoke(
    @CurrentUser() user: PortalUser,
    @Param() path: SeatPath,
    @Req() { id }: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    sendPage(reply, await this.pages.revoke(user, id, path));
  }

  /** Redirects a GET of a form's URL, as from the browser's history, to the container's page. */
  @Get([':kind/:id/invite', ':kind/:id/seats/:seat/resend'])
  redirectToContainer(@Param() path: ContainerPath, @Res() reply: FastifyReply): void {
    const [kind, id] = [path.kind, path.id].map(encodeURIComponent);
    void reply.redirect(`/portal/${kind}/${id}`, 303);
  }
}
