import { applyDecorators } from '@nestjs/common';
import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';
import { Transform, Type } from 'class-transformer';
import { isEmail, ValidateBy, ValidateIf, ValidateNested } from 'class-validator';
import { problem, type Problem } from '../errors.js';
import { isMailable } from '../mail/one-line.js';
import { EXAMPLE_ID } from './docs.js';
import { METADATA_KEYS, metadataProblem } from './metadata.js';

/*
 * One decorator a field: what it accepts, how it is read, and how the docs describe it stand
 * together, and every problem has the type that clients know. Null means absent, except in
 * PATCH bodies (`nullable`), where it clears the value.
 */

export interface FieldOptions {
  description: string;
  required?: boolean;
  /** Null is a value of its own: it clears the key of a PATCH. */
  nullable?: boolean;
  example?: unknown;
  default?: unknown;
  /** A secret is never echoed in an error. */
  secret?: boolean;
  /** Null is an error here, not absence. */
  refuseNull?: boolean;
}

interface Kind {
  /** Returns the value as the code wants it, or the very same value when it cannot be read. */
  parse?: (value: unknown) => unknown;
  check: (value: unknown) => Problem | undefined;
  schema: ApiPropertyOptions;
  /** The value is an instance of this class, or a list of them. */
  type?: () => new () => object;
}

interface Declared {
  secret: boolean;
  /** The class of the value, or of the list's items. */
  type: (() => new () => object) | undefined;
}

const declared = new WeakMap<object, Map<string, Declared>>();

/** The fields of a request class, those of its parents included. */
export function fieldsOf(type: { prototype: object }): Map<string, Declared> {
  const fields = new Map<string, Declared>();
  for (let at = type.prototype; at !== null; at = Object.getPrototypeOf(at)) {
    for (const [name, found] of declared.get(at) ?? []) {
      if (!fields.has(name)) fields.set(name, found);
    }
  }
  return fields;
}

/** Whether a field of this instance must not be echoed. */
export function isSecretField(instance: object, name: string): boolean {
  return fieldsOf(instance.constructor).get(name)?.secret ?? false;
}

/** A value that class-transformer must not look into: it trips over keys such as "constructor". */
type Sealed = () => unknown;

function field(kind: Kind, options: FieldOptions): PropertyDecorator {
  const { description, required = false, nullable = false, refuseNull = false, example } = options;
  const { secret = false } = options;
  const check = (value: unknown) =>
    value === undefined ? problem('missing', 'Field required') : kind.check(value);
  return applyDecorators(
    (target: object, name: string | symbol) => {
      const fields = declared.get(target) ?? new Map<string, Declared>();
      declared.set(target, fields.set(String(name), { secret, type: kind.type }));
    },
    Transform(({ value, obj, key }) => {
      const sent: unknown = obj[key];
      const read = typeof sent === 'function' ? (sent as Sealed)() : value;
      return readValue(read, kind, nullable || refuseNull);
    }),
    ...(required ? [] : [ValidateIf((_, value) => value !== undefined)]),
    ValidateBy({
      name: 'field',
      validator: {
        validate: (value) => (nullable && value === null) || check(value) === undefined,
        defaultMessage: (args) => JSON.stringify(check(args?.value)),
      },
    }),
    ApiProperty({
      ...kind.schema,
      description,
      required,
      ...(nullable && { nullable: true }),
      ...(example !== undefined && { example }),
      ...(options.default !== undefined && { default: options.default }),
    } as ApiPropertyOptions),
  );
}

function readValue(value: unknown, kind: Kind, keepNull: boolean): unknown {
  if (value === null) return keepNull ? null : undefined;
  return value === undefined || kind.parse === undefined ? value : kind.parse(value);
}

/** Text. An empty one is refused unless `min` is 0. */
export function TextField(
  options: FieldOptions & { min?: number; max?: number; pattern?: [RegExp, string] },
) {
  const { min = 1, max = 255, pattern } = options;
  const check = (value: unknown) => {
    if (typeof value !== 'string') return problem('string_type', 'Input should be a string');
    if (value.length < min) {
      return problem('string_too_short', `String should have at least ${min} characters`);
    }
    if (value.length > max) {
      return problem('string_too_long', `String should have at most ${max} characters`);
    }
    if (pattern && !pattern[0].test(value)) return problem('value_error', pattern[1]);
    return undefined;
  };
  return field({ check, schema: { type: String, minLength: min, maxLength: max } }, options);
}

