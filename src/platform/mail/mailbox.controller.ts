import { Controller, Get, Param, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { noSuch } from '../errors.js';
import { sendPage } from '../html/html-page.js';
import { mailboxPage, mailFrame } from './mailbox.pages.js';
import { Mailbox, type MailboxEntry } from './mailer.js';

/** The built-in mailbox for development. It exists only where the service sends no mail. */
@ApiExcludeController()
@Controller('dev')
export class MailboxController {
  constructor(private readonly mailbox: Mailbox) {}

  @Get('mailbox')
  page(@Res() reply: FastifyReply): void {
    sendPage(reply, mailboxPage(this.mailbox.list()));
  }

  /** The same list as JSON, newest first, for scripts and tests. */
  @Get('mailbox.json')
  list(): readonly MailboxEntry[] {
    return this.mailbox.list();
  }

  @Get('mailbox/:id/html')
  html(@Param('id') id: unknown, @Res() reply: FastifyReply): void {
    const mail = this.mailbox.find(Number(id));
    if (mail === undefined) throw noSuch('mail', String(id));
    sendPage(reply, mailFrame(mail));
  }
}
