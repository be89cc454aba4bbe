import { getMetadataStorage, type ValidationArguments, ValidationTypes } from 'class-validator';
import { type RequestClass, rulesOf } from './request-class.js';

/*
 * class-validator collects and sorts the rules of a class again for every object, and builds an error
 * object for every property, valid or not. Most requests are valid. So this file collects the rules
 * of a class once and runs them without building anything. A request that breaks one goes through
 * class-validator, which finds the same problem and describes it.
 */

type Rule = (value: unknown, object: object) => boolean;

interface FieldRules {
  name: string;
  /** `@IsOptional()` and `@ValidateIf()`: if one is false, the value needs no validation. */
  conditions: Rule[];
  rules: Rule[];
}

const rulesByClass = new WeakMap<RequestClass, FieldRules[] | null>();

/**
 * Whether every rule of the request class accepts the instance. Also false for a class whose rules only
 * class-validator can run, because they are asynchronous.
 */
export function isValid(instance: object): boolean {
  const type = instance.constructor as RequestClass;
  let fields = rulesByClass.get(type);
  if (fields === undefined) {
    fields = collectRules(type);
    rulesByClass.set(type, fields);
  }
  return fields !== null && fields.every((field) => isValidField(field, instance));
}

function isValidField({ name, conditions, rules }: FieldRules, object: object): boolean {
  const value = (object as Record<string, unknown>)[name];
  return (
    conditions.some((condition) => !condition(value, object)) ||
    rules.every((rule) => rule(value, object))
  );
}

/** @returns null if one of the rules is asynchronous. */
function collectRules(type: RequestClass): FieldRules[] | null {
  const fields = new Map<string, FieldRules>();
  for (const metadata of rulesOf(type)) {
    const name = metadata.propertyName;
    const field = fields.get(name) ?? { name, conditions: [], rules: [] };
    fields.set(name, field);
    switch (metadata.type) {
      case ValidationTypes.WHITELIST:
        break;
      case ValidationTypes.CONDITIONAL_VALIDATION: {
        const condition = metadata.constraints[0] as (object: object, value: unknown) => boolean;
        field.conditions.push((value, object) => condition(object, value));
        break;
      }
      case ValidationTypes.NESTED_VALIDATION:
        field.rules.push(isValidPart);
        break;
      case ValidationTypes.CUSTOM_VALIDATION: {
        const rules = customRules(type, metadata);
        if (rules === null) return null;
        field.rules.push(...rules);
        break;
      }
      default:
        return null;
    }
  }
  return [...fields.values()];
}

/** The value of a property with `@ValidateNested()`: an instance of a request class, or a list of them. */
function isValidPart(value: unknown): boolean {
  if (value === undefined) return true;
  if (Array.isArray(value)) return value.every(isValidPart);
  return typeof value === 'object' && value !== null && isValid(value);
}

function customRules(
  type: RequestClass,
  metadata: ReturnType<typeof rulesOf>[number],
): Rule[] | null {
  const { constraintCls, constraints, each, propertyName: property, validateIf } = metadata;
  const implementations = getMetadataStorage().getTargetValidatorConstraints(constraintCls);
  if (implementations.some(({ async }) => async)) return null;
  return implementations.map(({ instance }): Rule => {
    return (value, object) => {
      if (validateIf !== undefined && !validateIf(object, value)) return true;
      const details: ValidationArguments = {
        targetName: type.name,
        property,
        object,
        value,
        constraints,
      };
      // A promise counts as invalid: class-validator waits for it.
      const accepts = (item: unknown) => instance.validate(item, details) === true;
      return each && Array.isArray(value) ? value.every(accepts) : accepts(value);
    };
  });
}
