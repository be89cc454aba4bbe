import type { LoggerService } from '@nestjs/common';
import { type Logger, pino } from 'pino';

export type { Logger };

const REDACTED = [
  'token',
  'secret',
  'password',
  'authorization',
  'invitation_token',
  'customer_session_token',
  'client_secret',
  'checkout_client_secret',
];

/**
 * Writes JSON lines to standard output. Fields that hold secrets are redacted at the top level and one
 * level down.
 */
export function createLogger(level: string): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: REDACTED.flatMap((name) => [name, `*.${name}`]), censor: '[redacted]' },
  };
  // Synchronous, so that no line waits for the end of the process. pino would write such lines when
  // the process exits, and would repeat the write endlessly if the reader of the log has gone.
  return pino(options, pino.destination({ fd: process.stdout.fd, sync: true }));
}

/** Writes the messages of Nest itself to the same log. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, context?: unknown): void {
    this.logger.debug({ context }, String(message));
  }

  error(message: unknown, ...rest: unknown[]): void {
    if (message instanceof Error) this.logger.error({ err: message }, message.message);
    else this.logger.error({ context: rest.at(-1) }, String(message));
  }

  warn(message: unknown, context?: unknown): void {
    this.logger.warn({ context }, String(message));
  }

  debug(message: unknown, context?: unknown): void {
    this.logger.debug({ context }, String(message));
  }

  verbose(message: unknown, context?: unknown): void {
    this.logger.trace({ context }, String(message));
  }
}
