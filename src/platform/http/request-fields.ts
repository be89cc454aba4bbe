import { applyDecorators } from '@nestjs/common';
import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';
import { Transform, Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsDate,
  IsIn,
  IsInt,
  IsObject,
  IsOptional,
  IsString,
  IsUUID,
  Matches,
  Max,
  Min,
  ValidateBy,
  ValidateIf,
  ValidateNested,
  type ValidationOptions,
} from 'class-validator';
import { parseEmail } from '../email.js';
import { hasHidden } from '../text.js';
import { parseUuid } from '../uuid.js';
import { METADATA_KEYS, metadataProblem } from '../metadata.js';
import { parseUrl } from '../url.js';
import { didYouMean } from '../did-you-mean.js';
import {
  FIELD,
  NOT_A_STRING,
  NOT_A_UUID,
  NOT_AN_EMAIL,
  NOT_AN_INTEGER,
  NOT_AN_OBJECT,
  oneOf,
  tooFewItems,
  tooLarge,
  tooLong,
  tooManyItems,
  tooShort,
  tooSmall,
} from '../sentences.js';
import { exampleIdOf } from './examples.js';
import { WithContext } from './request-class.js';
import type { RuleContext } from './validation-problems.js';

/*
 * One decorator for each kind of field. It combines class-validator's rules, the parsing of the
 * value and the OpenAPI description. It can be used together with other decorators of
 * class-validator. Null means that the field is absent, except in PATCH bodies (`nullable`), where
 * it clears the value.
 */

export interface FieldOptions {
  description: string;
  required?: boolean;
  /** Null is a value and clears the key of a PATCH. */
  nullable?: boolean;
  example?: unknown;
  default?: unknown;
  /** A secret is never echoed in an error. */
  secret?: boolean;
  /** Null is an error instead of meaning that the field is absent. */
  refuseNull?: boolean;
}

interface FieldParts {
  /** Returns the parsed value, or the value unchanged when it cannot be parsed. */
  parse?: (value: unknown) => unknown;
  rules: PropertyDecorator[];
  schema: ApiPropertyOptions;
}

function field({ parse, rules, schema }: FieldParts, options: FieldOptions): PropertyDecorator {
  const { description, required = false, nullable = false, refuseNull = false } = options;
  const { secret = false, example } = options;
  const keepsNull = nullable || refuseNull;
  return applyDecorators(
    ...(parse ? [Transform(({ value }) => parse(value))] : []),
    ...(secret || keepsNull ? [WithContext({ secret, keepsNull })] : []),
    ...(required
      ? []
      : [refuseNull ? ValidateIf((_, value) => value !== undefined) : IsOptional()]),
    ...rules,
    ApiProperty({
      ...schema,
      description,
      required,
      ...(nullable && { nullable: true }),
      ...(example !== undefined && { example }),
      ...(options.default !== undefined && { default: options.default }),
    } as ApiPropertyOptions),
  );
}

/** class-validator's options. The context is for rules whose name does not determine the type. */
function withMessage(message: string, context?: RuleContext): ValidationOptions {
  return { message, ...(context && { context }) };
}

/** As {@link withMessage}, for a rule about each item of a list. */
function eachWithMessage(
  message: string,
  isValidItem: (item: unknown) => boolean,
): ValidationOptions {
  return { each: true, ...withMessage(message, { isValidItem }) };
}

/** A rule that class-validator lacks or implements differently. */
function CustomRule(
  name: string,
  isValid: (value: unknown) => boolean,
  options: ValidationOptions,
) {
  return ValidateBy({ name, validator: { validate: isValid } }, options);
}

/**
 * A string of `min` to `max` UTF-16 units. class-validator's own MinLength and MaxLength do not count
 * variation selectors, so a string of any size could pass and then exceed the limit of an index.
 */
function HasLength(min: number, max: number): PropertyDecorator {
  const lengthOf = (value: unknown) => (typeof value === 'string' ? value.length : NaN);
  return applyDecorators(
    CustomRule('minLength', (value) => lengthOf(value) >= min, withMessage(tooShort(min))),
    CustomRule('maxLength', (value) => lengthOf(value) <= max, withMessage(tooLong(max))),
  );
}

