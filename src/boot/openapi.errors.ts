import type { ProblemType } from '../platform/errors.js';
import { EXAMPLE_ID } from '../platform/http/openapi.decorators.js';
import {
  type Json,
  pascalCase,
  type Schema,
  schemaRef,
  sorted,
  unionOf,
} from '../platform/http/openapi.schema.js';
import {
  type Example,
  type OpenApiDocument,
  type Operation,
  operationsOf,
  type Response,
} from './openapi.document.js';

/*
 * The errors of the API description: a schema for each error, and for each response a choice of the
 * errors that it can have. So clients can branch on `error`, and a misspelt name does not compile.
 */

const JSON_TYPE = 'application/json';
const text = { type: 'string' };

/** The keys that every error has, apart from its name and its text. */
const COMMON: Record<string, Schema> = {
  request_id: {
    ...text,
    description: 'The id of the request in the logs, as in `X-Request-Id`.',
    example: EXAMPLE_ID,
  },
  doc_url: {
    ...text,
    format: 'uri',
    description: 'The entry of the error in the catalogue of errors.',
  },
};

/** The keys that only one error has. */
const SPECIAL: Record<string, Record<string, Schema>> = {
  BulkAssignmentFailed: {
    failed: {
      type: 'array',
      description: 'The items that failed, with their errors.',
      items: schemaRef('BulkFailure'),
    },
  },
  ServiceUnavailable: {
    checks: {
      ...schemaRef('HealthChecks'),
      description: 'The result of each check. Only `GET /health/ready` has it.',
    },
  },
};

// An object, because the compiler then finds missing types.
const PROBLEM_TYPES: Record<ProblemType, true> = {
  missing: true,
  value_error: true,
  uuid_parsing: true,
  uuid_version: true,
  string_type: true,
  string_too_short: true,
  string_too_long: true,
  bool_type: true,
  bool_parsing: true,
  int_parsing: true,
  greater_than_equal: true,
  less_than_equal: true,
  dict_type: true,
  list_type: true,
  too_short: true,
  too_long: true,
  enum: true,
  datetime_parsing: true,
  json_invalid: true,
  extra_forbidden: true,
};

const PROBLEM_SCHEMAS: Record<string, Schema> = {
  ProblemType: {
    type: 'string',
    description: 'The rule that a value breaks.',
    enum: Object.keys(PROBLEM_TYPES),
  },
  ValidationProblem: {
    type: 'object',
    description: 'A problem with one value of a request.',
    required: ['type', 'loc', 'msg', 'input'],
    properties: {
      type: { ...schemaRef('ProblemType'), description: 'The rule that the value breaks.' },
      loc: {
        type: 'array',
        description: 'The path of the value. It starts with `body`, `query`, `path` or `header`.',
        items: { type: ['string', 'integer'] },
        example: ['body', 'metadata'],
      },
      msg: {
        ...text,
        description: 'A sentence for people, which can change.',
        example: 'The field metadata must be an object.',
      },
      input: { description: 'The value. Null if it is secret or missing.', example: null },
    },
  },
};

/** The description of an error, with its statuses. */
interface Documented {
  statuses: Set<string>;
  example: Json;
}

/**
 * Completes the error responses of all operations: their descriptions and schemas.
 * @returns the schemas of the errors.
 */
export function describeErrors(document: OpenApiDocument): Record<string, Schema> {
  const errors = new Map<string, Documented>();
  for (const { operation } of operationsOf(document)) {
    for (const [status, response] of errorResponsesOf(operation)) {
      const examples = response.content?.[JSON_TYPE]?.examples ?? {};
      for (const [name, { value }] of Object.entries(examples)) {
        const known = errors.get(name) ?? { statuses: new Set(), example: value as Json };
        errors.set(name, { ...known, statuses: known.statuses.add(status) });
      }
      describeResponse(response, examples);
    }
  }
  const schemas = [...errors].map(([name, each]) => [pascalCase(name), schemaOf(name, each)]);
  return {
    ...(Object.fromEntries(schemas) as Record<string, Schema>),
    ...PROBLEM_SCHEMAS,
  };
}

/** The responses of an operation that report an error, with their statuses. */
export function errorResponsesOf({ responses }: Operation): [status: string, Response][] {
  return Object.entries(responses).filter(([status]) => Number(status) >= 400);
}

/** The names of the errors of a response. */
export function errorNamesOf(response: Response): string[] {
  return Object.keys(response.content?.[JSON_TYPE]?.examples ?? {});
}

function describeResponse(response: Response, unsorted: Record<string, Example>): void {
  const examples = sorted(unsorted);
  const names = Object.keys(examples);
  if (names.length === 0) return;
  response.description = names.map((name) => `\`${name}\``).join(', ');
  const [first = ''] = names;
  const schema =
    names.length === 1 ? schemaRef(pascalCase(first)) : unionOf('error', schemaNames(names));
  response.content = { [JSON_TYPE]: { schema, examples } };
}

function schemaNames(errors: string[]): Record<string, string> {
  return Object.fromEntries(errors.map((name) => [name, pascalCase(name)]));
}

function schemaOf(name: string, { statuses, example }: Documented): Schema {
  const [key, detail] = textOf(example);
  return {
    type: 'object',
    description: `The error \`${name}\`, with the status ${[...statuses].join(' or ')}.`,
    required: ['error', key, ...Object.keys(COMMON)],
    properties: {
      error: { ...text, const: name, description: 'The name of the error.' },
      [key]: detail,
      ...COMMON,
      doc_url: { ...COMMON['doc_url'], example: example['doc_url'] },
      ...SPECIAL[name],
    },
  };
}

/** The key with the text of an error, and its schema. */
function textOf(example: Json): [key: string, Schema] {
  const key = 'error_description' in example ? 'error_description' : 'detail';
  const value = example[key];
  if (Array.isArray(value)) {
    const description = 'The problems of the request.';
    return [key, { type: 'array', description, items: schemaRef('ValidationProblem') }];
  }
  return [
    key,
    { ...text, description: 'A sentence for people, which can change.', example: value },
  ];
}
