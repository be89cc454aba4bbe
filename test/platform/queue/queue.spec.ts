import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { JobQueue, retryDelay } from '../../../src/platform/queue/queue.js';
import { testSettings } from '../../support/app.js';

const MINUTE = 60_000;

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

describe('a queue that does not answer', () => {
  let queue: JobQueue;
  beforeEach(() => {
    jest.useFakeTimers();
    jest.spyOn(Logger, 'warn').mockReturnValue();
    queue = new JobQueue(testSettings({ REDIS_URL: 'redis://127.0.0.1:1' }));
  });
  afterEach(async () => {
    jest.useRealTimers();
    await queue.close();
    jest.restoreAllMocks();
  });

  const job = { name: 'invitation-mail', id: 'a-job', payload: { event_id: '' } };

  test.each<[string, number, () => Promise<void>]>([
    ['is waited for ten seconds by who adds to it', 10_000, () => queue.add([job])],
    ['is waited for two seconds by who asks for its health', 2_000, () => queue.check()],
  ])('%s', async (_, patience, ask) => {
    let failure: unknown;
    void ask().catch((error: unknown) => (failure = error));
    await jest.advanceTimersByTimeAsync(patience - 1);
    expect(failure).toBeUndefined();
    await jest.advanceTimersByTimeAsync(1);
    expect(failure).toEqual(new Error('the queue does not answer'));
  });

  test('is left after eight seconds by a process that ends', async () => {
    queue.work(() => Promise.resolve());
    const closing = queue.close();
    await jest.advanceTimersByTimeAsync(8_000);
    await closing;
  });
});
