import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { pino } from 'pino';
import type { Logger } from '../../src/platform/logger.js';

/** Collects the lines that `logger` writes from now on, instead of standard output. */
export function linesOf(logger: Logger): string[] {
  const lines: string[] = [];
  logger.level = 'info';
  Object.assign(logger, {
    [pino.symbols.streamSym]: { write: (line: string) => lines.push(line) },
  });
  return lines;
}

/** Collects the lines that `app` logs about its requests from now on. */
export function logOf(app: NestFastifyApplication): string[] {
  return linesOf(app.getHttpAdapter().getInstance().log as unknown as Logger);
}
