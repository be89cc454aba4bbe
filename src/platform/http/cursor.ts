import { problem, RequestValidationError } from '../errors.js';
import { FIELD } from '../sentences.js';
import { parseUuid } from '../uuid.js';
import { isCommonTime } from './request-fields.js';

/*
 * A cursor is the sort keys of the last row of a page, as opaque text that clients send back to get
 * the next page. The cost of a page does not depend on its position in the list.
 */

export function encodeCursor(keys: string[]): string {
  return Buffer.from(JSON.stringify(keys)).toString('base64url');
}

/**
 * The format of a key. Clients can send any cursor, and PostgreSQL would fail at an invalid key.
 */
interface Shape {
  test(key: string): boolean;
}

/** A time as {@link Date.toISOString} writes it. */
export const TIME_KEY: Shape = {
  test: (key) => isCommonTime(new Date(key)) && new Date(key).toISOString() === key,
};
export const UUID_KEY: Shape = { test: (key) => parseUuid(key) === key };

/** The keys of a list of seats, in the order of their creation. */
export const SEAT_CURSOR = [TIME_KEY, UUID_KEY];

/** 422: the cursor is not one of this list. */
export function invalidCursor(cursor: string): RequestValidationError {
  const invalid = problem(
    'value_error',
    `${FIELD} is not valid for this list. Start again without a cursor.`,
  );
  return RequestValidationError.at(['query', 'cursor'], invalid, cursor);
}

/** @throws {RequestValidationError} when it is not a cursor with keys of these shapes. */
export function decodeCursor(cursor: string, shapes: Shape[]): string[] {
  const keys = parse(Buffer.from(cursor, 'base64url').toString());
  const fits =
    Array.isArray(keys) &&
    keys.length === shapes.length &&
    shapes.every((shape, index) => typeof keys[index] === 'string' && shape.test(keys[index]));
  if (!fits) throw invalidCursor(cursor);
  return keys as string[];
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
