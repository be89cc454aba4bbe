import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { JobQueue, retryDelay } from '../../../src/platform/queue/queue.js';
import { testSettings } from '../../support/app.js';

const MINUTE = 60_000;

it('a job is retried after 5 seconds, and the delay doubles each time', () => {
  expect([1, 2, 3, 4].map((attempt) => retryDelay(attempt, 0))).toEqual([
    5_000, 10_000, 20_000, 40_000,
  ]);
});

it('the delay between attempts never exceeds 15 minutes', () => {
  expect([9, 100, 1_000].map((attempt) => retryDelay(attempt, 0))).toEqual(
    Array(3).fill(15 * MINUTE),
  );
});

it('jobs that failed together are not retried together', () => {
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

  it.each<[string, number, () => Promise<void>]>([
    ['makes add() fail after ten seconds', 10_000, () => queue.add([job])],
    ['makes check() fail after two seconds', 2_000, () => queue.check()],
  ])('%s', async (_, patience, ask) => {
    let failure: unknown;
    void ask().catch((error: unknown) => (failure = error));
    await jest.advanceTimersByTimeAsync(patience - 1);
    expect(failure).toBeUndefined();
    await jest.advanceTimersByTimeAsync(1);
    expect(failure).toEqual(new Error('the queue does not answer'));
  });

  it('is disconnected after 8 seconds when the process ends', async () => {
    queue.work(() => Promise.resolve());
    const closing = queue.close();
    await jest.advanceTimersByTimeAsync(8_000);
    await closing;
  });
});
