import { JobQueue, retryDelay } from '../../../src/platform/queue/queue.js';
import { testSettings } from '../../support/app.js';

const MINUTE = 60_000;

test('a worker leaves a queue that is down', async () => {
  const queue = new JobQueue(testSettings({ REDIS_URL: 'redis://127.0.0.1:1' }));
  queue.work(() => Promise.resolve());
  await queue.close();
});

test('a job is tried again after 5 seconds, then after twice as long each time', () => {
  expect([1, 2, 3, 4].map((attempt) => retryDelay(attempt, 0))).toEqual([
    5_000, 10_000, 20_000, 40_000,
  ]);
});

test('a job is tried every quarter of an hour in the end, however often it has failed', () => {
  expect([9, 100, 1_000].map((attempt) => retryDelay(attempt, 0))).toEqual(
    Array(3).fill(15 * MINUTE),
  );
});

test('what failed together is not tried together', () => {
  expect(retryDelay(9, 0.5)).toBe(12.5 * MINUTE);
  expect(retryDelay(9, 1)).toBe(10 * MINUTE);
});
