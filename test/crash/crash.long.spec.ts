import { ensureBuild } from '../support/processes.js';
import { describeWith } from '../support/programs.js';
import { run } from './run.js';

/* `npm run test:crash` runs the same suite for any length of time. */

beforeAll(() => ensureBuild(), 120_000);

describeWith('redis-server', 'two APIs and two workers whose parts are killed', () => {
  it.each([
    ['Redis', 1, 'redis'],
    ['PostgreSQL', 2, 'postgres'],
  ] as const)(
    'keep every promise with the queue in %s',
    async (_, seed, queue) => {
      const { violations, history, output } = await run({ seed, seconds: 40, queue });
      const faults = new Set(history.faults.map(({ kind }) => kind));
      if (violations.length > 0) process.stderr.write(output.slice(-20_000));
      expect(violations).toEqual([]);
      expect(history.events.length).toBeGreaterThan(0);
      expect(faults.size).toBeGreaterThan(0);
    },
    600_000,
  );
});
