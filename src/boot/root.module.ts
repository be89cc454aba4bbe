import { type DynamicModule, Module } from '@nestjs/common';
import { ApiModule } from './api.module.js';
import { HookDependencies } from './hook-dependencies.js';
import { HealthModule } from '../health/health.module.js';
import { TokenAuthenticator } from '../organizations/tokens.authenticator.js';
import { TokensRepository } from '../organizations/tokens.repository.js';
import { HttpModule } from '../platform/http/http.module.js';
import type { Settings } from '../platform/settings.js';
import { MailboxModule } from '../platform/mail/mailbox.module.js';
import { PlatformModule } from '../platform/platform.module.js';
import { SessionAuthenticator } from '../sessions/sessions.authenticator.js';
import { SessionsRepository } from '../sessions/sessions.repository.js';
import { WorkerModule } from './worker.module.js';

/**
 * The root module of a process. An API and a worker in one process share one platform: one database
 * pool, one set of metrics, one mailbox.
 */
@Module({})
export class RootModule {
  /** @param settings `role` selects the API, the worker or both. */
  static with(settings: Settings): DynamicModule {
    const api = settings.role !== 'worker';
    const worker = settings.role !== 'api';
    return {
      module: RootModule,
      imports: [
        // The worker imports the platform itself.
        worker ? WorkerModule.with(settings) : PlatformModule.with(settings),
        HttpModule,
        HealthModule.with(settings),
        ...(api ? [ApiModule] : []),
        ...(worker ? [MailboxModule.with(settings)] : []),
      ],
      providers: [
        HookDependencies,
        // A worker's HTTP application has the hooks too, but no route that needs a token.
        ...(api
          ? []
          : [TokenAuthenticator, TokensRepository, SessionAuthenticator, SessionsRepository]),
      ],
    };
  }
}
