import { jest } from '@jest/globals';
import { ServiceUnavailable } from '../../../src/platform/errors.js';
import { KeyedTurns } from '../../../src/platform/database/turns.js';

/** Whether the promise has been settled once all microtasks have run. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const settle = () => (settled = true);
  promise.then(settle, settle);
  await new Promise((resolve) => setImmediate(resolve));
  return settled;
}

describe('turns', () => {
  beforeEach(() => jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick'] }));
  afterEach(() => jest.useRealTimers());
  const newTurns = () => new KeyedTurns({ rights: 2, waiters: 3, waitMs: 1_000 });

  it('let as many requests start as there are permits, and the next when one is released', async () => {
    const turns = newTurns();
    const release = await turns.takeOne('a');
    await turns.takeOne('a');
    const third = turns.takeOne('a');
    expect(await isSettled(third)).toBe(false);
    expect(await isSettled(turns.takeOne('b'))).toBe(true);
    release();
    release(); // The second call must not give a second right back.
    expect(await isSettled(third)).toBe(true);
    expect(await isSettled(turns.takeOne('a'))).toBe(false);
  });

  it('go in the order of the requests, even if a later one needs less', async () => {
    const turns = newTurns();
    const release = await turns.takeOne('a');
    const all = turns.takeAll('a');
    const one = turns.takeOne('a');
    expect([await isSettled(all), await isSettled(one)]).toEqual([false, false]);
    expect(turns.tryTakeAll('a')).toBeUndefined();
    release();
    expect([await isSettled(all), await isSettled(one)]).toEqual([true, false]);
    (await all)();
    expect(await isSettled(one)).toBe(true);
  });

  it('refuse a request when too many wait', async () => {
    const turns = newTurns();
    await turns.takeAll('a');
    const waiting = [1, 2, 3].map(() => turns.takeOne('a'));
    await expect(turns.takeOne('a')).rejects.toThrow(ServiceUnavailable);
    expect(await Promise.all(waiting.map(isSettled))).toEqual([false, false, false]);
  });

  it('refuse a request that has waited too long, and let those behind it start', async () => {
    const turns = newTurns();
    await turns.takeOne('a');
    const all = turns.takeAll('a');
    const refused = expect(all).rejects.toThrow(ServiceUnavailable);
    jest.advanceTimersByTime(999);
    const one = turns.takeOne('a');
    expect(await isSettled(one)).toBe(false);
    jest.advanceTimersByTime(1);
    await refused;
    expect(await isSettled(one)).toBe(true);
  });

  it('keep nothing about a key that nobody uses', async () => {
    const turns = newTurns();
    (await turns.takeOne('a'))();
    expect(turns).toMatchObject({ turns: new Map() });
  });
});
