import { type DynamicModule, Module } from '@nestjs/common';
import type { Settings } from '../config.js';
import { MailModule } from './mail.module.js';
import { MailboxController } from './mailbox.controller.js';
import { Mailbox, Mailer } from './mailer.js';

/**
 * The mailbox page, where mails are kept instead of sent. Never in production: there its routes
 * do not exist. The page shows what this process sent, so the worker must run in the same one.
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