interface TextOptions extends FieldOptions {
  /** UTF-16 units. */
  min?: number;
  max?: number;
  pattern?: [RegExp, string];
  /** Refuses control and invisible format characters; `lines` accepts line breaks and tabs. */
  printable?: 'line' | 'lines';
}

/** A rule against invisible characters (see {@link hasHidden}). */
function IsPrintable(kind: 'line' | 'lines'): PropertyDecorator {
  const lines = kind === 'lines' ? /[\t\n\r]/g : /(?!)/g;
  return CustomRule(
    'isPrintable',
    (value) => typeof value === 'string' && !hasHidden(value.replace(lines, '')),
    withMessage(`${FIELD} must not contain control or invisible format characters.`),
  );
}

/** A string. An empty one is refused unless `min` is 0. */
export function TextField(options: TextOptions) {
  const { min = 1, max = 255, pattern, printable } = options;
  return field(
    {
      rules: [
        IsString(withMessage(NOT_A_STRING)),
        HasLength(min, max),
        ...(pattern ? [Matches(pattern[0], withMessage(pattern[1]))] : []),
        ...(printable ? [IsPrintable(printable)] : []),
      ],
      schema: { type: String, minLength: min, maxLength: max },
    },
    options,
  );
}

// Anything except white space, control characters and format characters, which have no width.
const VISIBLE = /[^\s\p{Cc}\p{Cf}]/u;

/** The name of a person or a thing: one line of text with at least one visible character. */
export function NameField(options: Omit<TextOptions, 'min' | 'pattern' | 'printable'>) {
  const pattern: [RegExp, string] = [VISIBLE, `${FIELD} must not be blank.`];
  return TextField({ ...options, pattern, printable: 'line' });
}

const MAX_URL_LENGTH = 2048;

/**
 * A URL, stored as {@link URL.href} writes it. The route decides which schemes and hosts it
 * accepts.
 */
export function UrlField(options: FieldOptions) {
  const isUrl = (value: unknown) => typeof value === 'string' && parseUrl(value) !== undefined;
  return field(
    {
      parse: (value) => (typeof value === 'string' && parseUrl(value)?.href) || value,
      rules: [
        IsString(withMessage(NOT_A_STRING)),
        HasLength(1, MAX_URL_LENGTH),
        CustomRule(
          'isUrl',
          isUrl,
          withMessage(`${FIELD} must be a valid URL, such as https://example.com.`),
        ),
      ],
      schema: { type: String, format: 'uri', minLength: 1, maxLength: MAX_URL_LENGTH },
    },
    options,
  );
}

const isEmailAddress = (value: unknown) =>
  typeof value === 'string' && parseEmail(value) !== undefined;

const canonicalEmail = (value: unknown) =>
  (typeof value === 'string' && parseEmail(value)) || value;

/** An e-mail address, in its canonical form (see {@link parseEmail}). */
export function EmailField(options: FieldOptions) {
  return field(
    {
      parse: canonicalEmail,
      rules: [
        IsString(withMessage(NOT_A_STRING)),
        CustomRule('isEmail', isEmailAddress, withMessage(NOT_AN_EMAIL)),
      ],
      schema: { type: String, format: 'email', maxLength: 254 },
    },
    { example: 'ada@example.com', ...options },
  );
}

const VERSION_4 = /^.{14}4.{4}[89ab]/;
/** The usual spelling of a UUID of version 4, for the API description. */
const VERSION_4_PATTERN =
  '^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-4[0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}$';

/** A UUID in any of its spellings (RFC 9562); `version4` refuses the other versions. */
export function UuidField(options: FieldOptions & { version4?: boolean }): PropertyDecorator {
  return (target, key) => {
    const example = options.required ? exampleIdOf(key) : undefined;
    uuidField({ ...(example !== undefined && { example }), ...options })(target, key);
  };
}

