import { Module, type OnApplicationShutdown } from '@nestjs/common';
import { Clock } from '../clock.js';
import { Settings } from '../settings.js';
import { createMailer, Mailer } from './mailer.js';

/** Provides the mailer, and closes it after the worker: the worker stops when modules are destroyed. */
@Module({
  providers: [{ provide: Mailer, useFactory: createMailer, inject: [Settings, Clock] }],
  exports: [Mailer],
})
export class MailModule implements OnApplicationShutdown {
  constructor(private readonly mailer: Mailer) {}

  onApplicationShutdown(): void {
    this.mailer.close();
  }
}
