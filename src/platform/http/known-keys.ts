import { didYouMean } from '../did-you-mean.js';
import type { LocatedProblem } from '../errors.js';
import { FIELD, nameInSentence } from '../sentences.js';
import { fieldsOf, type RequestClass } from './request-class.js';
import { isObject } from './request-fields.js';
import type { Location } from './validation-problems.js';

/** The problem to report for an unknown key. It suggests the closest known key, if one is close. */
export function unknownKey(loc: Location, key: string, known: Iterable<string>): LocatedProblem {
  const advice = didYouMean(key, known) || ' Remove it.';
  const msg = `${FIELD} is unknown.${advice}`;
  return { type: 'extra_forbidden', loc: [...loc, key], msg, input: null };
}

// The most unknown keys that one sentence names.
const MAX_NAMED = 5;

/**
 * A sentence that names the unknown keys of a body whose class ignores them, for the error of a
 * request that failed: a misspelt key is often the reason. Undefined without unknown keys.
 */
export function unknownKeysNote(body: unknown, type: RequestClass): string | undefined {
  const found: string[] = [];
  collect(body, type, '', found);
  if (found.length === 0) return undefined;
  const more = found.length > MAX_NAMED ? ' and others' : '';
  return `The body has unknown keys, which were ignored: ${found.slice(0, MAX_NAMED).join(', ')}${more}.`;
}

/** Collects the unknown keys of the object, and of the objects in it, until there are enough. */
function collect(value: unknown, type: RequestClass, path: string, found: string[]): void {
  if (!isObject(value)) return;
  const fields = fieldsOf(type);
  for (const key in value) {
    if (found.length > MAX_NAMED) return;
    const item = (value as Record<string, unknown>)[key];
    const field = fields.get(key);
    if (field === undefined) found.push(named(path, key, fields.keys()));
    else if (field.nested !== undefined) {
      const { nested } = field;
      const items: [string, unknown][] = Array.isArray(item)
        ? item.map((each, index) => [`${path}${key}[${index}].`, each])
        : [[`${path}${key}.`, item]];
      for (const [inside, each] of items) collect(each, nested, inside, found);
    }
  }
}

function named(path: string, key: string, known: Iterable<string>): string {
  const hint = didYouMean(key, known).trim().replace(/^Did/, 'did');
  const name = nameInSentence(path + key);
  return hint === '' ? name : `${name} (${hint})`;
}
