import { type ArgumentMetadata, Injectable, type PipeTransform } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { validate, type ValidationError } from 'class-validator';
import { problem, type LocatedProblem, type Problem, RequestValidationError } from '../errors.js';
import { fieldsOf, isObject, isSecretField } from './fields.js';

/** A request class with a rule over several of its fields. */
export interface HasRules {
  /** The first rule that is broken; run only when every field on its own is valid. */
  problem(): Problem | undefined;
}

/** A request class that refuses keys it does not know (PATCH), instead of ignoring them. */
export abstract class StrictBody {
  static readonly strict = true;
}

/*
 * A request class with `static readonly optional = true` may be left out as a whole.
 */
const PLACES: Record<string, string> = { body: 'body', query: 'query', param: 'path' };

/** Turns what came over the wire into an instance of the handler's request class, or throws a 422. */
@Injectable()
export class SchemaPipe implements PipeTransform {
  async transform(value: unknown, { type: kind, metatype }: ArgumentMetadata): Promise<unknown> {
    const place = PLACES[kind];
    if (place === undefined || metatype === undefined || metatype === Object) return value;
    const loc: Loc = [place];
    if (value === undefined && 'optional' in metatype) return new (metatype as RequestClass)();
    if (value === undefined) {
      throw RequestValidationError.at(loc, problem('missing', 'Field required'));
    }
    if (!isObject(value)) {
      throw RequestValidationError.at(loc, problem('dict_type', 'Input should be an object'));
    }
    throwAny(unstorable(value, loc));

    const type = metatype as RequestClass;
    throwAny(unknownKeys(value, type, loc));
    const instance = plainToInstance(type, sealed(value, type));
    const errors = await validate(instance, { forbidUnknownValues: false });
    throwAny(errors.flatMap((error) => located(error, loc)));
    throwAny(brokenRules(instance, loc));
    return instance;
  }
}

type Loc = (string | number)[];
type RequestClass = new () => object;

function throwAny(problems: LocatedProblem[]): void {
  if (problems.length > 0) throw new RequestValidationError(problems);
}

function located(error: ValidationError, parent: Loc): LocatedProblem[] {
  const name = error.property;
  const loc = [...parent, Array.isArray(error.target) ? Number(name) : name];
  const hidden = error.target !== undefined && isSecretField(error.target, name);
  const messages = Object.entries(error.constraints ?? {}).flatMap(([rule, message]) =>
    rule === 'field' ? [message] : [],
  );
  const own = messages.map((message) => {
    const { type, msg, index }: Problem = JSON.parse(message);
    const input: unknown = index === undefined ? error.value : error.value[index];
    return {
      type,
      loc: index === undefined ? loc : [...loc, index],
      msg,
      input: hidden || type === 'missing' ? null : input,
    };
  });
  // One problem a field: with a wrong value, what lies below it says nothing more.
  if (own.length > 0) return own.slice(0, 1);
  return (error.children ?? []).flatMap((child) => located(child, loc));
}

/** In a strict class, and in the strict classes in it, a key that is no field. */
function unknownKeys(value: object, type: RequestClass, loc: Loc): LocatedProblem[] {
  const fields = fieldsOf(type);
  return Object.entries(value).flatMap(([name, item]) => {
    const field = fields.get(name);
    const place = [...loc, name];
    if (field === undefined) {
      if (!('strict' in type)) return [];
      const msg = 'Extra inputs are not permitted';
      return [{ type: 'extra_forbidden' as const, loc: place, msg, input: item }];
    }
    return field.type && isObject(item) ? unknownKeys(item, field.type(), place) : [];
  });
}

/** The known keys of `value`, sealed for class-transformer, but for objects with classes of their own. */
function sealed(value: object, type: RequestClass): object {
  const from = value as Record<string, unknown>;
  const entries = [...fieldsOf(type)].flatMap(([name, field]): [string, unknown][] => {
    if (!Object.hasOwn(from, name)) return [];
    return [[name, field.type ? sealedItem(from[name], field.type()) : () => from[name]]];
  });
  return Object.fromEntries(entries);
}

function sealedItem(item: unknown, type: RequestClass): unknown {
  if (Array.isArray(item)) return item.map((each) => sealedItem(each, type));
  return isObject(item) ? sealed(item, type) : item;
}

/** Rules over several fields, of the object and of the objects in its lists. */
function brokenRules(instance: object, loc: Loc): LocatedProblem[] {
  const found = 'problem' in instance ? (instance as HasRules).problem() : undefined;
  if (found) return [{ type: found.type, loc, msg: found.msg, input: echo(instance) }];
  return Object.entries(instance).flatMap(([name, value]) =>
    Array.isArray(value)
      ? value.flatMap((item: unknown, index) =>
          isObject(item) ? brokenRules(item, [...loc, name, index]) : [],
        )
      : [],
  );
}

/** What was sent, without its secrets. */
function echo(instance: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(instance).filter(
      ([name, value]) => value !== undefined && !isSecretField(instance, name),
    ),
  );
}

/** An object or list, and where it is: the way there is only written out when there is a problem. */
interface Visit {
  value: object;
  name: string | number;
  parent: Visit | undefined;
}

/**
 * What PostgreSQL cannot store: NUL characters, half surrogate pairs, numbers beyond a double.
 */
function unstorable(root: object, place: Loc): LocatedProblem[] {
  const open: Visit[] = [{ value: root, name: '', parent: undefined }];
  const refuse = (loc: Loc, msg: string): LocatedProblem[] => [
    { type: 'value_error', loc: [...place, ...loc], msg, input: null },
  ];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value } = next;
    const isList = Array.isArray(value);
    for (const key in value) {
      const item = (value as Record<string, unknown>)[key];
      const name = isList ? Number(key) : key;
      const ofKey = isList ? undefined : scalarProblem(key);
      if (ofKey) return refuse(wayTo(next), `${ofKey} in a key`);
      const ofItem = scalarProblem(item);
      if (ofItem) return refuse([...wayTo(next), name], ofItem);
      if (typeof item === 'object' && item !== null) {
        open.push({ value: item, name, parent: next });
      }
    }
  }
  return [];
}

function scalarProblem(value: unknown): string | undefined {
  if (typeof value === 'string') {
    if (value.includes('\0')) return 'NUL characters are not allowed';
    if (!value.isWellFormed()) return 'Half a surrogate pair is not a character';
  }
  // JSON has numbers of any size; as a double they become infinite, and null when stored.
  const tooLarge = typeof value === 'number' && !Number.isFinite(value);
  return tooLarge ? 'The number is too large' : undefined;
}

function wayTo(visit: Visit): Loc {
  const way: Loc = [];
  for (let at = visit; at.parent !== undefined; at = at.parent) way.unshift(at.name);
  return way;
}
