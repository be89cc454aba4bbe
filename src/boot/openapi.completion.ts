import { STATUS_CODES } from 'node:http';
import {
  HeadersTooLarge,
  InternalServerError,
  RequestBodyTooLarge,
  RequestValidationError,
  ServiceUnavailable,
  TooManyRequests,
} from '../platform/errors.js';
import {
  type DocumentedError,
  EXAMPLE_ID,
  bodyExamplesOf,
} from '../platform/http/openapi.decorators.js';
import { IdempotencyKeyInUse, KEY_LENGTH, KEYED_METHODS } from '../platform/http/idempotency.js';
import { addParameterExamples, bodyExamplesOfRoute } from './openapi.examples.js';
import { describeWebhooks } from '../webhooks/webhooks.openapi.js';

/** The errors of every route below /v1. */
const COMMON_ERRORS = [
  RequestValidationError,
  TooManyRequests,
  HeadersTooLarge,
  InternalServerError,
  ServiceUnavailable,
] as const;

const text = { type: 'string' };

/** The keys of every error. */
const TRACE = {
  request_id: {
    ...text,
    description: 'The id of the request in the logs, as in `X-Request-Id`.',
    example: EXAMPLE_ID,
  },
  doc_url: {
    ...text,
    format: 'uri',
    description: 'The entry of the error in the catalogue of errors.',
    example: 'https://seats.example.com/docs/errors#ResourceNotFound',
  },
};

const ERROR_SCHEMAS = {
  Error: {
    type: 'object',
    description: 'An error. Branch on the status and on `error`.',
    required: ['error', 'detail', ...Object.keys(TRACE)],
    properties: {
      error: { ...text, description: 'The name of the error.', example: 'ResourceNotFound' },
      detail: {
        ...text,
        description: 'A sentence for people, which can change.',
        example: 'There is no seat with the id 8a3f2c64-1b7e-4d0a-9c55-6e2f1a7b3d90.',
      },
      ...TRACE,
    },
    additionalProperties: true,
  },
  OAuthError: {
    type: 'object',
    description: 'A problem with the token, in the shape of RFC 6750.',
    required: ['error', 'error_description', ...Object.keys(TRACE)],
    properties: {
      error: { ...text, description: 'The name of the error.', example: 'invalid_token' },
      error_description: {
        ...text,
        description: 'A sentence for people, which can change.',
        example: 'This token is unknown or was revoked. Create a new one.',
      },
      ...TRACE,
    },
  },
  ErrorOrOAuthError: {
    description: 'An error in either shape. The value of `error` determines which.',
    anyOf: [{ $ref: '#/components/schemas/Error' }, { $ref: '#/components/schemas/OAuthError' }],
  },
  ValidationError: {
    type: 'object',
    description: 'The request does not match the schema. `detail` has one entry for each problem.',
    required: ['error', 'detail', ...Object.keys(TRACE)],
    properties: {
      error: { const: 'RequestValidationError', description: 'The name of the error.' },
      detail: {
        type: 'array',
        description: 'The problems of the request.',
        items: {
          type: 'object',
          required: ['type', 'loc', 'msg', 'input'],
          properties: {
            type: {
              ...text,
              description: 'The rule that the field breaks.',
              examples: ['missing'],
            },
            loc: {
              type: 'array',
              description:
                'The path of the field. It starts with `body`, `query`, `path` or `header`.',
              items: { type: ['string', 'integer'] },
              examples: [['body', 'metadata']],
            },
            msg: { ...text, description: 'A sentence for people, which can change.' },
            input: { description: 'The value of the field. Null if it is secret or missing.' },
          },
        },
      },
      ...TRACE,
    },
  },
};

