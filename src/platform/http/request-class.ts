import type { Type } from '@nestjs/common';
import { TransformationType, type TransformFnParams } from 'class-transformer';
import { defaultMetadataStorage as transformerStorage } from 'class-transformer/cjs/storage.js';
import { Allow, getMetadataStorage, ValidationTypes } from 'class-validator';

/*
 * A request class is the class of a body, a query or the parameters of a path. This file reads its
 * class-validator and class-transformer metadata. A property is a field of the request when
 * class-validator has a rule for it, whichever decorator registered the rule.
 */

export type RequestClass = Type<object>;

/** The options of a field that class-validator has no rule for. It carries them as a context. */
export interface FieldContext {
  /** The value is never echoed in an error. */
  secret?: boolean;
  /** Null is validated like any other value. Elsewhere null means that the field is absent. */
  keepsNull?: boolean;
  /** The most items of a list. A longer list is refused before any item is read. */
  maxItems?: number;
}

interface RequestField extends FieldContext {
  /** The class of the value, or of the items of the list. */
  nested: RequestClass | undefined;
  /** The conversion to the built-in class that `@Type` names, such as Number. */
  convert: ((value: unknown) => unknown) | undefined;
  /** class-transformer's functions for this field, in their order. */
  transforms: ((params: TransformFnParams) => unknown)[];
}

/** Registers a rule that accepts every value and carries `context`. */
export function WithContext(context: FieldContext): PropertyDecorator {
  return Allow({ context });
}

const fieldsByClass = new WeakMap<RequestClass, Map<string, RequestField>>();

/** The fields of a request class by name, including those of its parent classes. */
export function fieldsOf(type: RequestClass): ReadonlyMap<string, RequestField> {
  const known = fieldsByClass.get(type);
  if (known !== undefined) return known;
  const fields = new Map<string, RequestField>();
  for (const rule of rulesOf(type)) {
    const name = rule.propertyName;
    const field = fields.get(name) ?? newField(type, name);
    if (rule.type === ValidationTypes.NESTED_VALIDATION) field.nested = describedType(type, name);
    if (rule.type === ValidationTypes.WHITELIST) Object.assign(field, rule.context);
    fields.set(name, field);
  }
  fieldsByClass.set(type, fields);
  return fields;
}

/** All class-validator rules of a request class. */
export function rulesOf(type: RequestClass) {
  return getMetadataStorage().getTargetValidationMetadatas(type, '', false, false);
}

function newField(type: RequestClass, name: string): RequestField {
  return {
    nested: undefined,
    convert: CONVERSIONS.get(namedType(type, name)),
    transforms: transformerStorage
      .findTransformMetadatas(type, name, TransformationType.PLAIN_TO_CLASS)
      .map(({ transformFn }) => transformFn),
  };
}

/** The class that `@Type` names, unless it is a built-in class such as Number. */
export function describedType(type: RequestClass, name: string): RequestClass | undefined {
  const named = namedType(type, name);
  return named === undefined || BUILT_IN.includes(named) ? undefined : (named as RequestClass);
}

function namedType(type: RequestClass, name: string): unknown {
  return transformerStorage.findTypeMetadata(type, name)?.typeFunction();
}

const BUILT_IN: unknown[] = [Array, Boolean, Date, Map, Number, Object, Set, String];
const CONVERSIONS = new Map<unknown, (value: unknown) => unknown>([
  [Boolean, Boolean],
  [Date, (value) => new Date(value as string)],
  [Number, Number],
  [String, String],
]);

/**
 * Creates an instance of a request class, with the functions of class-transformer's `@Transform` and
 * the classes of `@Type`. Unknown fields and nulls that mean "absent" are left out.
 *
 * It replaces class-transformer's plainToInstance, which looks up its metadata again for every property
 * of every request. That function also mishandles objects without a class, such as metadata: it throws
 * on a key such as "constructor", and it drops some other keys.
 */
export function toInstance<T>(type: Type<T>, sent: unknown): T {
  return (isContainer(sent) ? instanceOf(type as RequestClass, sent) : sent) as T;
}

type Keyed = Record<string, unknown>;

function instanceOf(type: RequestClass, sent: object): object {
  if (Array.isArray(sent)) return sent.map((item) => toInstance(type, item));
  const fields = fieldsOf(type);
  const instance = new type();
  for (const name of Object.keys(sent)) {
    const field = fields.get(name);
    const value = (sent as Keyed)[name];
    if (field === undefined || (value === null && !field.keepsNull)) continue;
    (instance as Keyed)[name] =
      field.nested === undefined
        ? transformed(value, name, sent, field)
        : toInstance(field.nested, value);
  }
  return instance;
}

function transformed(sent: unknown, key: string, obj: object, field: RequestField) {
  const type = TransformationType.PLAIN_TO_CLASS;
  return field.transforms.reduce(
    (value, transform) => transform({ value, key, obj, type, options: {} }),
    converted(sent, field),
  );
}

function converted(sent: unknown, { convert }: RequestField): unknown {
  if (convert === undefined || sent === null || sent === undefined) return sent;
  return Array.isArray(sent) ? sent.map(convert) : convert(sent);
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
