import { applyDecorators } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';

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

const examples = new Map<string, Record<string, unknown>>();

/**
 * Valid bodies of a request class by their titles, which the docs page offers for sending. A class
 * needs them when a rule over several fields forbids the combination of the fields' own examples.
 */
export function BodyExamples(bodies: Record<string, object>): ClassDecorator {
  return ({ name }) => {
    examples.set(name, bodies);
  };
}

/** The bodies that {@link BodyExamples} gave the class with this name. */
export function bodyExamplesOf(name: string): Record<string, unknown> | undefined {
  return examples.get(name);
}

function response(status: number, errors: DocumentedError[]) {
  return ApiResponse({
    status,
    content: {
      'application/json': {
        schema: { $ref: `#/components/schemas/${schemaOf(errors)}` },
        examples: Object.fromEntries(errors.map((each) => [each.error, { value: each.example }])),
      },
    },
  });
}

function schemaOf(errors: DocumentedError[]): string {
  if (errors.every((each) => 'error_description' in each.example)) return 'OAuthError';
  if (errors.some((each) => 'error_description' in each.example)) return 'ErrorOrOAuthError';
  return errors.some((each) => Array.isArray(each.example['detail'])) ? 'ValidationError' : 'Error';
}
