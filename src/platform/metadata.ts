import { problem, type Problem } from './errors.js';
import { FIELD } from './sentences.js';

export const METADATA_KEYS = 10;
const METADATA_LENGTH = 1024;

// The objects and lists with an integer that a double does not hold exactly.
const inexact = new WeakSet();

/** Remembers that an integer in `holder` differs from the one that the client wrote. */
export function markInexact(holder: object): void {
  inexact.add(holder);
}

/** The first limit that metadata exceeds. The same limits apply to every kind of object. */
export function metadataProblem(value: object): Problem | undefined {
  if (Object.keys(value).length > METADATA_KEYS) {
    return problem('value_error', `${FIELD} must have at most ${METADATA_KEYS} keys.`);
  }
  if (metadataLength(value, METADATA_LENGTH) > METADATA_LENGTH) {
    return problem(
      'value_error',
      `${FIELD} must have at most ${METADATA_LENGTH} characters as JSON.`,
    );
  }
  return hasInexactInteger(value) ? inexactProblem() : undefined;
}

/** The problem of an integer that could not be given back as it was sent. */
export function inexactProblem(): Problem {
  const message =
    'Integers in metadata must be from -9007199254740991 to 9007199254740991. Send others as strings.';
  return problem('value_error', message);
}

/**
 * The number of characters of `value` as JSON with `", "` and `": "` as separators and every UTF-16
 * unit outside ASCII as `\uXXXX`. This is the format of Python's json.dumps, which existing clients
 * count. Counting stops soon after `max`: metadata can be as large as a body.
 */
export function metadataLength(value: unknown, max = Infinity): number {
  if (typeof value === 'string') return textLength(value, max);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value).length;
  let length = 2;
  let separator = 0;
  for (const key in value) {
    length += separator + (Array.isArray(value) ? 0 : textLength(key, max) + 2);
    length += metadataLength((value as Record<string, unknown>)[key], max - length);
    if (length > max) return length;
    separator = 2;
  }
  return length;
}

function textLength(text: string, max: number): number {
  if (text.length > max) return text.length;
  return JSON.stringify(text).replace(/[^\x00-\x7e]/g, '\\uXXXX').length;
}

function hasInexactInteger(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return inexact.has(value) || Object.values(value).some(hasInexactInteger);
}
