import type { Logger } from '../platform/logger.js';
import type { Server } from './server.js';

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;
// With the default delay of 5 s, less than the 30 s after which orchestrators kill a process.
const STOP_TIMEOUT_MS = 24_000;
// npm forwards the SIGINT that the terminal has already sent: ignore a repeat within 1 s.
const REPEAT_MS = 1_000;

/**
 * Stops the server and ends the process when a signal arrives (exit code 0) or an exception is not
 * caught (1). The exit code is also 1 when stopping fails or takes 24 s longer than the delay, and
 * when another signal arrives more than 1 s after the first.
 * @param delay seconds for which the server goes on accepting requests.
 * @returns a function that says whether the server is being stopped.
 */
export function stopOnSignals(
  starting: Promise<Server>,
  logger: Logger,
  delay: number,
): () => boolean {
  let stoppingSince: number | undefined;
  let failed = false;
  const stop = async (why: string) => {
    stoppingSince = performance.now();
    logger.info({ why }, 'stopping');
    setTimeout(
      () => {
        logger.error('the shutdown timed out');
        process.exit(1);
      },
      delay * 1000 + STOP_TIMEOUT_MS,
    ).unref();
    // A server that is still starting cannot be stopped before it has started.
    const server = await starting;
    await server.stop();
    logger.info('stopped');
  };
  const stopAndExit = (why: string) =>
    void stop(why)
      .catch((error: unknown) => {
        logger.error({ err: error }, 'stopping failed');
        failed = true;
      })
      .finally(() => process.exit(failed ? 1 : 0));
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      if (stoppingSince === undefined) stopAndExit(signal);
      else if (performance.now() - stoppingSince > REPEAT_MS) process.exit(1);
    });
  }
  process.on('uncaughtException', (error) => {
    logger.fatal({ err: error }, 'unexpected error');
    failed = true;
    // An exception during the shutdown must not cut it short.
    if (stoppingSince === undefined) stopAndExit('unexpected error');
  });
  return () => stoppingSince !== undefined;
}
