import { readFileSync } from 'node:fs';
import { STATUS_CODES } from 'node:http';
import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { SCOPES } from './organizations/scopes.js';
import {
  InternalServerError,
  RequestBodyTooLarge,
  ServiceUnavailable,
  TooManyRequests,
} from './platform/errors.js';
import { type DocumentedError, EXAMPLE_ID, examplesOf } from './platform/http/docs.js';
import { describeWebhooks } from './webhooks/webhooks.openapi.js';

const DOCS = 'docs';
const DOCUMENT = `${DOCS}/openapi.json`;

// The same number of levels up from src/ and from dist/.
const PACKAGE = join(import.meta.dirname, '../package.json');

const GUIDE = `
Somebody buys N seats; this service knows who sits on them. A seat is *assigned* to a person, who
gets an invitation and *claims* it; it can be *revoked*, and then its place is free again. A pool of
seats never holds more people than it has seats.

## Authentication
\`Authorization: Bearer <token>\`. An organization's token starts with \`seat_oat_\` and has scopes;
every route names the one it needs, and write does not imply read: ${SCOPES.map((scope) => `\`${scope}\``).join(', ')}.
\`npm run -s cli -- token create\` makes the first token. Everything a token sees belongs to its organization; another organization's
object is a 404, like one that does not exist.

## Errors
\`{"error": "<Name>", "detail": "<one sentence>"}\`: branch on the status and on \`error\`; the
sentence is for people. 401 \`invalid_token\` and 403 \`insufficient_scope\` have the OAuth shape
\`{"error", "error_description"}\`. A request that does not fit the schema is a 422 whose \`detail\` is
a list of \`{type, loc, msg, input}\`. 429 and 503 say in \`Retry-After\` how many seconds to wait.
What is no HTTP request is a 400 \`BadRequest\`, one that does not come in time a 408, and one whose
address and headers have more than 16 KiB a 431 of the same name.

## Bodies
JSON in UTF-8, up to 1 MiB. Unknown keys are ignored and null means absent, except in PATCH: there
unknown keys are refused, and null clears a key that may be null. Ids are UUIDs, times are ISO 8601
in UTC. A slash at the end of an address makes no difference.

## Lists
\`?page=1&limit=10\` answers \`{items, pagination: {total_count, max_page}}\`, newest first. The seats
of one subscription or order come whole, oldest first, with their totals.

## Request ids and limits
Every answer carries \`X-Request-Id\`: yours, if you sent one. \`RateLimit\` and \`RateLimit-Policy\` say
how many requests are left in this minute.
`;

const TAGS: Record<string, string> = {
  'Customer seats': 'Who sits on what was bought: assign, list, revoke, resend, claim.',
  'Customer portal': 'What buyers, and people with a seat, can do themselves.',
  'Customer sessions': 'Open the customer portal for a person.',
  Events: 'What happened to seats, when, and who did it.',
  Webhooks: 'Be told of events: endpoints, and what was delivered to them.',
  Products: 'What is sold.',
  Customers: 'Who buys.',
  Members: 'The people of a customer.',
  Subscriptions: 'Seats that were bought for as long as they are paid.',
  Orders: 'Seats that were bought once.',
  Checkouts: 'Purchases under way.',
  Organization: 'Your organization and how the service behaves for it.',
  'Access tokens': 'What your programs call this API with.',
  Operations: 'For those who run the service.',
};

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

/** The description of the API, complete and in a stable order. */
export function buildOpenApi(app: NestFastifyApplication): OpenAPIObject {
  const { version } = JSON.parse(readFileSync(PACKAGE, 'utf8')) as { version: string };
  const builder = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Seats')
    .setDescription(GUIDE.trim())
    .setVersion(version)
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .addServer('/', 'this server')
    .addSecurity('token', {
      type: 'http',
      scheme: 'bearer',
      description:
        "An organization's access token (`seat_oat_…`) with the scope that the route names.",
    })
    .addSecurity('session', {
      type: 'http',
      scheme: 'bearer',
      description: 'The session of a customer (`seat_cst_…`) or of a member (`seat_mst_…`).',
    });
  for (const [name, description] of Object.entries(TAGS)) builder.addTag(name, description);
  const document = SwaggerModule.createDocument(app, builder.build());
  return complete(document as unknown as Json) as unknown as OpenAPIObject;
}

/** Serves the description, and a page to read and to try it, without anything from elsewhere. */
export function serveDocs(app: NestFastifyApplication, document: OpenAPIObject): void {
  SwaggerModule.setup(DOCS, app, document, {
    jsonDocumentUrl: DOCUMENT,
    raw: ['json'],
    customSiteTitle: 'Seats API',
    customCss: '.swagger-ui .topbar { display: none }',
    swaggerOptions: { displayRequestDuration: true },
  });
}

interface Json {
  [key: string]: unknown;
}

interface Operation extends Json {
  description?: string;
  tags?: string[];
  security?: Record<string, string[]>[];
  parameters?: { required?: boolean; schema: Schema }[];
  requestBody?: RequestBody;
  responses: Record<string, Response>;
}

interface RequestBody {
  content: Record<string, { schema: Schema; examples?: Record<string, unknown> }>;
}

interface Schema {
  $ref?: string;
  allOf?: Schema[];
  example?: unknown;
  properties?: Record<string, Schema>;
}

interface Response {
  description: string;
  content?: Record<string, { schema: unknown; examples: Record<string, unknown> }>;
}

function complete(document: Json): Json {
  const paths = document['paths'] as Record<string, Record<string, Operation>>;
  const components = document['components'] as Json;
  const schemas = components['schemas'] as Record<string, Schema>;
  for (const [path, operations] of Object.entries(paths)) {
    for (const operation of Object.values(operations)) {
      nameScopes(operation);
      nameSuccess(operation);
      if (!path.startsWith('/v1/')) continue;
      for (const error of EVERYWHERE) addError(operation, error);
      if (operation.requestBody !== undefined) addError(operation, RequestBodyTooLarge);
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
