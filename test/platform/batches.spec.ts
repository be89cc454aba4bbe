import { Batches } from '../../src/platform/batches.js';

/** Batches whose work ends when the test says so. */
function heldBatches() {
  const runs: { items: string[]; end: PromiseWithResolvers<string> }[] = [];
  const batches = new Batches((items: string[]) => {
    const end = Promise.withResolvers<string>();
    runs.push({ items, end });
    return end.promise;
  });
  return { batches, runs };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('batches', () => {
  it('run items that are added together as one', async () => {
    const { batches, runs } = heldBatches();
    const added = [batches.add('a'), batches.add('b')];
    await settled();
    expect(runs.map(({ items }) => items)).toEqual([['a', 'b']]);
    runs[0]?.end.resolve('done');
    expect(await Promise.all(added)).toEqual(['done', 'done']);
  });

  it('collect the items that are added while one runs', async () => {
    const { batches, runs } = heldBatches();
    void batches.add('a');
    await settled();
    const [second, third] = [batches.add('b'), batches.add('c')];
    await settled();
    expect(runs).toHaveLength(1);
    runs[0]?.end.resolve('first');
    await settled();
    expect(runs.map(({ items }) => items)).toEqual([['a'], ['b', 'c']]);
    runs[1]?.end.resolve('second');
    expect(await Promise.all([second, third])).toEqual(['second', 'second']);
  });

  it('fail for all of their items, and not for those of the next one', async () => {
    const { batches, runs } = heldBatches();
    const failing = [batches.add('a'), batches.add('b')];
    const failed = Promise.allSettled(failing);
    await settled();
    const next = batches.add('c');
    runs[0]?.end.reject(new Error('no'));
    expect((await failed).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await settled();
    runs[1]?.end.resolve('done');
    expect(await next).toBe('done');
  });
});
