import { type INestApplicationContext, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type DatabaseProvider, openDatabase } from '../boot/preflight.js';
import { KeyRotationModule } from '../key-rotation/key-rotation.module.js';
import { OrganizationsModule } from '../organizations/organizations.module.js';
import { PlatformModule } from '../platform/platform.module.js';
import type { Settings } from '../platform/settings.js';

@Module({})
class CliModule {}

/**
 * Runs `work` with the services of this application, on the database that the server uses.
 * @throws {StartupError} when the database cannot be opened.
 */
export async function withServices<T>(
  given: Settings,
  provideDatabase: DatabaseProvider | undefined,
  work: (app: INestApplicationContext) => Promise<T>,
): Promise<T> {
  const { settings, close } = await openDatabase(given, provideDatabase);
  try {
    const root = {
      module: CliModule,
      imports: [PlatformModule.with(settings), OrganizationsModule, KeyRotationModule],
    };
    const app = await NestFactory.createApplicationContext(root, {
      logger: false,
      abortOnError: false,
    });
    try {
      return await work(app);
    } finally {
      await app.close();
    }
  } finally {
    await close();
  }
}
