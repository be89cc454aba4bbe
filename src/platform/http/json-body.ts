import { problem, RequestValidationError } from '../errors.js';
import { inexactProblem, markInexact } from '../metadata.js';
import { nameInSentence } from '../sentences.js';
import type { JsonOutline } from './json-outline.js';

// Values. The search for inexact integers takes more than a microsecond for each.
const MAX_SEARCHED = 50_000;

/**
 * Reads a JSON body whose outline is within its limits. An empty one is undefined: some clients send
 * the content type without a body with GET, DELETE and resend.
 * @throws {RequestValidationError} it is not UTF-8, not JSON, or so long that an inexact integer in
 *   it cannot be searched for.
 */
export function parseJson(bytes: Uint8Array, outline: JsonOutline): unknown {
  if (bytes.length === 0) return undefined;
  const search = outline.hasInexactInteger;
  if (search && outline.values > MAX_SEARCHED) {
    throw RequestValidationError.at(['body'], inexactProblem());
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return search ? JSON.parse(text, markInexactInteger) : JSON.parse(text);
  } catch (error) {
    const place = /at position (\d+)(?: \(line \d+ column \d+\))?$/.exec(String(error))?.[1];
    const where = place === undefined ? '' : ` Look at character ${place}.`;
    throw unreadableBody(`The body is not valid JSON in UTF-8.${where}`);
  }
}

/** The 422 for a body that cannot be read. */
export function unreadableBody(message: string): RequestValidationError {
  return RequestValidationError.at(['body'], problem('json_invalid', message));
}

/**
 * The 422 for a body of another type than JSON.
 * @param sent the content type of the request, the empty string without one.
 */
export function notJson(sent?: string): RequestValidationError {
  const type = sent?.split(';')[0]?.trim();
  const found = type === '' ? 'no content type' : `the content type ${nameInSentence(type ?? '')}`;
  const start = type === undefined ? '' : `The body has ${found}. `;
  return unreadableBody(`${start}Send the body as JSON, with Content-Type: application/json.`);
}

/** A reviver that changes nothing. `source` is the text of a number, absent for other values. */
function markInexactInteger(
  this: unknown,
  _key: string,
  value: unknown,
  { source }: { source?: string } = {},
): unknown {
  const isInteger = typeof value === 'number' && source !== undefined && /^-?\d+$/.test(source);
  if (isInteger && !Number.isSafeInteger(value)) markInexact(this as object);
  return value;
}
