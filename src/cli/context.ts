import type { INestApplicationContext } from '@nestjs/common';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { OrganizationsModule } from '../organizations/organizations.module.js';
import type { Settings } from '../platform/config.js';
import { PlatformModule } from '../platform/platform.module.js';
import { openDatabase } from '../startup.js';

@Module({})
class CliModule {}

/**
 * Runs `work` with the services, on the database that the server uses: also on the embedded one,
 * which is joined when the server runs, and else started for as long as this takes.
 */
export async function withServices<T>(
  given: Settings,
  work: (app: INestApplicationContext) => Promise<T>,
): Promise<T> {
  const { settings, close } = await openDatabase(given);
  try {
    const root = {
      module: CliModule,
      imports: [PlatformModule.with(settings), OrganizationsModule],
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
