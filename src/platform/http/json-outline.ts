import { problem, RequestValidationError } from '../errors.js';

/** The most structure that the JSON text of a body may have. */
export interface OutlineLimits {
  /** Levels of objects and lists. */
  depth: number;
  /** Objects, lists, and the items and entries in them. */
  values: number;
}

const QUOTE = 0x22;
const PLUS = 0x2b;
const COMMA = 0x2c;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const UPPER_E = 0x45;
const OPEN_LIST = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_LIST = 0x5d;
const LOWER_E = 0x65;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/**
 * Counts the structure of JSON text in one pass over its bytes, without parsing it. A body of 10 MiB
 * can hold millions of values, and an object for each of them would fill the memory of the process.
 */
export class JsonOutline {
  /** The number of values so far. */
  values = 1;
  /** Whether an integer without fraction and exponent is too large for a double to hold exactly. */
  hasInexactInteger = false;
  private depth = 0;
  private inString = false;
  private isEscaped = false;
  private integer = 0;
  private isFraction = false;

  constructor(private readonly limits: OutlineLimits) {}

  /** Counts the next bytes of the text. @returns the error when a limit is exceeded. */
  push(bytes: Uint8Array): RequestValidationError | undefined {
    // Local variables, because most bytes are inside strings and reading fields takes longer.
    let { inString, isEscaped } = this;
    for (let index = 0; index < bytes.length; index += 1) {
      const byte = bytes[index] as number;
      if (inString) {
        if (isEscaped) isEscaped = false;
        else if (byte === BACKSLASH) isEscaped = true;
        else if (byte === QUOTE) inString = false;
      } else if (byte === QUOTE) {
        inString = true;
      } else {
        const refused = this.read(byte);
        if (refused !== undefined) return refused;
      }
    }
    this.inString = inString;
    this.isEscaped = isEscaped;
    return undefined;
  }

  /** Reads a byte outside of strings. */
  private read(byte: number): RequestValidationError | undefined {
    if (byte >= ZERO && byte <= NINE) {
      this.integer = this.integer * 10 + (byte - ZERO);
      return undefined;
    }
    if (byte === POINT || byte === LOWER_E || byte === UPPER_E || byte === PLUS) {
      this.isFraction = true;
      return undefined;
    }
    if (this.integer > Number.MAX_SAFE_INTEGER && !this.isFraction) this.hasInexactInteger = true;
    this.integer = 0;
    // A minus sign is part of the exponent before it, if there is one.
    if (byte !== MINUS) this.isFraction = false;
    if (byte === COMMA) this.values += 1;
    else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
      this.values += 1;
      this.depth += 1;
    } else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) this.depth -= 1;
    return this.refusal();
  }

  private refusal(): RequestValidationError | undefined {
    if (this.depth > this.limits.depth) {
      return refusal(
        problem(
          'value_error',
          `The body must have at most ${this.limits.depth} levels of nesting.`,
        ),
      );
    }
    if (this.values <= this.limits.values) return undefined;
    const message = `The body must have at most ${this.limits.values} values.`;
    return refusal(problem('too_long', message));
  }
}

function refusal(what: ReturnType<typeof problem>): RequestValidationError {
  return RequestValidationError.at(['body'], what);
}
