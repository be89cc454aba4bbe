import {
  type ArgumentMetadata,
  Injectable,
  type PipeTransform,
  ValidationPipe,
} from '@nestjs/common';
import { instanceToPlain } from 'class-transformer';
import type { ValidatorOptions } from 'class-validator';
import {
  type LocatedProblem,
  MAX_PROBLEMS,
  problem,
  type Problem,
  RequestValidationError,
} from '../errors.js';
import { NOT_AN_OBJECT, REQUIRED, tooManyItems } from '../sentences.js';
import { pause, SLICE } from '../slices.js';
import { unknownKey } from './known-keys.js';
import { fieldsOf, type RequestClass, toInstance } from './request-class.js';
import { isObject } from './request-fields.js';
import { isValid } from './request-rules.js';
import { refuseUnstorable } from './storable.js';
import { type Location, toProblems } from './validation-problems.js';

/** A request class with a rule over several of its fields. */
export interface HasRules {
  /** The problem of the first broken rule. Runs only when each field is valid. */
  problem(): Problem | undefined;
}

/** A request class that refuses keys it does not know (PATCH), instead of ignoring them. */
export abstract class StrictBody {
  static readonly strict = true;
}

/** Nest's ValidationPipe for one place of a request, with the rules that class-validator lacks. */
class PlacePipe extends ValidationPipe {
  constructor(private readonly place: string) {
    super({
      transform: true,
      whitelist: true,
      transformerPackage: { plainToInstance: toInstance, classToPlain: instanceToPlain },
      validationError: { target: true, value: true },
      exceptionFactory: (errors) => new RequestValidationError(toProblems(errors, [place])),
    });
  }

  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    const type: RequestClass | undefined = metadata.metatype;
    if (type === undefined || !this.toValidate(metadata)) return super.transform(value, metadata);
    if (value === undefined && 'optional' in type) return new type();
    if (value === undefined) throw this.refusal(problem('missing', REQUIRED));
    if (!isObject(value)) throw this.refusal(problem('dict_type', NOT_AN_OBJECT));
    throwIfAny(longLists(value, type, [this.place]));
    refuseUnstorable(value, this.place);
    throwIfAny(unknownKeys(value, type, [this.place]));
    const instance = await this.validateInSlices(value as Keyed, type, metadata);
    throwIfAny(await brokenRules(instance, [this.place]));
    return instance;
  }

  /**
   * Validates long lists in slices, with pauses in which other requests run. A list of 10,000 items
   * takes about a second.
   */
  private async validateInSlices(value: Keyed, type: RequestClass, metadata: ArgumentMetadata) {
    const long = [...fieldsOf(type).keys()].filter((name) => isLongerThan(SLICE, value[name]));
    const first: Keyed = { ...value };
    for (const name of long) first[name] = listOf(value, name).slice(0, SLICE);
    const problems: LocatedProblem[] = [];
    const validateSlice = async (slice: Keyed): Promise<Keyed> => {
      try {
        return (await super.transform(slice, metadata)) as Keyed;
      } catch (error) {
        if (!(error instanceof RequestValidationError)) throw error;
        problems.push(...error.problems);
        return {};
      }
    };
    const instance = await validateSlice(first);
    for (const name of long) {
      const { nested } = fieldsOf(type).get(name) ?? {};
      // For a list of objects, report every invalid item; for any other list, only the first.
      const isBroken = problems.some(({ loc }) => loc[1] === name);
      const most = nested ? MAX_PROBLEMS : problems.length + (isBroken ? 0 : 1);
      const list = listOf(value, name);
      for (let start = SLICE; start < list.length && problems.length < most; start += SLICE) {
        await pause();
        const before = problems.length;
        const slice = await validateSlice({ ...first, [name]: list.slice(start, start + SLICE) });
        const found = problems.splice(before).filter(({ loc }) => loc[1] === name);
        problems.push(...found.map((each) => shifted(each, start)));
        if (problems.length === 0) listOf(instance, name).push(...listOf(slice, name));
      }
    }
    throwIfAny(problems);
    return instance;
  }

  private refusal(what: Problem): RequestValidationError {
    return RequestValidationError.at([this.place], what);
  }

  /** Most requests are valid. Only the others need class-validator's errors. */
  protected override validate(instance: object, options?: ValidatorOptions) {
    return isValid(instance) ? [] : super.validate(instance, options);
  }

  // toInstance reads only known keys. Nest's method would delete keys named "constructor" from the
  // body, and also from metadata, where clients may use any name.
  protected override stripProtoKeys(): void {}

  // Lists of JSON have no gaps.
  protected override closeArrayGaps(): void {}

  // JSON has no binary values.
  protected override findNestedBinaryValues(): [] {
    return [];
  }
}