/** An e-mail address; the domain is stored in lower case. */
export function EmailField(options: FieldOptions) {
  return field(
    {
      parse: (value) => (typeof value === 'string' ? normalizeEmail(value) : value),
      check: (value) => {
        if (typeof value !== 'string') return problem('string_type', 'Input should be a string');
        if (!isEmail(value) || !isMailable(value))
          return problem('value_error', 'value is not a valid email address');
        return undefined;
      },
      schema: { type: String, format: 'email', maxLength: 254 },
    },
    { example: 'ada@example.com', ...options },
  );
}

/** Trims, and lower-cases the domain, which is all that RFC 5321 lets one lower-case. */
export function normalizeEmail(email: string): string {
  const text = email.trim();
  const at = text.lastIndexOf('@');
  return text.slice(0, at + 1) + text.slice(at + 1).toLowerCase();
}

const UUID =
  /^(?:urn:uuid:)?([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})$/i;
const VERSION_4 = /^.{14}4.{4}[89ab]/;

/** The usual form of a UUID written with or without hyphens, braces or `urn:uuid:`; else undefined. */
export function parseUuid(text: unknown): string | undefined {
  const parts = typeof text === 'string' ? UUID.exec(text.replace(/^\{(.*)\}$/, '$1')) : null;
  return parts?.slice(1).join('-').toLowerCase();
}

/** A UUID in any of its spellings (RFC 9562); `version4` refuses the other versions. */
export function UuidField(options: FieldOptions & { version4?: boolean }) {
  return field(
    {
      parse: (value) => parseUuid(value) ?? value,
      check: (value) => {
        const uuid = parseUuid(value);
        if (uuid === undefined) return problem('uuid_parsing', 'Input should be a valid UUID');
        if (options.version4 && !VERSION_4.test(uuid)) {
          return problem('uuid_version', 'UUID version 4 expected');
        }
        return undefined;
      },
      schema: { type: String, format: 'uuid' },
    },
    { ...(options.required && { example: EXAMPLE_ID }), ...options },
  );
}

const TRUE = ['true', 'yes', 'on', '1'];
const FALSE = ['false', 'no', 'off', '0'];

/** A boolean, also as 1, 0 or one of the usual words. Null is not a boolean. */
export function BooleanField(options: FieldOptions) {
  const parse = (value: unknown) => {
    if (typeof value !== 'string' && typeof value !== 'number') return value;
    const word = String(value).toLowerCase();
    if (TRUE.includes(word)) return true;
    return FALSE.includes(word) ? false : value;
  };
  return field(
    {
      parse,
      check: (value) => {
        if (typeof value === 'boolean') return undefined;
        return typeof value === 'string' || typeof value === 'number'
          ? problem('bool_parsing', 'Input should be a valid boolean, unable to interpret input')
          : problem('bool_type', 'Input should be a valid boolean');
      },
      schema: { type: Boolean },
    },
    options,
  );
}

/** A whole number, also as text of digits. */
export function IntegerField(options: FieldOptions & { min: number; max: number }) {
  const { min, max } = options;
  return field(
    {
      parse: (value) =>
        typeof value === 'string' && /^[+-]?\d{1,15}$/.test(value.trim()) ? Number(value) : value,
      check: (value) => {
        if (typeof value !== 'number' || !Number.isInteger(value)) {
          return problem('int_parsing', 'Input should be a valid integer');
        }
        if (value < min) {
          return problem('greater_than_equal', `Input should be greater than or equal to ${min}`);
        }
        if (value > max) {
          return problem('less_than_equal', `Input should be less than or equal to ${max}`);
        }
        return undefined;
      },
      schema: { type: 'integer', minimum: min, maximum: max },
    },
    options,
  );
}

/** One of a few words. */
export function EnumField(values: readonly string[], options: FieldOptions) {
  return field(
    {
      check: (value) =>
        values.includes(value as string)
          ? undefined
          : problem('enum', `Input should be ${values.map((word) => `'${word}'`).join(', ')}`),
      schema: { type: String, enum: [...values] },
    },
    options,
  );
}

/** Whether ISO 8601 and PostgreSQL write this time alike, which they do in the years 1 to 9999. */
export function isCommonTime(time: Date): boolean {
  const year = Number.isNaN(time.getTime()) ? 0 : time.getUTCFullYear();
  return year >= 1 && year <= 9999;
}

/** Whether the day, as YYYY-MM-DD, exists: Date takes 30 February for 2 March. */
function isOnCalendar(day: string): boolean {
  return new Date(`${day}T00:00:00Z`).toISOString().startsWith(day);
}