const HEADERS: Json = {
  'X-Request-Id': {
    description: 'The id of the request in the logs: yours, if you sent one.',
    required: true,
    schema: text,
  },
  RateLimit: {
    description: 'How many requests are left, and for how many seconds. Absent without a limit.',
    schema: text,
  },
  'RateLimit-Policy': {
    description: 'The limit and its window in seconds. Absent without a limit.',
    schema: text,
  },
  'Retry-After': {
    description: 'The number of seconds to wait before the next request.',
    required: true,
    schema: { type: 'integer', minimum: 1 },
  },
  'WWW-Authenticate': {
    description: 'The scheme of the token, and the error if a token was sent.',
    schema: text,
  },
  'Idempotent-Replayed': {
    description: '`true` if this is the response to an earlier request with the same key.',
    schema: { const: 'true' },
  },
};

export interface Json {
  [key: string]: unknown;
}

interface Operation extends Json {
  description?: string;
  tags?: string[];
  security?: Record<string, string[]>[];
  parameters?: Parameter[];
  requestBody?: RequestBody;
  responses: Record<string, Response>;
}

interface Parameter extends Json {
  name: string;
  required?: boolean;
  schema: Schema;
}

interface RequestBody {
  content: Record<string, { schema: Schema; examples?: Record<string, unknown> }>;
}

interface Schema extends Json {
  $ref?: string;
  allOf?: Schema[];
  example?: unknown;
  properties?: Record<string, Schema>;
}

interface Response {
  description: string;
  headers?: Record<string, { $ref: string }>;
  content?: Record<string, { schema: unknown; examples: Record<string, unknown> }>;
}

/**
 * Completes the description that the decorators produce. Adds the scopes to the texts, the errors
 * that every route has, the Idempotency-Key header and example bodies, and rewrites OpenAPI 3.0
 * syntax as 3.1.
 */
export function complete(document: Json): Json {
  const paths = document['paths'] as Record<string, Record<string, Operation>>;
  const components = document['components'] as Json;
  const schemas = components['schemas'] as Record<string, Schema>;
  for (const [path, operations] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      addScopes(operation);
      describeSuccess(operation);
      if (!path.startsWith('/v1/')) {
        addHeaders(method, operation);
        continue;
      }
      for (const error of COMMON_ERRORS) addError(operation, error);
      if (operation.requestBody !== undefined) addError(operation, RequestBodyTooLarge);
      if (acceptsKey(method, operation)) addKey(operation);
      describeErrors(operation);
      addHeaders(method, operation);
      addParameterExamples(method, path, operation);
      if (operation.requestBody !== undefined) {
        addExamples(operation.requestBody, schemas, bodyExamplesOfRoute(method, path));
      }
    }
  }
  components['headers'] = HEADERS;
  document['webhooks'] = describeWebhooks();
  components['schemas'] = sorted({ ...schemas, ...ERROR_SCHEMAS });
  return withoutNullable(document) as Json;
}

/** Adds the scope to the text, because Swagger UI does not show the scopes of bearer tokens. */
function addScopes(operation: Operation): void {
  const scopes = (operation.security ?? []).flatMap((each) => each['token'] ?? []);
  if (scopes.length === 0) return;
  const line = `Scope: ${scopes.map((scope) => `\`${scope}\``).join(', ')}.`;
  operation.description = [operation.description, line].filter(Boolean).join('\n\n');
}

/** Adds the error to the response of its status, beside the errors of the route itself. */
function addError(operation: Operation, { status, error, example }: DocumentedError): void {
  const response = (operation.responses[status] ??= { description: '' });
  response.content ??= {
    'application/json': {
      schema: { $ref: `#/components/schemas/${status === 422 ? 'ValidationError' : 'Error'}` },
      examples: {},
    },
  };
  const json = response.content['application/json'];
  if (json === undefined || error in json.examples) return;
  json.examples[error] = { value: example };
}

/** Whether the route accepts an Idempotency-Key: it has a keyed method and requires a token. */
function acceptsKey(method: string, { security = [] }: Operation): boolean {
  const isPublic = security.some((each) => Object.keys(each).length === 0);
  return KEYED_METHODS.includes(method.toUpperCase()) && !isPublic;
}

