/* The rate at which a worker gets through its backlog. */
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuMs } from './usage.ts';

const POLL_MS = 100;
const PATIENCE_MS = 60_000;

/** The speed of a worker between the first tenth and the end of its backlog. */
export interface Progress {
  perSecond: number;
  /** CPU of the worker's process, in ms for each. */
  cpu: number;
}

/**
 * Watches a worker until `total` are done. The first tenth is not counted: the worker starts up.
 * @throws {Error} if nothing is done for a minute.
 */
export async function watch(
  pid: number,
  total: number,
  done: () => Promise<number>,
): Promise<Progress> {
  let [highest, since] = [0, performance.now()];
  const reach = async (goal: number) => {
    for (;;) {
      const [count, at] = [await done(), performance.now()];
      if (count >= goal) return { count, at, cpu: await cpuMs(pid) };
      if (count > highest) [highest, since] = [count, at];
      if (at > since + PATIENCE_MS) throw new Error(`the worker stopped at ${count} of ${total}`);
      await sleep(POLL_MS);
    }
  };
  const first = await reach(Math.ceil(total / 10));
  const last = await reach(total);
  const count = last.count - first.count;
  return {
    perSecond: count / ((last.at - first.at) / 1000),
    cpu: (last.cpu - first.cpu) / count,
  };
}
