import { problem, RequestValidationError } from '../errors.js';

/** Deeper than any honest client sends, and no danger to code that calls itself. */
const MAX_DEPTH = 600;

/**
 * Reads a JSON body. Some clients name the type and send nothing, on GET, DELETE and resend: that
 * is no error.
 * @throws {RequestValidationError} no UTF-8, no JSON, or nested without end.
 */
export function parseJson(bytes: Buffer): unknown {
  if (bytes.length === 0) return undefined;
  const value = decodeJson(bytes);
  if (isNestedBeyond(MAX_DEPTH, value)) {
    throw RequestValidationError.at(['body'], problem('value_error', 'Input is nested too deeply'));
  }
  return value;
}

function decodeJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    const invalid = problem('json_invalid', 'The body is not valid JSON in UTF-8');
    throw RequestValidationError.at(['body'], invalid);
  }
}

/** Level by level: to call itself would overflow the stack on just what it looks for. */
function isNestedBeyond(max: number, root: unknown): boolean {
  let level = [root].filter(isContainer);
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > max) return true;
    level = level.flatMap((each) => Object.values(each).filter(isContainer));
  }
  return false;
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
