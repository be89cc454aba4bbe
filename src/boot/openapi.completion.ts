import { STATUS_CODES } from 'node:http';
import { describeEvents, EVENT_SCHEMA } from '../events/events.openapi.js';
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
import { type Json, nameOf, type Schema, sorted } from '../platform/http/openapi.schema.js';
import {
  describeCallback,
  describeWebhooks,
  webhookParameters,
  webhookSchemas,
} from '../webhooks/webhooks.openapi.js';
import { shareComponents } from './openapi.components.js';
import {
  type OpenApiDocument,
  type Operation,
  operationsOf,
  type RequestBody,
} from './openapi.document.js';
import { enumSchemas, withNamedEnums } from './openapi.enums.js';
import { addParameterExamples, bodyExamplesOfRoute } from './openapi.examples.js';
import { describeErrors } from './openapi.errors.js';
import { inReadingOrder } from './openapi.order.js';
import { addCodeSamples } from './openapi.samples.js';

/** The errors of every route below /v1. */
const COMMON_ERRORS = [
  RequestValidationError,
  TooManyRequests,
  InternalServerError,
  ServiceUnavailable,
] as const;

const text = { type: 'string' };

const HEADERS: Json = {
  'X-Request-Id': {
    description: 'The id of the request in the logs: yours, if you sent one.',
    required: true,
    schema: { ...text, example: EXAMPLE_ID },
  },
  RateLimit: {
    description: 'How many requests are left, and for how many seconds. Absent without a limit.',
    schema: { ...text, example: '"organization";r=5999;t=60' },
  },
  'RateLimit-Policy': {
    description: 'The limit and its window in seconds. Absent without a limit.',
    schema: { ...text, example: '"organization";q=6000;w=60' },
  },
  'Retry-After': {
    description: 'The number of seconds to wait before the next request.',
    required: true,
    schema: { type: 'integer', minimum: 1, example: 12 },
  },
  'WWW-Authenticate': {
    description: 'The scheme of the token, and the error if a token was sent.',
    schema: { ...text, example: 'Bearer' },
  },
  'Idempotent-Replayed': {
    description:
      '`true` if this is the response to an earlier request with the same `Idempotency-Key`.',
    schema: { ...text, const: 'true' },
  },
};

/**
 * Completes the description that the decorators produce. Adds the scopes to the texts, the errors
 * that every route has, the Idempotency-Key header and example bodies, names what operations share,
 * and rewrites OpenAPI 3.0 syntax as 3.1.
 */
export function complete(generated: Json): OpenApiDocument {
  const document = inReadingOrder(generated as OpenApiDocument);
  const { components } = document;
  for (const { path, method, operation } of operationsOf(document)) {
    // `{}` means no token. Without it, the list is empty.
    operation.security = (operation.security ?? []).filter((each) => Object.keys(each).length > 0);
    addScopes(operation);
    describeSuccess(operation);
    addError(operation, HeadersTooLarge);
    if (path.startsWith('/v1/')) completeApiOperation(path, method, operation, components.schemas);
    addHeaders(method, operation);
  }
  addCodeSamples(document);
  const { [EVENT_SCHEMA]: event = {}, ...schemas } = components.schemas;
  components['headers'] = HEADERS;
  document['webhooks'] = describeWebhooks();
  addCallback(document);
  components.schemas = { ...schemas, ...describeErrors(document), ...describeEvents(event) };
  const named = withoutNullable(withNamedEnums(document)) as OpenApiDocument;
  named.components.schemas = sorted({
    ...named.components.schemas,
    ...webhookSchemas(),
    ...enumSchemas(),
  });
  shareComponents(named);
  Object.assign(named.components.parameters ?? {}, webhookParameters());
  return named;
}

/** Shows what a new webhook endpoint receives. */
function addCallback(document: OpenApiDocument): void {
  const create = document.paths['/v1/webhooks/endpoints']?.['post'];
  if (create !== undefined) create['callbacks'] = { delivery: describeCallback() };
}

function completeApiOperation(
  path: string,
  method: string,
  operation: Operation,
  schemas: Record<string, Schema>,
): void {
  for (const error of COMMON_ERRORS) addError(operation, error);
  if (operation.requestBody !== undefined) addError(operation, RequestBodyTooLarge);
  if (acceptsKey(method, operation)) addKey(operation);
  addParameterExamples(method, path, operation);
  if (operation.requestBody !== undefined) {
    addExamples(operation.requestBody, schemas, bodyExamplesOfRoute(method, path));
  }
}

/** Adds the scope to the text, because most pages do not show extensions. */
function addScopes(operation: Operation): void {
  const scopes = (operation['x-scopes'] as string[] | undefined) ?? [];
  if (scopes.length === 0) return;
  const line = `Scope: ${scopes.map((scope) => `\`${scope}\``).join(', ')}.`;
  operation.description = [operation.description, line].filter(Boolean).join('\n\n');
}

/** Adds the error to the response of its status, beside the errors of the route itself. */
function addError(operation: Operation, { status, error, example }: DocumentedError): void {
  const response = (operation.responses[status] ??= { description: '' });
  response.content ??= { 'application/json': { schema: {}, examples: {} } };
  const examples = (response.content['application/json'] ??= { schema: {} }).examples ?? {};
  examples[error] ??= { value: example };
}

/** Whether the route accepts an Idempotency-Key: it has a keyed method and requires a token. */
function acceptsKey(method: string, { security = [] }: Operation): boolean {
  return KEYED_METHODS.includes(method.toUpperCase()) && security.length > 0;
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
}

/** Adds the headers that clients can use. */
function addHeaders(method: string, operation: Operation): void {
  for (const [status, response] of Object.entries(operation.responses)) {
    const names = ['X-Request-Id', 'RateLimit', 'RateLimit-Policy'];
    if (['429', '503'].includes(status)) names.push('Retry-After');
    if (['401', '403'].includes(status)) names.push('WWW-Authenticate');
    if (isKept(status, acceptsKey(method, operation))) names.push('Idempotent-Replayed');
    response.headers = Object.fromEntries(
      names.map((name) => [name, { $ref: `#/components/headers/${name}` }]),
    );
  }
}

/** Whether a response with this status can be that to an earlier request with the same key. */
function isKept(status: string, keyed: boolean): boolean {
  // Routes without keys share their 400 and 404 with the others, and never send the header.
  return (keyed && status.startsWith('2')) || ['400', '404'].includes(status);
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
  if (json?.schema.$ref === undefined) return;
  const name = nameOf(json.schema.$ref);
  const bodies = ofRoute ??
    bodyExamplesOf(name) ?? { Example: exampleOf(schemas[name] as Schema, schemas) };
  json.examples = Object.fromEntries(
    Object.entries(bodies).map(([summary, value], index) => [`${index + 1}`, { summary, value }]),
  );
}

function exampleOf(schema: Schema, schemas: Record<string, Schema>): unknown {
  const ref = schema.$ref ?? schema.allOf?.[0]?.$ref;
  if (ref !== undefined) return exampleOf(schemas[nameOf(ref)] as Schema, schemas);
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
