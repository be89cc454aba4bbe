import { jest } from '@jest/globals';
import { ServiceUnavailable } from '../../../src/platform/errors.js';
import { LargeBodies } from '../../../src/platform/http/large-bodies.js';

let bodies: LargeBodies;
beforeEach(() => {
  bodies = new LargeBodies();
});
afterEach(() => jest.useRealTimers());

/** Enters, and records the name once it has a place. */
function enter(entered: string[], organization: string, name = organization) {
  return bodies.enter(organization).then((leave) => {
    entered.push(name);
    return leave;
  });
}

describe('LargeBodies', () => {
  it('has a place for two organizations at once, and for one body of each', async () => {
    const entered: string[] = [];
    const [leaveA] = await Promise.all([enter(entered, 'a'), enter(entered, 'b')]);
    const [secondA, c] = [enter(entered, 'a', 'a2'), enter(entered, 'c')];
    await Promise.resolve();
    expect(entered).toEqual(['a', 'b']);
    leaveA();
    const leaveA2 = await secondA;
    expect(entered).toEqual(['a', 'b', 'a2']);
    leaveA2();
    await c;
    expect(entered).toEqual(['a', 'b', 'a2', 'c']);
  });

  it('lets another organization in before the next body of one that has a place', async () => {
    const entered: string[] = [];
    const [leaveA, leaveB] = await Promise.all([enter(entered, 'a'), enter(entered, 'b')]);
    const secondA = enter(entered, 'a', 'a2');
    const c = enter(entered, 'c');
    leaveB();
    await c;
    expect(entered).toEqual(['a', 'b', 'c']);
    leaveA();
    await secondA;
  });

  it('gives a place back once, however often it is left', async () => {
    const leave = await bodies.enter('a');
    leave();
    await bodies.enter('a');
    leave();
    jest.useFakeTimers();
    const waiting = bodies.enter('a');
    jest.advanceTimersByTime(10_000);
    await expect(waiting).rejects.toThrow(ServiceUnavailable);
  });

  it('is unavailable after a wait of 10 seconds', async () => {
    jest.useFakeTimers();
    await bodies.enter('a');
    const waiting = bodies.enter('a');
    jest.advanceTimersByTime(10_000);
    await expect(waiting).rejects.toMatchObject({ status: 503, headers: { 'retry-after': '5' } });
  });

  it('is unavailable at once while 10 bodies of the organization, or 40 of all, wait', async () => {
    jest.useFakeTimers();
    await Promise.all([bodies.enter('a'), bodies.enter('b')]);
    const waiting = ['c', 'd', 'e', 'f'].flatMap((name) =>
      Array.from({ length: 10 }, () => bodies.enter(name)),
    );
    await expect(bodies.enter('c')).rejects.toThrow(ServiceUnavailable);
    await expect(bodies.enter('g')).rejects.toThrow(ServiceUnavailable);
    jest.advanceTimersByTime(10_000);
    const outcomes = await Promise.allSettled(waiting);
    expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true);
  });
});
