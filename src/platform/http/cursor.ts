import { problem, RequestValidationError } from '../errors.js';
import { isCommonTime, parseUuid } from './fields.js';

/*
 * Where a page ends, as text that clients hand back unread: the sort keys of its last row. A page
 * found by them costs the same at the start and at the end of a list.
 */

export function encodeCursor(keys: string[]): string {
  return Buffer.from(JSON.stringify(keys)).toString('base64url');
}

/** What a key must look like: anybody can write a cursor, and PostgreSQL refuses what it cannot read. */
interface Shape {
  test(key: string): boolean;
}

/** A time as {@link Date.toISOString} writes it. */
export const TIME_KEY: Shape = {
  test: (key) => isCommonTime(new Date(key)) && new Date(key).toISOString() === key,
};
export const UUID_KEY: Shape = { test: (key) => parseUuid(key) === key };
/** A whole number of 64 bits, not negative. */
export const INTEGER_KEY: Shape = {
  test: (key) => /^\d{1,19}$/.test(key) && BigInt(key) < 2n ** 63n,
};

/** @throws {RequestValidationError} when this is no cursor with keys of these shapes. */
export function decodeCursor(cursor: string, shapes: Shape[]): string[] {
  const keys = parse(Buffer.from(cursor, 'base64url').toString());
  const fits =
    Array.isArray(keys) &&
    keys.length === shapes.length &&
    shapes.every((shape, index) => typeof keys[index] === 'string' && shape.test(keys[index]));
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
