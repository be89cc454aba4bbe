import { problem, type Problem } from '../errors.js';

export const METADATA_KEYS = 10;
const METADATA_LENGTH = 1024;

/** The metadata rule, everywhere the same. */
export function metadataProblem(value: object): Problem | undefined {
  if (Object.keys(value).length > METADATA_KEYS) {
    return problem('value_error', `Metadata cannot have more than ${METADATA_KEYS} keys`);
  }
  if (metadataLength(value) > METADATA_LENGTH) {
    return problem('value_error', `Metadata cannot be longer than ${METADATA_LENGTH} characters`);
  }
  return undefined;
}

/**
 * The number of characters of `value` as JSON with `", "` and `": "` between the parts and every
 * UTF-16 unit outside ASCII as `\uXXXX`: what Python's json.dumps writes, which is what existing
 * clients count.
 */
export function metadataLength(value: unknown): number {
  if (Array.isArray(value)) {
    return 2 + sum(value.map(metadataLength)) + 2 * Math.max(0, value.length - 1);
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value);
    const length = sum(entries.map(([key, item]) => textLength(key) + 2 + metadataLength(item)));
    return 2 + length + 2 * Math.max(0, entries.length - 1);
  }
  return typeof value === 'string' ? textLength(value) : JSON.stringify(value).length;
}

function textLength(text: string): number {
  return JSON.stringify(text).replace(/[^\x00-\x7e]/g, '\\uXXXX').length;
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
