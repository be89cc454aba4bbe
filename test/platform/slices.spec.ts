import { setImmediate } from 'node:timers/promises';
import { mapInSlices, SLICE } from '../../src/platform/slices.js';

const SLICES = 5;
const items = Array.from({ length: SLICES * SLICE }, (_, index) => index);

describe('mapInSlices', () => {
  it('maps as Array.map does', async () => {
    const map = (item: number, index: number) => `${item}-${index}`;
    expect(await mapInSlices(items, map)).toEqual(items.map(map));
    expect(await mapInSlices([], map)).toEqual([]);
  });

  it('runs one slice of all callers in each turn of the event loop', async () => {
    let mapped = 0;
    const callers = ['a', 'b', 'c'].map(() => mapInSlices(items, () => (mapped += 1)));
    const perTurn: number[] = [];
    // The first slice of each caller runs at once.
    for (let before = mapped; mapped < 3 * items.length; before = mapped) {
      await setImmediate();
      perTurn.push(mapped - before);
    }
    await Promise.all(callers);
    expect(Math.max(...perTurn)).toBe(SLICE);
  });
});
