import { setTimeout as sleep } from 'node:timers/promises';

const RETRY_MS = 50;

/**
 * Calls `look` until it returns a result, for conditions that depend on other processes.
 * @param what describes the condition in the error.
 * @returns the first result that is neither undefined nor false.
 * @throws {Error} when there is no result within `seconds`.
 */
export async function eventually<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  // A busy CI machine is slow: the limit only has to end a test that would wait without end.
  seconds = process.env.CI ? 60 : 20,
): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`not within ${seconds} s: ${what}`);
    await sleep(RETRY_MS);
  }
}
