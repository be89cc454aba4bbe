import 'reflect-metadata';
import { welcome } from './demo/welcome.js';
import { loadEnvFile } from './env-file.js';
import { readSettings, type Settings, SettingsError } from './platform/config.js';
import { createLogger, type Logger } from './platform/logger.js';
import { type Server, startServer } from './server.js';
import { StartupError } from './startup.js';

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;
// Orchestrators kill after 30 s; by then everything is closed, or it never will be.
const STOP_MS = 25_000;
// Ctrl-C below npm arrives twice, from the terminal and from npm: that is one wish, not two.
const SAME_WISH_MS = 1_000;

/** Reads the settings, starts the service, and stops it in order when it is told to. */
async function main(): Promise<void> {
  loadEnvFile();
  const settings = readSettings(process.env);
  const logger = createLogger(logLevel(settings));
  const starting = startServer(settings, logger);
  const isStopping = stopOnSignals(starting, logger);
  const server = await starting;
  if (isStopping()) return;
  logger.info({ role: settings.role, port: server.settings.port }, 'started');
  if (!settings.production) process.stdout.write(welcome(server));
}

/** On a terminal a person is reading: without a wish of theirs only warnings are shown. */
function logLevel({ logLevel, production }: Settings): string {
  const quiet = process.stdout.isTTY && !production && !process.env['LOG_LEVEL'];
  return quiet ? 'warn' : logLevel;
}

/** @returns whether it has been told to stop. */
function stopOnSignals(starting: Promise<Server>, logger: Logger): () => boolean {
  let told: number | undefined;
  const stop = async (why: string, code: number) => {
    const now = Date.now();
    if (told !== undefined) {
      if (now - told > SAME_WISH_MS) process.exit(1);
      return;
    }
    told = now;
    logger.info({ why }, 'stopping');
    setTimeout(() => {
      logger.error('not everything could be stopped in time');
      process.exit(1);
    }, STOP_MS).unref();
    // Told while it starts: it cannot be stopped half-way, but it starts in a second or two.
    await starting.then((server) => server.stop());
    logger.info('stopped');
    process.exit(code);
  };
  const stopOrGiveUp = (why: string, code: number) =>
    void stop(why, code).catch((error: unknown) => {
      logger.error({ err: error }, 'stopping failed');
      process.exit(1);
    });
  for (const signal of SIGNALS) process.on(signal, () => stopOrGiveUp(signal, 0));
  process.on('uncaughtException', (error) => {
    logger.fatal({ err: error }, 'unexpected error');
    stopOrGiveUp('unexpected error', 1);
  });
  return () => told !== undefined;
}

try {
  await main();
} catch (error) {
  const expected = error instanceof SettingsError || error instanceof StartupError;
  const text = expected ? error.message : String((error as Error).stack ?? error);
  process.stderr.write(`${text}\n`);
  process.exit(1);
}
