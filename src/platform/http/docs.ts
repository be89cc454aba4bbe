import { applyDecorators } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';

/** What the docs need to know of an error. */
export interface DocumentedError {
  readonly status: number;
  readonly error: string;
  readonly example: Record<string, unknown>;
}

const DOCUMENTED = Symbol('errors of a route');

/** Documents the errors of a route: one response per status, one example per error. Adds up. */
export function Fails(...errors: DocumentedError[]): MethodDecorator {
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

function response(status: number, errors: DocumentedError[]) {
  return ApiResponse({
    status,
    description: errors.map((each) => `\`${each.error}\``).join(', '),
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
