import { RequestValidationError } from '../errors.js';
import { parseUuid, problem } from './fields.js';

/*
 * Where a page ends, as text that clients hand back unread: the sort keys of its last row. A page
 * found by them costs the same at the start and at the end of a list.
 */

export function encodeCursor(keys: string[]): string {
  return Buffer.from(JSON.stringify(keys)).toString('base64url');
}

/** What a key of a cursor must be, so that PostgreSQL can read it: anybody can write a cursor. */
const CURSOR_KEY = {
  time: (key: string) => {
    const time = Date.parse(key);
    return time > Date.UTC(1, 0) && new Date(time).toISOString() === key;
  },
  uuid: (key: string) => parseUuid(key) === key,
  integer: (key: string) => /^\d{1,19}$/.test(key) && BigInt(key) < 2n ** 63n,
};

/** @throws {RequestValidationError} when this is no cursor with keys of these kinds. */
export function decodeCursor(cursor: string, kinds: (keyof typeof CURSOR_KEY)[]): string[] {
  const keys = parse(Buffer.from(cursor, 'base64url').toString());
  const fits =
    Array.isArray(keys) &&
    keys.length === kinds.length &&
    kinds.every((kind, index) => typeof keys[index] === 'string' && CURSOR_KEY[kind](keys[index]));
  if (!fits) {
    const invalid = problem('value_error', 'Not a cursor of this list');
    throw RequestValidationError.at(['query', 'cursor'], invalid, cursor);
  }
  return keys as string[];
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
