import { type DynamicModule, Module } from '@nestjs/common';
import { ApiModule } from './api.module.js';
import { HealthModule } from './health/health.module.js';
import { TokenAuthenticator } from './organizations/tokens.authenticator.js';
import type { Settings } from './platform/config.js';
import { MailboxModule } from './platform/mail/mailbox.module.js';
import { PlatformModule } from './platform/platform.module.js';
import { SessionAuthenticator } from './portal/sessions.authenticator.js';
import { WorkerModule } from './worker.module.js';

/**
 * What one process is made of. API and worker in one process stand on one platform: one database
 * pool, one set of metrics, one mailbox.
 */
@Module({})
export class RootModule {
  /** @param settings of these, `role` decides. */
  static with(settings: Settings): DynamicModule {
    const api = settings.role !== 'worker';
    const worker = settings.role !== 'api';
    return {
      module: RootModule,
      imports: [
        // The worker brings the platform along.
        worker ? WorkerModule.with(settings) : PlatformModule.with(settings),
        HealthModule.with(settings),
        ...(api ? [ApiModule] : []),
        ...(worker ? [MailboxModule.with(settings)] : []),
      ],
      // Every HTTP application looks for these two; where there is no API they have nothing to do.
      providers: api ? [] : [TokenAuthenticator, SessionAuthenticator],
    };
  }
}