function uuidField(options: FieldOptions & { version4?: boolean }): PropertyDecorator {
  const version = withMessage(`${FIELD} must be a UUID of version 4.`, { type: 'uuid_version' });
  return field(
    {
      parse: (value) => parseUuid(value) ?? value,
      rules: [
        IsUUID('loose', withMessage(NOT_A_UUID)),
        ...(options.version4 ? [Matches(VERSION_4, version)] : []),
      ],
      schema: {
        type: String,
        format: 'uuid',
        ...(options.version4 && { pattern: VERSION_4_PATTERN }),
      },
    },
    options,
  );
}

const TRUE = ['true', 't', 'yes', 'y', 'on', '1'];
const FALSE = ['false', 'f', 'no', 'n', 'off', '0'];

// The length of the longest word. A longer string is refused without further checks.
const LONGEST_WORD = 5;

/** A boolean, or one of 1, 0, true, false, t, f, yes, no, y, n, on or off, in upper or lower case. */
export function BooleanField(options: FieldOptions) {
  const isWord = (value: unknown) => typeof value === 'string' || typeof value === 'number';
  const parse = (value: unknown) => {
    if (!isWord(value)) return value;
    const word = String(value)
      .slice(0, LONGEST_WORD + 1)
      .toLowerCase();
    if (TRUE.includes(word)) return true;
    return FALSE.includes(word) ? false : value;
  };
  return field(
    {
      parse,
      rules: [IsBoolean(withMessage(`${FIELD} must be true or false.`))],
      schema: { type: Boolean },
    },
    options,
  );
}

/** A whole number, or a string of digits. */
export function IntegerField(options: FieldOptions & { min: number; max: number }) {
  const { min, max } = options;
  return field(
    {
      parse: (value) =>
        typeof value === 'string' && /^[+-]?\d{1,15}$/.test(value.trim()) ? Number(value) : value,
      rules: [
        IsInt(withMessage(NOT_AN_INTEGER)),
        Min(min, withMessage(tooSmall(min))),
        Max(max, withMessage(tooLarge(max))),
      ],
      schema: { type: 'integer', minimum: min, maximum: max },
    },
    options,
  );
}

/** One of `values`. */
export function EnumField(values: readonly string[], options: FieldOptions) {
  return field(
    {
      rules: [IsIn(values, { message: ({ value }) => notOneOf(values, value) })],
      schema: { type: String, enum: [...values] },
    },
    options,
  );
}

/** The message for a value, or for a list with a value, that is none of `values`. */
function notOneOf(values: readonly string[], sent: unknown): string {
  const wrong: unknown = Array.isArray(sent)
    ? sent.find((item: unknown) => !values.includes(item as string))
    : sent;
  const hint = typeof wrong === 'string' ? didYouMean(wrong, values) : '';
  return `${FIELD} must be ${values.length > 1 ? 'one of ' : ''}${oneOf(values)}.${hint}`;
}

/** Whether ISO 8601 and PostgreSQL write this time alike, which holds for the years 1 to 9999. */
export function isCommonTime(time: Date): boolean {
  const year = Number.isNaN(time.getTime()) ? 0 : time.getUTCFullYear();
  return year >= 1 && year <= 9999;
}

/** Whether the day, as YYYY-MM-DD, exists. Date reads 30 February as 2 March. */
function isOnCalendar(day: string): boolean {
  return new Date(`${day}T00:00:00Z`).toISOString().startsWith(day);
}

const DATE_TIME = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?$/i;

/** ISO 8601 with a date and a time, in the years 1 to 9999; without an offset it is UTC. */
export function DateTimeField(options: FieldOptions) {
  const parse = (value: unknown) => {
    if (typeof value !== 'string' || !DATE_TIME.test(value)) return value;
    const date = new Date(/(Z|[+-]\d\d:?\d\d)$/i.test(value.slice(11)) ? value : `${value}Z`);
    return isCommonTime(date) && isOnCalendar(value.slice(0, 10)) ? date : value;
  };
  return field(
    {
      parse,
      rules: [
        IsDate(withMessage(`${FIELD} must be a time in ISO 8601, such as 2026-01-31T12:00:00Z.`)),
      ],
      schema: { type: String, format: 'date-time' },
    },
    options,
  );
}

