import { isDuplicate } from '../../platform/database/database-errors.js';
import { ServiceUnavailable } from '../../platform/errors.js';

/** How many attempts a request has before it gets a 503. Each loses to another transaction. */
const MAX_ATTEMPTS = 10;

/**
 * Runs `attempt` until it returns a result. An attempt returns undefined when another transaction
 * changed the rows that it had read, so that it must read them again.
 *
 * @throws ServiceUnavailable after 10 attempts.
 */
export async function retryLostRace<T>(attempt: () => Promise<T | undefined>): Promise<T> {
  for (let count = 0; count < MAX_ATTEMPTS; count += 1) {
    const result = await attempt();
    if (result !== undefined) return result;
  }
  throw new ServiceUnavailable();
}

/**
 * Runs `work` again when it violates the unique index, because another transaction inserted the row
 * that `work` had found missing. The next attempt finds that row.
 *
 * @throws ServiceUnavailable after 10 attempts.
 */
export function retryOnDuplicate<T>(index: string, work: () => Promise<T>): Promise<T> {
  return retryLostRace(async () => {
    try {
      return await work();
    } catch (error) {
      if (isDuplicate(error, index)) return undefined;
      throw error;
    }
  });
}
