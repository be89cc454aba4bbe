import { type DynamicModule, Module } from '@nestjs/common';
import type { Settings } from '../settings.js';
import { MailModule } from './mail.module.js';
import { MailboxController } from './mailbox.controller.js';
import { Mailbox, Mailer } from './mailer.js';

/**
 * The mailbox page, for a service that keeps its mails instead of sending them. In production its
 * routes do not exist. The page shows only the mails of its own process, so the worker must run in
 * that process too.
 */
@Module({})
export class MailboxModule {
  static with(settings: Settings): DynamicModule {
    if (settings.production || settings.smtpUrl !== undefined) return { module: MailboxModule };
    return {
      module: MailboxModule,
      imports: [MailModule],
      providers: [{ provide: Mailbox, useExisting: Mailer }],
      controllers: [MailboxController],
    };
  }
}
