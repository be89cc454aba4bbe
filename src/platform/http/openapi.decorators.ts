import { applyDecorators, type Type } from '@nestjs/common';
import { ApiResponse, getSchemaPath } from '@nestjs/swagger';
import { nameOf } from './openapi.schema.js';

/** The part of an error class that the docs show. */
export interface DocumentedError {
  readonly status: number;
  readonly error: string;
  readonly example: Record<string, unknown>;
}

/** The id of a request for examples. */
export const EXAMPLE_ID = 'f81d4fae-7dec-41d0-a765-00a0c91e6bf6';

const DOCUMENTED = Symbol('errors of a route');

/**
 * Documents the errors of a route: one response for each status, one example for each error. Several
 * of these decorators on one route add to each other.
 */
export function ApiErrors(...errors: DocumentedError[]): MethodDecorator {
  return (target, key, descriptor: PropertyDescriptor) => {
    const before: DocumentedError[] =
      Reflect.getMetadata(DOCUMENTED, descriptor.value as object) ?? [];
    const all = [...before, ...errors.filter((error) => !before.includes(error))];
    Reflect.defineMetadata(DOCUMENTED, all, descriptor.value as object);
    const statuses = [...new Set(all.map((error) => error.status))];
    applyDecorators(
      ...statuses.map((status) =>
        response(
          status,
          all.filter((each) => each.status === status),
        ),
      ),
    )(target, key, descriptor);
  };
}

const examples = new Map<Type, Record<string, object>>();

/**
 * Valid bodies of a request class by their titles, which the docs page offers for sending. A class
 * needs them when a rule over several fields forbids the combination of the fields' own examples.
 */
export function BodyExamples(bodies: Record<string, object>): ClassDecorator {
  return (type) => {
    examples.set(type as unknown as Type, bodies);
  };
}

/** The bodies that {@link BodyExamples} gave the class with this schema. */
export function bodyExamplesOf(schema: string): Record<string, unknown> | undefined {
  const entry = [...examples].find(([type]) => nameOf(getSchemaPath(type)) === schema);
  return entry?.[1];
}

/** A response with an example of each error. The completion of the document adds the schema. */
function response(status: number, errors: DocumentedError[]) {
  return ApiResponse({
    status,
    content: {
      'application/json': {
        examples: Object.fromEntries(errors.map((each) => [each.error, { value: each.example }])),
      },
    },
  });
}
