import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { BackgroundLoop } from '../../src/platform/background-loop.js';

const IDLE_MS = 200;

let turns: number;
let loop: BackgroundLoop;

beforeEach(() => {
  jest.useFakeTimers();
  turns = 0;
});
afterEach(async () => {
  await loop.stop();
  jest.useRealTimers();
  jest.restoreAllMocks();
});

/** Starts a loop that counts the calls of `work`. */
function start(work: () => Promise<boolean>): void {
  loop = new BackgroundLoop('test', () => (turns++, work()), IDLE_MS);
  loop.start();
}

describe('a background loop', () => {
  it('waits when there is nothing to do', async () => {
    start(() => Promise.resolve(false));
    await jest.advanceTimersByTimeAsync(IDLE_MS - 1);
    expect(turns).toBe(1);
    await jest.advanceTimersByTimeAsync(1);
    expect(turns).toBe(2);
  });

  it('does not wait while there is more to do', async () => {
    start(() => Promise.resolve(turns < 5));
    await jest.advanceTimersByTimeAsync(0);
    expect(turns).toBe(5);
  });

  it('logs an error and continues a second later', async () => {
    const warn = jest.spyOn(Logger, 'warn').mockReturnValue();
    start(() => Promise.reject(new Error('no luck')));
    await jest.advanceTimersByTimeAsync(999);
    expect(turns).toBe(1);
    await jest.advanceTimersByTimeAsync(1);
    expect(turns).toBe(2);
    expect(warn).toHaveBeenCalledWith('test: no luck', 'BackgroundLoop');
  });

  it('runs one call at a time even if it is started twice', async () => {
    const turn = Promise.withResolvers<boolean>();
    start(() => turn.promise);
    loop.start();
    await jest.advanceTimersByTimeAsync(10 * IDLE_MS);
    expect(turns).toBe(1);
    turn.resolve(false);
  });

  it('finishes the current call when it is stopped, and makes no other', async () => {
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

  it('stops at once while it waits', async () => {
    start(() => Promise.resolve(false));
    await jest.advanceTimersByTimeAsync(0);
    await loop.stop();
    expect(turns).toBe(1);
  });
});
