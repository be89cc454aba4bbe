import { Module, type OnApplicationShutdown } from '@nestjs/common';
import { Clock } from '../clock.js';
import { Settings } from '../config.js';
import { createMailer, Mailer } from './mailer.js';

/** The mailer of the process. It closes after the worker, which stops when modules are destroyed. */
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