/** Whether the value is a JSON object, not a list or null. */
export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Metadata: at most 10 keys and 1,024 characters of JSON (see {@link metadataLength}). */
export function MetadataField(options: Partial<FieldOptions> = {}) {
  const problemOf = (value: unknown) => (isObject(value) ? metadataProblem(value) : undefined);
  return field(
    {
      rules: [
        IsObject(withMessage(NOT_AN_OBJECT)),
        CustomRule('metadata', (value) => problemOf(value) === undefined, {
          message: ({ value }) => problemOf(value)?.msg ?? '',
        }),
      ],
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

/** An object of a request class. */
export function ObjectField<T extends object>(type: () => new () => T, options: FieldOptions) {
  return field(
    {
      rules: [IsObject(withMessage(NOT_AN_OBJECT)), ValidateNested(), Type(type)],
      // @nestjs/swagger treats a function with the name `type` as a class that is resolved later.
      schema: { type: () => type() },
    },
    options,
  );
}

interface ListOptions extends FieldOptions {
  /** The least number of items; 0 by default. */
  min?: number;
  max: number;
}

function HasItemCount({ min = 0, max }: ListOptions): PropertyDecorator {
  return applyDecorators(
    IsArray(withMessage(`${FIELD} must be a list.`)),
    ...(min > 0 ? [ArrayMinSize(min, withMessage(tooFewItems(min)))] : []),
    ArrayMaxSize(max, withMessage(tooManyItems(max))),
    WithContext({ maxItems: max }),
  );
}

/** A list of objects of a request class. */
export function ObjectListField<T extends object>(type: () => new () => T, options: ListOptions) {
  return field(
    {
      rules: [
        HasItemCount(options),
        IsObject(eachWithMessage(NOT_AN_OBJECT, isObject)),
        ValidateNested({ each: true }),
        Type(type),
      ],
      schema: { type: () => type(), isArray: true, ...itemLimits(options) },
    },
    options,
  );
}

function itemLimits({ min = 0, max }: ListOptions) {
  return { minItems: min, maxItems: max };
}

/** Parses each item of a list. With `single`, one value is a list of one, as in query strings. */
function parseItems(parse: (item: unknown) => unknown, single = false) {
  return (value: unknown) => {
    const list = single && typeof value === 'string' ? [value] : value;
    return Array.isArray(list) ? list.map(parse) : list;
  };
}

/** A list of strings, of values from `of`, or of UUIDs. */
export function ListField(
  options: ListOptions & {
    of?: readonly string[];
    uuid?: boolean;
    /** One value is a list of one, as in query strings. */
    single?: boolean;
  },
) {
  const { of, uuid = false, single } = options;
  return field(
    {
      parse: parseItems((item) => (uuid ? (parseUuid(item) ?? item) : item), single),
      rules: [HasItemCount(options), itemRule(of, uuid)],
      schema: {
        type: [String],
        ...(of && { enum: [...of] }),
        ...(uuid && { format: 'uuid' }),
        ...itemLimits(options),
      },
    },
    options,
  );
}

function itemRule(of: readonly string[] | undefined, uuid: boolean): PropertyDecorator {
  if (of)
    return IsIn(of, {
      ...eachWithMessage('', (item) => of.includes(item as string)),
      message: ({ value }) => notOneOf(of, value),
    });
  return uuid
    ? IsUUID(
        'loose',
        eachWithMessage(NOT_A_UUID, (item) => parseUuid(item) !== undefined),
      )
    : IsString(eachWithMessage(NOT_A_STRING, (item) => typeof item === 'string'));
}

/** A list of e-mail addresses, in their canonical form. */
export function EmailListField(options: ListOptions) {
  return field(
    {
      parse: parseItems(canonicalEmail),
      rules: [
        HasItemCount(options),
        IsString(eachWithMessage(NOT_A_STRING, (item) => typeof item === 'string')),
        CustomRule('isEmail', isEmailAddress, eachWithMessage(NOT_AN_EMAIL, isEmailAddress)),
      ],
      schema: { type: [String], format: 'email', ...itemLimits(options) },
    },
    options,
  );
}
