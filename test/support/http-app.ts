import type { ModuleMetadata } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { HookDependencies } from '../../src/boot/hook-dependencies.js';
import { createHttpApp } from '../../src/boot/http-app.js';
import { TokenAuthenticator } from '../../src/organizations/tokens.authenticator.js';
import { TokensRepository } from '../../src/organizations/tokens.repository.js';
import { HttpModule } from '../../src/platform/http/http.module.js';
import { createLogger } from '../../src/platform/logger.js';
import { PlatformModule } from '../../src/platform/platform.module.js';
import type { Settings } from '../../src/platform/settings.js';
import { SessionAuthenticator } from '../../src/sessions/sessions.authenticator.js';
import { SessionsRepository } from '../../src/sessions/sessions.repository.js';

/** An HTTP application of the given parts alone, not yet initialized. */
export function httpAppOf(
  settings: Settings,
  { imports = [], controllers = [], providers = [] }: ModuleMetadata,
): Promise<NestFastifyApplication> {
  const root = {
    module: class TestModule {},
    imports: [PlatformModule.with(settings), HttpModule, ...imports],
    controllers,
    providers: [
      HookDependencies,
      TokensRepository,
      SessionsRepository,
      TokenAuthenticator,
      SessionAuthenticator,
      ...providers,
    ],
  };
  return createHttpApp(root, settings, createLogger(settings.logLevel));
}
