import { Injectable, type OnModuleInit, type Type } from '@nestjs/common';
import { ROUTE_ARGS_METADATA, RouteParamtypes } from '@nestjs/common/internal';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { DECORATORS } from '@nestjs/swagger';
import { defaultMetadataStorage as transformerStorage } from 'class-transformer/cjs/storage.js';
import { ValidationTypes } from 'class-validator';
import { describedType, fieldsOf, type RequestClass, rulesOf } from './request-class.js';

const DECORATORS_BY_TYPE: Record<string, string> = {
  [RouteParamtypes.BODY]: '@Body()',
  [RouteParamtypes.QUERY]: '@Query()',
  [RouteParamtypes.PARAM]: '@Param()',
};

/**
 * Stops the boot when validation cannot use the class of a route's body, query or path. A field of
 * such a class would be unchecked or silently empty.
 */
@Injectable()
export class RequestClassCheck implements OnModuleInit {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
  ) {}

  /** @throws {Error} naming the route's method, the class and the property. */
  onModuleInit(): void {
    for (const { metatype } of this.discovery.getControllers()) {
      if (typeof metatype === 'function') this.checkController(metatype as Type<object>);
    }
  }

  private checkController(controller: Type<object>): void {
    for (const method of this.scanner.getAllMethodNames(controller.prototype as object)) {
      for (const [decorator, type] of wholeArguments(controller, method)) {
        const problem =
          type === Object ? 'needs a class with validated properties' : requestClassProblem(type);
        if (problem !== undefined) {
          throw new Error(`${decorator} of ${controller.name}.${method}: ${problem}`);
        }
      }
    }
  }
}

interface RouteArgument {
  index: number;
  data: unknown;
}

/** The request classes of all routes of a controller. */
export function requestClassesOf(controller: Type<object>): RequestClass[] {
  const methods = new MetadataScanner().getAllMethodNames(controller.prototype as object);
  return methods.flatMap((method) => wholeArguments(controller, method).map(([, type]) => type));
}

/** The arguments of a route that take the whole body, query or path, with their design types. */
function wholeArguments(controller: Type<object>, method: string): [string, RequestClass][] {
  const args: Record<string, RouteArgument> =
    Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, method) ?? {};
  const types: RequestClass[] =
    Reflect.getMetadata('design:paramtypes', controller.prototype as object, method) ?? [];
  return Object.entries(args).flatMap(([key, { index, data }]): [string, RequestClass][] => {
    // The key is "<type>:<index>".
    const decorator = DECORATORS_BY_TYPE[key.split(':')[0] as string];
    const type = types[index];
    return decorator === undefined || data !== undefined || type === undefined
      ? []
      : [[decorator, type]];
  });
}

/** The reason why requests cannot be read with this class, or undefined. */
export function requestClassProblem(
  type: RequestClass,
  checked = new Set<RequestClass>(),
): string | undefined {
  checked.add(type);
  const fields = fieldsOf(type);
  if (fields.size === 0) return `${type.name} has no property with a validation decorator`;
  for (const name of new Set([...declaredProperties(type), ...fields.keys()])) {
    const problem = fields.has(name) ? propertyProblem(type, name) : 'has no validation decorator';
    if (problem !== undefined) return `${type.name}.${name} ${problem}`;
  }
  const nested = [...fields.values()].flatMap((field) => field.nested ?? []);
  for (const each of nested) {
    const problem = checked.has(each) ? undefined : requestClassProblem(each, checked);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function propertyProblem(type: RequestClass, name: string): string | undefined {
  const isNested = rulesOf(type).some(
    (rule) => rule.propertyName === name && rule.type === ValidationTypes.NESTED_VALIDATION,
  );
  const described = describedType(type, name);
  if (isNested && described === undefined) return 'has @ValidateNested without a class in @Type';
  if (!isNested && described !== undefined) return 'has a class in @Type without @ValidateNested';
  const field = fieldsOf(type).get(name);
  if (isNested && field?.transforms.length) return 'has both @Transform and @ValidateNested';
  if (transformerStorage.findTypeMetadata(type, name)?.options?.discriminator !== undefined) {
    return 'has @Type with a discriminator, which requests do not support';
  }
  const exposedAs = transformerStorage.findExposeMetadata(type, name)?.options?.name ?? name;
  if (exposedAs !== name) return 'has another name in @Expose, which requests do not support';
  const isExcluded =
    transformerStorage.getStrategy(type) === 'excludeAll' ||
    transformerStorage.findExcludeMetadata(type, name) !== undefined;
  return isExcluded ? 'is hidden by @Exclude, which requests do not support' : undefined;
}

/**
 * The properties that a class declares. Properties without a decorator are found as keys of an
 * instance, which requires useDefineForClassFields in .swcrc.
 */
function declaredProperties(type: RequestClass): string[] {
  const documented: string[] =
    Reflect.getMetadata(DECORATORS.API_MODEL_PROPERTIES_ARRAY, type.prototype as object) ?? [];
  return [
    ...documented.map((name) => name.replace(/^:/, '')),
    ...transformedProperties(type),
    ...Object.keys(new type()),
  ];
}

function transformedProperties(type: RequestClass): string[] {
  const storages: Map<object, Map<string | undefined, unknown>>[] = [
    transformerStorage['_typeMetadatas'],
    transformerStorage['_transformMetadatas'],
    transformerStorage['_exposeMetadatas'],
    transformerStorage['_excludeMetadatas'],
  ];
  const names: (string | undefined)[] = [];
  for (let at: object = type; at !== Function.prototype; at = Object.getPrototypeOf(at)) {
    for (const storage of storages) names.push(...(storage.get(at)?.keys() ?? []));
  }
  // A decorator of the class itself has no property.
  return names.filter((name) => name !== undefined);
}
