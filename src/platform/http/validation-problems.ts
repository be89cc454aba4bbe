import type { ValidationError } from 'class-validator';
import type { LocatedProblem, ProblemType } from '../errors.js';
import { REQUIRED } from '../sentences.js';
import { fieldsOf, type RequestClass } from './request-class.js';

export type Location = (string | number)[];

/** Details of a rule's problem, given as the `context` of class-validator's options. */
export interface RuleContext {
  /** The contract's type; by default the type for the rule's name. */
  type?: ProblemType;
  /** For a rule about each item of a list: whether an item is valid. Finds the invalid item. */
  isValidItem?: (item: unknown) => boolean;
}

const isScalar = (value: unknown) => typeof value === 'string' || typeof value === 'number';

/**
 * Maps the names of class-validator's rules to the contract's problem types. A value that breaks
 * several rules is reported once, for the first of them in this order. So the length of a list comes
 * before its items, and the type of a value comes before its length.
 */
const TYPES: Record<string, ProblemType | ((value: unknown) => ProblemType)> = {
  whitelistValidation: 'extra_forbidden',
  isDefined: 'missing',
  isArray: 'list_type',
  arrayNotEmpty: 'too_short',
  arrayMinSize: 'too_short',
  arrayMaxSize: 'too_long',
  isString: 'string_type',
  isBoolean: (value) => (isScalar(value) ? 'bool_parsing' : 'bool_type'),
  isInt: 'int_parsing',
  isNumber: 'value_error',
  isObject: 'dict_type',
  nestedValidation: 'dict_type',
  isUuid: 'uuid_parsing',
  isDate: 'datetime_parsing',
  isDateString: 'datetime_parsing',
  isIso8601: 'datetime_parsing',
  isIn: 'enum',
  isEnum: 'enum',
  isNotEmpty: 'string_too_short',
  minLength: 'string_too_short',
  maxLength: 'string_too_long',
  min: 'greater_than_equal',
  max: 'less_than_equal',
};
const RULES = Object.keys(TYPES);

/** class-validator's errors as the problems of a 422: one for each field, in the fields' order. */
export function toProblems(errors: ValidationError[], parent: Location): LocatedProblem[] {
  return errors.flatMap((error) => {
    const name = Array.isArray(error.target) ? Number(error.property) : error.property;
    const loc = [...parent, name];
    const own = ownProblem(error, loc);
    // When the value itself is invalid, the problems inside it add nothing.
    return own === undefined ? toProblems(error.children ?? [], loc) : [own];
  });
}

function ownProblem(error: ValidationError, loc: Location): LocatedProblem | undefined {
  const rule = firstRule(Object.keys(error.constraints ?? {}));
  if (rule === undefined) return undefined;
  const { value } = error;
  if (value === undefined) return { type: 'missing', loc, msg: REQUIRED, input: null };
  const { type = typeOf(rule, value), isValidItem }: RuleContext = error.contexts?.[rule] ?? {};
  const index = isValidItem && Array.isArray(value) ? value.findIndex(not(isValidItem)) : -1;
  const input: unknown = index < 0 ? value : value[index];
  return {
    type,
    loc: index < 0 ? loc : [...loc, index],
    msg: error.constraints?.[rule] ?? '',
    input: isSecret(error) || type === 'extra_forbidden' ? null : input,
  };
}

/** The broken rule to report. Rules without a type come last, in the order of declaration. */
function firstRule(broken: string[]): string | undefined {
  return RULES.find((name) => broken.includes(name)) ?? broken[0];
}

function typeOf(rule: string, value: unknown): ProblemType {
  const type = Object.hasOwn(TYPES, rule) ? TYPES[rule] : undefined;
  return typeof type === 'function' ? type(value) : (type ?? 'value_error');
}

function not(check: (item: unknown) => boolean) {
  return (item: unknown) => !check(item);
}

function isSecret({ target, property }: ValidationError): boolean {
  if (target === undefined || Array.isArray(target)) return false;
  return fieldsOf(target.constructor as RequestClass).get(property)?.secret ?? false;
}
