import type { Type } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { EXAMPLE_ID } from './docs.js';

/*
 * One decorator a key of an answer: how the docs describe it, with an example of what really comes.
 * The requests' half is fields.ts.
 */

interface ShownOptions {
  /** Null comes as well. */
  nullable?: boolean;
  /** False: the key can be missing. */
  required?: boolean;
  example?: unknown;
  format?: string;
}

/** Where no example fits all. */
interface Exemplified {
  example: unknown;
}

function shown(schema: object, description: string, options: ShownOptions): PropertyDecorator {
  return ApiProperty({ ...schema, description, ...options });
}

export function ShownText(description: string, options: ShownOptions & Exemplified) {
  return shown({ type: String }, description, options);
}

export function ShownUuid(description: string, options: ShownOptions = {}) {
  return shown({ type: String, format: 'uuid', example: EXAMPLE_ID }, description, options);
}

export function ShownEmail(description: string, options: ShownOptions = {}) {
  return shown({ type: String, format: 'email', example: 'ada@example.com' }, description, options);
}

/** A point in time: ISO 8601 in UTC. */
export function ShownDateTime(description: string, options: ShownOptions = {}) {
  const example = '2026-01-15T09:30:00.000Z';
  return shown({ type: String, format: 'date-time', example }, description, options);
}

/** A whole number from `minimum` (0 unless told) on. */
export function ShownInteger(
  description: string,
  options: ShownOptions & Exemplified & { minimum?: number },
) {
  return shown({ type: 'integer', minimum: 0 }, description, options);
}

export function ShownBoolean(description: string, options: ShownOptions = {}) {
  return shown({ type: Boolean, example: true }, description, options);
}

/** One of `values`; the first is the example unless there is another. */
export function ShownEnum(
  values: readonly string[],
  description: string,
  options: ShownOptions = {},
) {
  return shown({ type: String, enum: [...values], example: values[0] }, description, options);
}

/** A list of some of `values`. */
export function ShownEnums(
  values: readonly string[],
  description: string,
  { example }: { example: readonly string[] },
) {
  return shown({ type: String, enum: [...values], isArray: true }, description, { example });
}

export function ShownMetadata(description = 'Your own data.') {
  const example = { team: 'engineering' };
  return shown({ type: 'object', additionalProperties: true, example }, description, {});
}

/** An object of another described class. */
export function ShownObject(type: Type, description: string, options: ShownOptions = {}) {
  return shown({ type }, description, options);
}

/** A list of objects of another described class. */
export function ShownList(type: Type, description: string) {
  return shown({ type, isArray: true }, description, {});
}
