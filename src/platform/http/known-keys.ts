import { type LocatedProblem } from '../errors.js';
import type { Location } from './validation-problems.js';

// A typo changes, adds or removes at most this many letters of a key.
const MAX_TYPOS = 3;

/** The problem to report for an unknown key. It suggests the closest known key, if one is close. */
export function unknownKey(loc: Location, key: string, known: Iterable<string>): LocatedProblem {
  const nearest = nearestOf(key, known);
  const hint = nearest === undefined ? '' : `. Did you mean ${nearest}?`;
  const msg = `Extra inputs are not permitted${hint}`;
  return { type: 'extra_forbidden', loc: [...loc, key], msg, input: null };
}

function nearestOf(key: string, known: Iterable<string>): string | undefined {
  const candidates = [...known]
    .map((name) => ({ name, distance: distanceOf(key, name) }))
    .filter(({ name, distance }) => distance <= Math.min(MAX_TYPOS, name.length / 2));
  return candidates.sort((a, b) => a.distance - b.distance)[0]?.name;
}

/** The Levenshtein distance; Infinity for strings whose lengths differ too much to be near. */
function distanceOf(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > MAX_TYPOS) return Infinity;
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const replaced = (previous[column - 1] as number) + (a[row - 1] === b[column - 1] ? 0 : 1);
      const added = (current[column - 1] as number) + 1;
      const removed = (previous[column] as number) + 1;
      current.push(Math.min(replaced, added, removed));
    }
    previous = current;
  }
  return previous[b.length] as number;
}