function addKey(operation: Operation): void {
  (operation.parameters ??= []).push({
    name: 'Idempotency-Key',
    in: 'header',
    required: false,
    description: 'A unique key that makes it safe to repeat the request. See Idempotency above.',
    schema: { type: 'string', minLength: 1, maxLength: KEY_LENGTH },
  });
  addError(operation, IdempotencyKeyInUse);
  addError(operation, RequestValidationError);
}

/** Adds the headers that clients can use. */
function addHeaders(method: string, operation: Operation): void {
  for (const [status, response] of Object.entries(operation.responses)) {
    const names = ['X-Request-Id', 'RateLimit', 'RateLimit-Policy'];
    if (['429', '503'].includes(status)) names.push('Retry-After');
    if (['401', '403'].includes(status)) names.push('WWW-Authenticate');
    if (acceptsKey(method, operation)) names.push('Idempotent-Replayed');
    response.headers = Object.fromEntries(
      names.map((name) => [name, { $ref: `#/components/headers/${name}` }]),
    );
  }
}

function describeErrors({ responses }: Operation): void {
  for (const [status, response] of Object.entries(responses)) {
    const names = Object.keys(response.content?.['application/json']?.examples ?? {});
    if (Number(status) < 400 || names.length === 0) continue;
    response.description = names.map((name) => `\`${name}\``).join(', ');
  }
}

function describeSuccess({ responses }: Operation): void {
  for (const [status, response] of Object.entries(responses)) {
    response.description ||= STATUS_CODES[status] ?? '';
  }
}

/**
 * Adds example bodies: those of the route, or else of the class, or else one built from the examples
 * of its fields.
 */
function addExamples(
  body: RequestBody,
  schemas: Record<string, Schema>,
  ofRoute: Record<string, unknown> | undefined,
): void {
  const json = body.content['application/json'];
  const name = json?.schema.$ref?.split('/').at(-1);
  if (json === undefined || name === undefined) return;
  const bodies = ofRoute ??
    bodyExamplesOf(name) ?? { Example: exampleOf(schemas[name] as Schema, schemas) };
  json.examples = Object.fromEntries(
    Object.entries(bodies).map(([summary, value], index) => [`${index + 1}`, { summary, value }]),
  );
}

function exampleOf(schema: Schema, schemas: Record<string, Schema>): unknown {
  const name = (schema.$ref ?? schema.allOf?.[0]?.$ref)?.split('/').at(-1);
  if (name !== undefined) return exampleOf(schemas[name] as Schema, schemas);
  if (schema.example !== undefined) return schema.example;
  if (schema.properties === undefined) return undefined;
  const values = Object.entries(schema.properties).map(([key, each]) => [
    key,
    exampleOf(each, schemas),
  ]);
  return Object.fromEntries(values.filter(([, value]) => value !== undefined));
}

/** Replaces `nullable`, which OpenAPI 3.1 does not have, by the type null. */
function withoutNullable(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(withoutNullable);
  if (typeof node !== 'object' || node === null) return node;
  const { nullable, ...rest } = Object.fromEntries(
    Object.entries(node).map(([key, value]) => [key, withoutNullable(value)]),
  );
  if (nullable === undefined) return rest;
  if (nullable !== true) return typeof nullable === 'boolean' ? rest : { ...rest, nullable };
  if (typeof rest['type'] !== 'string') {
    const { description, ...schema } = rest;
    return {
      ...(description !== undefined && { description }),
      anyOf: [unwrapped(schema), { type: 'null' }],
    };
  }
  const values = rest['enum'] as unknown[] | undefined;
  return { ...rest, type: [rest['type'], 'null'], ...(values && { enum: [...values, null] }) };
}

/** Removes `{allOf: [reference]}`, which a reference needed before 3.1 to have a description. */
function unwrapped(schema: Json): unknown {
  const parts = schema['allOf'];
  return Array.isArray(parts) && parts.length === 1 ? parts[0] : schema;
}

function sorted<T>(object: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));
}
