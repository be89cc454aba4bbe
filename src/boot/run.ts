import 'reflect-metadata';
import { welcome } from '../demo/welcome.js';
import { createLogger } from '../platform/logger.js';
import { readSettings, type Settings, SettingsError } from '../platform/settings.js';
import { loadEnvFile } from './env-file.js';
import { type DatabaseProvider, StartupError } from './preflight.js';
import { startServer } from './server.js';
import { stopOnSignals } from './signals.js';

/**
 * Runs the service in this process until a signal stops it. When it cannot start, writes the reason
 * to standard error and ends the process with exit code 1.
 * @param provideDatabase opens a database when DATABASE_URL is not set. Without it the service
 *   starts with DATABASE_URL only.
 */
export async function run(provideDatabase?: DatabaseProvider): Promise<void> {
  try {
    await start(provideDatabase);
  } catch (error) {
    const expected = error instanceof SettingsError || error instanceof StartupError;
    const text = expected ? error.message : String((error as Error).stack ?? error);
    process.stderr.write(`${text}\n`);
    process.exit(1);
  }
}

async function start(provideDatabase: DatabaseProvider | undefined): Promise<void> {
  loadEnvFile();
  const settings = readSettings(process.env);
  const logger = createLogger(logLevel(settings));
  const starting = startServer(settings, logger, provideDatabase);
  const isStopping = stopOnSignals(starting, logger, settings.shutdownDelay);
  const server = await starting;
  if (isStopping()) return;
  logger.info({ role: settings.role, port: server.settings.port }, 'started');
  if (!settings.production) process.stdout.write(welcome(server));
}

/** Without LOG_LEVEL a terminal in development shows warnings only: the welcome text stays in view. */
function logLevel({ logLevel, production }: Settings): string {
  const quiet = process.stdout.isTTY && !production && !process.env['LOG_LEVEL'];
  return quiet ? 'warn' : logLevel;
}
