import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { pino } from 'pino';
import type { Logger } from '../../src/platform/logger.js';

/** What a logger of ours writes from now on: the text of its lines instead of standard output. */
export function linesOf(logger: Logger): string[] {
  const lines: string[] = [];
  logger.level = 'info';
  Object.assign(logger, {
    [pino.symbols.streamSym]: { write: (line: string) => lines.push(line) },
  });
  return lines;
}

/** What an application logs of its requests from now on. */
export function logOf(app: NestFastifyApplication): string[] {
  return linesOf(app.getHttpAdapter().getInstance().log as unknown as Logger);
}
