import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Loop } from '../../src/platform/loop.js';

const IDLE_MS = 200;

let turns: number;
let loop: Loop;

beforeEach(() => {
  jest.useFakeTimers();
  turns = 0;
});
afterEach(async () => {
  await loop.stop();
  jest.useRealTimers();
  jest.restoreAllMocks();
});

/** Starts a loop whose turns end as `work` says. */
function start(work: () => Promise<boolean>): void {
  loop = new Loop('test', () => (turns++, work()), IDLE_MS);
  loop.start();
}

test('a loop rests when there is nothing to do', async () => {
  start(() => Promise.resolve(false));
  await jest.advanceTimersByTimeAsync(IDLE_MS - 1);
  expect(turns).toBe(1);
  await jest.advanceTimersByTimeAsync(1);
  expect(turns).toBe(2);
});

test('a loop does not rest while there is more to do', async () => {
  start(() => Promise.resolve(turns < 5));
  await jest.advanceTimersByTimeAsync(0);
  expect(turns).toBe(5);
});

test('a loop goes on after an error, a second later, and says what it was', async () => {
  const warn = jest.spyOn(Logger, 'warn').mockReturnValue();
  start(() => Promise.reject(new Error('no luck')));
  await jest.advanceTimersByTimeAsync(999);
  expect(turns).toBe(1);
  await jest.advanceTimersByTimeAsync(1);
  expect(turns).toBe(2);
  expect(warn).toHaveBeenCalledWith('test: no luck', 'Loop');
});

test('a loop that is started twice does one turn at a time', async () => {
  const turn = Promise.withResolvers<boolean>();
  start(() => turn.promise);
  loop.start();
  await jest.advanceTimersByTimeAsync(10 * IDLE_MS);
  expect(turns).toBe(1);
  turn.resolve(false);
});

test('a loop that is stopped ends its turn, and does no other', async () => {
  const turn = Promise.withResolvers<boolean>();
  start(() => turn.promise);
  let stopped = false;
  const stopping = loop.stop().then(() => (stopped = true));
  await jest.advanceTimersByTimeAsync(IDLE_MS);
  expect(stopped).toBe(false);
  turn.resolve(true);
  await stopping;
  expect(turns).toBe(1);
});

test('a loop that is stopped while it rests stops at once', async () => {
  start(() => Promise.resolve(false));
  await jest.advanceTimersByTimeAsync(0);
  await loop.stop();
  expect(turns).toBe(1);
});