/** ISO 8601 with a date and a time, in the years 1 to 9999; without an offset it is UTC. */
export function DateTimeField(options: FieldOptions) {
  const pattern = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?$/i;
  const parse = (value: unknown) => {
    if (typeof value !== 'string' || !pattern.test(value)) return value;
    const date = new Date(/(Z|[+-]\d\d:?\d\d)$/i.test(value.slice(11)) ? value : `${value}Z`);
    return isCommonTime(date) && isOnCalendar(value.slice(0, 10)) ? date : value;
  };
  return field(
    {
      parse,
      check: (value) =>
        value instanceof Date
          ? undefined
          : problem('datetime_parsing', 'Input should be a valid datetime, as ISO 8601'),
      schema: { type: String, format: 'date-time' },
    },
    options,
  );
}

/** An object of JSON: no list, no null. */
export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function objectProblem(value: unknown): Problem | undefined {
  return isObject(value) ? undefined : problem('dict_type', 'Input should be an object');
}

/** Metadata: at most 10 keys and 1,024 characters of JSON (see {@link metadataLength}). */
export function MetadataField(options: Partial<FieldOptions> = {}) {
  return field(
    {
      check: (value) => objectProblem(value) ?? metadataProblem(value as object),
      schema: { type: 'object', additionalProperties: true, maxProperties: METADATA_KEYS },
    },
    {
      description:
        'Your own data: at most 10 keys, and at most 1,024 characters as JSON with ", " and ": " ' +
        'as separators and non-ASCII characters as \\uXXXX. Values may be nested.',
      example: { team: 'engineering' },
      ...options,
    },
  );
}

/** An object with a schema of its own. */
export function ObjectField<T extends object>(type: () => new () => T, options: FieldOptions) {
  return applyDecorators(
    ValidateIf(
      (_, value) => value !== undefined && (value !== null || options.refuseNull === true),
    ),
    field(
      {
        check: objectProblem,
        // Swagger knows a class to come by the name of this function.
        schema: { type: () => type() },
        type,
      },
      options,
    ),
    ValidateNested(),
    Type(type),
  );
}

/** A list of objects with a schema of their own. */
export function ObjectListField<T extends object>(
  type: () => new () => T,
  options: FieldOptions & { min?: number; max: number },
) {
  const { min = 0, max } = options;
  return applyDecorators(
    field(
      {
        check: (value) =>
          listProblem(value, min, max) ?? itemProblem(value as unknown[], objectProblem),
        schema: { type: () => type(), isArray: true, minItems: min, maxItems: max },
        type,
      },
      options,
    ),
    ValidateNested({ each: true }),
    Type(type),
  );
}

function listProblem(value: unknown, min: number, max: number): Problem | undefined {
  if (!Array.isArray(value)) return problem('list_type', 'Input should be a valid list');
  if (value.length < min) return problem('too_short', `List should have at least ${min} items`);
  if (value.length > max) return problem('too_long', `List should have at most ${max} items`);
  return undefined;
}

/** The first item with a problem. */
function itemProblem(
  items: unknown[],
  check: (item: unknown) => Problem | undefined,
): Problem | undefined {
  for (const [index, item] of items.entries()) {
    const found = check(item);
    if (found !== undefined) return { ...found, index };
  }
  return undefined;
}

/**
 * A list of texts, words or UUIDs, at most `max` of them. With `single` one value is a list of one,
 * as in query strings.
 */
export function ListField(
  options: FieldOptions & {
    of?: readonly string[];
    uuid?: boolean;
    min?: number;
    max: number;
    single?: boolean;
  },
) {
  const { of, uuid = false, min = 0, max, single = false } = options;
  const checkItem = (item: unknown): Problem | undefined => {
    if (of && !of.includes(item as string)) {
      return problem('enum', `Input should be ${of.map((word) => `'${word}'`).join(', ')}`);
    }
    if (uuid && parseUuid(item) === undefined) {
      return problem('uuid_parsing', 'Input should be a valid UUID');
    }
    if (typeof item !== 'string') return problem('string_type', 'Input should be a string');
    return undefined;
  };
  return field(
    {
      parse: (value) => {
        const list = single && typeof value === 'string' ? [value] : value;
        return uuid && Array.isArray(list)
          ? list.map((item: unknown) => parseUuid(item) ?? item)
          : list;
      },
      check: (value) => listProblem(value, min, max) ?? itemProblem(value as unknown[], checkItem),
      schema: {
        type: [String],
        ...(of && { enum: [...of] }),
        ...(uuid && { format: 'uuid' }),
        minItems: min,
        maxItems: max,
      },
    },
    options,
  );
}