/**
 * Turns the body, the query and the path of a request into an instance of the handler's request
 * class, or throws a 422 with the place and the type of each problem. A request class with
 * `static readonly optional = true` may be left out as a whole.
 */
@Injectable()
export class RequestPipe implements PipeTransform {
  private readonly pipes = {
    body: new PlacePipe('body'),
    query: new PlacePipe('query'),
    param: new PlacePipe('path'),
  };

  /** @throws {RequestValidationError} */
  async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    return metadata.type === 'custom'
      ? value
      : this.pipes[metadata.type].transform(value, metadata);
  }
}

function throwIfAny(problems: LocatedProblem[]): void {
  if (problems.length > 0) throw new RequestValidationError(problems);
}

type Keyed = Record<string, unknown>;

function isLongerThan(max: number, value: unknown): boolean {
  return Array.isArray(value) && value.length > max;
}

function listOf(value: Keyed, name: string): unknown[] {
  return value[name] as unknown[];
}

/** The problem of an item, at the item's place in the whole list. */
function shifted(found: LocatedProblem, start: number): LocatedProblem {
  const [place, name, index, ...rest] = found.loc;
  if (place === undefined || name === undefined || typeof index !== 'number') return found;
  return { ...found, loc: [place, name, index + start, ...rest] };
}

/** The lists that have too many items. Neither class-transformer nor class-validator sees them. */
function longLists(value: object, type: RequestClass, loc: Location): LocatedProblem[] {
  return [...fieldsOf(type)].flatMap(([name, { maxItems = Infinity, nested }]) => {
    const item = (value as Keyed)[name];
    if (nested && isObject(item)) return longLists(item, nested, [...loc, name]);
    if (!isLongerThan(maxItems, item)) return [];
    const msg = tooManyItems(maxItems);
    return [{ type: 'too_long' as const, loc: [...loc, name], msg, input: item }];
  });
}

/** The keys that a strict class, or a strict class in it, does not know. */
function unknownKeys(value: object, type: RequestClass, loc: Location): LocatedProblem[] {
  const fields = fieldsOf(type);
  const unknown = 'strict' in type ? Object.keys(value).filter((name) => !fields.has(name)) : [];
  const inside = [...fields].flatMap(([name, { nested }]) => {
    const item = (value as Keyed)[name];
    return nested && isObject(item) ? unknownKeys(item, nested, [...loc, name]) : [];
  });
  const own = unknown.slice(0, MAX_PROBLEMS).map((name) => unknownKey(loc, name, fields.keys()));
  return [...own, ...inside];
}

/** Checks the rules over several fields, first of the object and then of the objects in it. */
async function brokenRules(instance: object, loc: Location): Promise<LocatedProblem[]> {
  const broken = 'problem' in instance ? (instance as HasRules).problem() : undefined;
  if (broken) return [{ type: broken.type, loc, msg: broken.msg, input: withoutSecrets(instance) }];
  const problems: LocatedProblem[] = [];
  for (const [name, { nested }] of fieldsOf(instance.constructor as RequestClass)) {
    const value = nested && (instance as Record<string, unknown>)[name];
    if (Array.isArray(value)) {
      for (let index = 0; index < value.length && problems.length < MAX_PROBLEMS; index += 1) {
        if (index > 0 && index % SLICE === 0) await pause();
        problems.push(...(await brokenRules(value[index] as object, [...loc, name, index])));
      }
    } else if (value !== undefined && value !== null) {
      problems.push(...(await brokenRules(value, [...loc, name])));
    }
  }
  return problems;
}

/** The request as errors echo it. */
function withoutSecrets(instance: object): Record<string, unknown> {
  const fields = fieldsOf(instance.constructor as RequestClass);
  return Object.fromEntries(
    Object.entries(instance).filter(
      ([name, value]) => value !== undefined && !fields.get(name)?.secret,
    ),
  );
}
