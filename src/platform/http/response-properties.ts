import type { Type } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { exampleIdOf } from './examples.js';

/*
 * Decorators for the properties of responses. They describe each property with an example of a real
 * value. request-fields.ts has the decorators of requests.
 */

interface PropertyOptions {
  /** The value can be null. */
  nullable?: boolean;
  /** False: the key can be missing. */
  required?: boolean;
  example?: unknown;
  format?: string;
}

/** Options of a property for which no example fits everywhere. */
interface WithExample {
  example: unknown;
}

function property(
  schema: object,
  description: string,
  options: PropertyOptions,
): PropertyDecorator {
  return ApiProperty({ ...schema, description, ...options });
}

export function TextProperty(description: string, options: PropertyOptions & WithExample) {
  return property({ type: String }, description, options);
}

/** The id of an object. The key `id` needs an example; other keys tell the kind of the object. */
export function UuidProperty(
  description: string,
  options: PropertyOptions = {},
): PropertyDecorator {
  return (target, key) => {
    const schema = { type: String, format: 'uuid', example: exampleIdOf(key) };
    property(schema, description, options)(target, key);
  };
}

export function EmailProperty(description: string, options: PropertyOptions = {}) {
  return property(
    { type: String, format: 'email', example: 'ada@example.com' },
    description,
    options,
  );
}

/** A point in time: ISO 8601 in UTC. */
export function DateTimeProperty(description: string, options: PropertyOptions = {}) {
  const example = '2026-01-15T09:30:00.000Z';
  return property({ type: String, format: 'date-time', example }, description, options);
}

/** A whole number of at least `minimum`, 0 by default. */
export function IntegerProperty(
  description: string,
  options: PropertyOptions & WithExample & { minimum?: number },
) {
  return property({ type: 'integer', minimum: 0 }, description, options);
}

export function BooleanProperty(description: string, options: PropertyOptions = {}) {
  return property({ type: Boolean, example: true }, description, options);
}

/** One of `values`; the first is the example unless there is another. */
export function EnumProperty(
  values: readonly string[],
  description: string,
  options: PropertyOptions = {},
) {
  return property({ type: String, enum: [...values], example: values[0] }, description, options);
}

/** A list of some of `values`. */
export function EnumListProperty(
  values: readonly string[],
  description: string,
  { example }: { example: readonly string[] },
) {
  return property({ type: String, enum: [...values], isArray: true }, description, { example });
}

export function MetadataProperty(description = 'Your own data.') {
  const example = { team: 'engineering' };
  return property({ type: 'object', additionalProperties: true, example }, description, {});
}

/** An object of another described class. */
export function ObjectProperty(type: Type, description: string, options: PropertyOptions = {}) {
  return property({ type }, description, options);
}

/** A list of objects of another described class. */
export function ListProperty(type: Type, description: string) {
  return property({ type, isArray: true }, description, {});
}
