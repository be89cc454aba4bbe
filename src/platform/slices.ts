/*
 * Long lists are processed in slices, with pauses in which other requests run. Without the pauses, the
 * 10,000 items of a bulk call would keep every other request of the process waiting for a second.
 */

/**
 * How many items are processed between two pauses: 2 or 3 ms of work. Node accepts one connection per
 * turn of the event loop, so longer turns would keep new clients waiting.
 */
export const SLICE = 25;

const paused: (() => void)[] = [];

/**
 * Resolves after the other requests had a turn. Each turn of the event loop resumes one of the callers
 * that wait here, in their order. If it resumed them all, a turn would take as long as all of their
 * slices.
 */
export function pause(): Promise<void> {
  return new Promise((resolve) => {
    paused.push(resolve);
    if (paused.length === 1) setImmediate(resumeOne);
  });
}

function resumeOne(): void {
  const [resume] = paused;
  resume?.();
  paused.shift();
  if (paused.length > 0) setImmediate(resumeOne);
}

/** Maps a list like Array.map, with a pause after each slice. */
export async function mapInSlices<Item, Result>(
  items: readonly Item[],
  map: (item: Item, index: number) => Result,
): Promise<Result[]> {
  const results: Result[] = [];
  for (const [index, item] of items.entries()) {
    if (index > 0 && index % SLICE === 0) await pause();
    results.push(map(item, index));
  }
  return results;
}
