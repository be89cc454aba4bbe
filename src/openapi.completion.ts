import { STATUS_CODES } from 'node:http';
import {
  InternalServerError,
  RequestBodyTooLarge,
  RequestValidationError,
  ServiceUnavailable,
  TooManyRequests,
} from './platform/errors.js';
import { type DocumentedError, EXAMPLE_ID, examplesOf } from './platform/http/docs.js';
import { IdempotencyKeyInUse, KEY_LENGTH, KEYED_METHODS } from './platform/http/idempotency.js';
import { describeWebhooks } from './webhooks/webhooks.openapi.js';

/** What any route of the API can answer, whatever it does. */
const EVERYWHERE = [TooManyRequests, InternalServerError, ServiceUnavailable] as const;

const text = { type: 'string' };

const ERROR_SCHEMAS = {
  Error: {
    type: 'object',
    description: 'What went wrong. Clients branch on the status and on `error`.',
    required: ['error', 'detail'],
    properties: {
      error: { ...text, description: 'The name of the error.', example: 'ResourceNotFound' },
      detail: {
        ...text,
        description: 'A sentence for a person.',
        example: 'There is no such seat.',
      },
      request_id: {
        ...text,
        description: 'Where to look in the logs; of 5xx only.',
        example: EXAMPLE_ID,
      },
    },
    additionalProperties: true,
  },
  OAuthError: {
    type: 'object',
    description: 'What is wrong with the token, in the shape of RFC 6750.',
    required: ['error', 'error_description'],
    properties: {
      error: { ...text, description: 'The name of the error.', example: 'invalid_token' },
      error_description: {
        ...text,
        description: 'A sentence for a person.',
        example: 'The token is not valid.',
      },
    },
  },
  ErrorOrOAuthError: {
    description: 'Either shape; `error` tells which.',
    anyOf: [{ $ref: '#/components/schemas/Error' }, { $ref: '#/components/schemas/OAuthError' }],
  },
  ValidationError: {
    type: 'object',
    description: 'Why the request does not fit the schema: one entry a field.',
    required: ['error', 'detail'],
    properties: {
      error: { const: 'RequestValidationError', description: 'The name of the error.' },
      detail: {
        type: 'array',
        description: 'What is wrong, field by field.',
        items: {
          type: 'object',
          required: ['type', 'loc', 'msg', 'input'],
          properties: {
            type: { ...text, description: 'Which rule is broken.', examples: ['missing'] },
            loc: {
              type: 'array',
              description: 'The path of the field; starts with body, query, path or header.',
              items: { type: ['string', 'integer'] },
              examples: [['body', 'metadata']],
            },
            msg: { ...text, description: 'A sentence for a person.' },
            input: { description: 'The offending value; null where it is secret or missing.' },
          },
        },
      },
    },
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
  content?: Record<string, { schema: unknown; examples: Record<string, unknown> }>;
}

/**
 * Completes what the decorators say of the API: the scopes in words, the errors that any route can
 * give, the Idempotency-Key, bodies that work, and what OpenAPI 3.1 writes unlike 3.0.
 */
export function complete(document: Json): Json {
  const paths = document['paths'] as Record<string, Record<string, Operation>>;
  const components = document['components'] as Json;
  const schemas = components['schemas'] as Record<string, Schema>;
  for (const [path, operations] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      nameScopes(operation);
      nameSuccess(operation);
      if (!path.startsWith('/v1/')) continue;
      for (const error of EVERYWHERE) addError(operation, error);
      if (operation.requestBody !== undefined) addError(operation, RequestBodyTooLarge);
      if (isKeyed(method, operation)) addKey(operation);
      nameErrors(operation);
      for (const each of operation.parameters ?? []) if (!each.required) delete each.schema.example;
      if (operation.requestBody !== undefined) addExamples(operation.requestBody, schemas);
    }
  }
  document['webhooks'] = describeWebhooks();
  components['schemas'] = sorted({ ...schemas, ...ERROR_SCHEMAS });
  return withoutNullable(document) as Json;
}

/** OpenAPI shows the scopes of bearer tokens nowhere a person looks: say them in the text. */
function nameScopes(operation: Operation): void {
  const scopes = (operation.security ?? []).flatMap((each) => each['token'] ?? []);
  if (scopes.length === 0) return;
  const line = `Scope: ${scopes.map((scope) => `\`${scope}\``).join(', ')}.`;
  operation.description = [operation.description, line].filter(Boolean).join('\n\n');
}

/** Adds the error to the response of its status, beside those that the route itself has there. */
function addError(operation: Operation, { status, error, example }: DocumentedError): void {
  const response = (operation.responses[status] ??= { description: '' });
  response.content ??= {
    'application/json': { schema: { $ref: '#/components/schemas/Error' }, examples: {} },
  };
  const json = response.content['application/json'];
  if (json === undefined || error in json.examples) return;
  json.examples[error] = { value: example };
}

/** Whether the route heeds an Idempotency-Key: those of {@link KEYED_METHODS} with a token do. */
function isKeyed(method: string, { security = [] }: Operation): boolean {
  const isPublic = security.some((each) => Object.keys(each).length === 0);
  return KEYED_METHODS.includes(method.toUpperCase()) && !isPublic;
}

function addKey(operation: Operation): void {
  (operation.parameters ??= []).push({
    name: 'Idempotency-Key',
    in: 'header',
    required: false,
    description: 'Makes it safe to send the request again; see Idempotency above.',
    schema: { type: 'string', minLength: 1, maxLength: KEY_LENGTH },
  });
  addError(operation, IdempotencyKeyInUse);
  addError(operation, RequestValidationError);
}

function nameErrors({ responses }: Operation): void {
  for (const [status, response] of Object.entries(responses)) {
    const names = Object.keys(response.content?.['application/json']?.examples ?? {});
    if (Number(status) < 400 || names.length === 0) continue;
    response.description = names.map((name) => `\`${name}\``).join(', ');
  }
}

function nameSuccess({ responses }: Operation): void {
  for (const [status, response] of Object.entries(responses)) {
    response.description ||= STATUS_CODES[status] ?? '';
  }
}

/** Bodies to start from: what the class says, else what the examples of its fields add up to. */
function addExamples(body: RequestBody, schemas: Record<string, Schema>): void {
  const json = body.content['application/json'];
  const name = json?.schema.$ref?.split('/').at(-1);
  if (json === undefined || name === undefined) return;
  const bodies = examplesOf(name) ?? { Example: exampleOf(schemas[name] as Schema, schemas) };
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

/** OpenAPI 3.1 knows no `nullable`: null is one of the types. */
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

/** `{allOf: [x]}` is how a reference carried a description before 3.1. */
function unwrapped(schema: Json): unknown {
  const parts = schema['allOf'];
  return Array.isArray(parts) && parts.length === 1 ? parts[0] : schema;
}

function sorted<T>(object: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));
}
