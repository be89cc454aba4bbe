import { RequestValidationError } from '../errors.js';
import { problem } from './fields.js';

/*
 * Where a page ends, as text that clients hand back unread: the sort keys of its last row. A page
 * found by them costs the same at the start and at the end of a list.
 */

export function encodeCursor(keys: string[]): string {
  return Buffer.from(JSON.stringify(keys)).toString('base64url');
}

/** @throws {RequestValidationError} when this is no cursor whose keys look like `shapes`. */
export function decodeCursor(cursor: string, shapes: RegExp[]): string[] {
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
