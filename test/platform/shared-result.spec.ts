import { SharedResult } from '../../src/platform/shared-result.js';

const now = { ms: 0 };
const clock = { now: () => new Date(now.ms) };
let runs: PromiseWithResolvers<number>[];
let shared: SharedResult<number>;

beforeEach(() => {
  now.ms = 1_000_000;
  runs = [];
  shared = new SharedResult(
    () => {
      const run = Promise.withResolvers<number>();
      runs.push(run);
      return run.promise;
    },
    1_000,
    clock,
  );
});

describe('work whose result is shared', () => {
  it('is done once while it runs, however long that takes', async () => {
    const first = shared.get();
    now.ms += 5_000;
    const second = shared.get();
    runs[0]?.resolve(1);
    expect([await first, await second]).toEqual([1, 1]);
    expect(runs).toHaveLength(1);
  });

  it('is done again when its result is old', async () => {
    void shared.get();
    runs[0]?.resolve(1);
    await shared.get();
    now.ms += 999;
    expect(await shared.get()).toBe(1);
    now.ms += 1;
    void shared.get();
    expect(runs).toHaveLength(2);
  });

  it('fails for all, and is tried again later', async () => {
    const asked = [shared.get(), shared.get()];
    runs[0]?.reject(new Error('no luck'));
    for (const each of asked) await expect(each).rejects.toThrow('no luck');
    await expect(shared.get()).rejects.toThrow('no luck');
    now.ms += 1_000;
    const later = shared.get();
    runs[1]?.resolve(2);
    expect(await later).toBe(2);
  });

  it('is done again after the clock was set back', async () => {
    void shared.get();
    runs[0]?.resolve(1);
    await shared.get();
    now.ms -= 60_000;
    void shared.get();
    expect(runs).toHaveLength(2);
  });
});
