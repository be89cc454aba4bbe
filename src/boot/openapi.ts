import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { complete } from './openapi.completion.js';
import { SCOPES } from '../organizations/scopes.js';
import { ORGANIZATION_TOKEN, PORTAL_SESSION } from '../platform/http/access.js';
import type { Json } from '../platform/http/openapi.schema.js';
import { RECEIVING } from '../webhooks/webhooks.openapi.js';

// src/boot and dist/boot have the same depth, so this path works for both.
const PACKAGE = join(import.meta.dirname, '../../package.json');

const GUIDE = `
A customer buys a number of seats. This service manages the people who use them. It *assigns* a seat
to a person and sends them an invitation. The person *claims* the seat with the link in that
invitation. When a seat is *revoked*, it can be assigned to another person. The service never assigns
more seats than the customer bought, even when requests arrive at the same time.

## First steps
1. Record what was sold: \`PUT /v1/subscriptions/external/{external_id}\` creates the subscription, its
   product and its customer in one request.
2. Assign a seat: \`POST /v1/customer-seats\` with the \`subscription_id\` and the e-mail of a person.
3. Check who can use a product: \`GET /v1/access\`.

## Authentication
Send \`Authorization: Bearer <token>\`. The access token of an organization starts with \`seat_oat_\`.
\`npm run -s cli -- token create\` creates the first one. A token sees only the objects of its
organization; an object of another organization is a 404, like one that does not exist.

A token has scopes, and every route names the scope that it requires. A write scope does not include
the read scope. The scopes are ${SCOPES.map((scope) => `\`${scope}\``).join(', ')}.

## Errors
Errors have the shape \`{"error": "<Name>", "detail": "<sentence>", "request_id", "doc_url"}\`. Branch on
the status and on \`error\`; the sentence is for people and can change. \`doc_url\` leads to the entry in
the [catalogue of errors](/docs/errors), which says what to do.

| Status | Meaning |
|---|---|
| 405 \`MethodNotAllowed\` | The path exists, but not with this method. \`Allow\` lists its methods. |
| 401 \`invalid_token\`, 403 \`insufficient_scope\` | The body has the OAuth shape \`{"error", "error_description"}\`. |
| 422 \`RequestValidationError\` | The request does not match the schema. \`detail\` is a list of \`{type, loc, msg, input}\`. |
| 429, 503 | Repeat the request later. \`Retry-After\` is the number of seconds to wait. |
| 400 \`BadRequest\` | The request is not valid HTTP. |
| 408 | The request did not arrive in time. |
| 431 | The URL and the headers together are larger than 16 KiB. |

## Bodies
Bodies are JSON in UTF-8 of up to 1 MiB, or 10 MiB for bulk routes, with up to 10,000 values, or
400,000 for bulk routes. A body of more than 1 MiB needs a token. Ids are UUIDs. Times are ISO 8601
in UTC. POST and PUT ignore unknown keys and treat null like an absent key. PATCH refuses unknown
keys; null clears a nullable key. Every route refuses unknown query keys. A trailing slash in the URL
makes no difference.

## Idempotency
Every POST, PATCH and DELETE that requires a token accepts an \`Idempotency-Key\` header of up to 255
characters. For 24 hours, a repeated request with the same key returns the first response with
\`Idempotent-Replayed: true\`, and changes nothing. An error keeps its first \`request_id\`. A request
with the same key and a different body or query is a 422; white space and the order of keys do not
make a different body. While the first request is still running, a second one is a 409. The service does not store secrets, so a replayed response has null in
their place. PUT needs no key, because it can be repeated as it is.

## Lists
Lists take \`?page=1&limit=10\` and return \`{items, pagination: {total_count, max_page}}\`, newest
first. The seats of a subscription or an order are returned oldest first with their totals: all at
once, or in pages with \`limit\` and \`cursor\`. Events also have pages with \`limit\` and \`cursor\`.

## Request ids and rate limits
Every response has an \`X-Request-Id\`, which is yours if you sent one. \`RateLimit\` and
\`RateLimit-Policy\` state how many requests are left in the current minute. All tokens of an
organization count together. Requests without a token count by address, and so do wrong tokens, of
which an address can send 20 per minute.

## Webhooks
${RECEIVING}
`;

const TAGS: Record<string, string> = {
  'Customer seats': 'Assign, list, revoke and claim seats, and check access.',
  'Customer sessions': 'Open the customer portal for a person.',
  'Customer portal': 'Manage seats with the session of a buyer or of a person who has a seat.',
  Events: 'Read the history of seats: every change, its time and its author.',
  Webhooks: 'Receive events at your own endpoints, and inspect the deliveries.',
  Products: 'Manage the products that are sold.',
  Customers: 'Manage the customers who buy seats.',
  Members: 'Manage the people who belong to a customer.',
  Subscriptions: 'Manage seats that are paid for by the period.',
  Orders: 'Manage seats that were bought with a one-time payment.',
  Checkouts: 'Manage sales in progress.',
  Organization: 'Read and change your organization and its settings.',
  'Access tokens': 'Manage the tokens with which your programs call this API.',
  Operations: 'Health checks and metrics for the operators of the service.',
};

/** The complete OpenAPI description of `app`. The same routes always give the same text. */
export function buildOpenApi(app: NestFastifyApplication): OpenAPIObject {
  const { version } = JSON.parse(readFileSync(PACKAGE, 'utf8')) as { version: string };
  const builder = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Seats')
    .setDescription(GUIDE.trim())
    .setVersion(version)
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .addServer('/', 'This server')
    .addSecurity(ORGANIZATION_TOKEN, {
      type: 'http',
      scheme: 'bearer',
      description:
        'An access token of an organization. It starts with `seat_oat_`, and has the scopes that ' +
        'it was created with. `POST /v1/organization-access-tokens` and the command line create ' +
        'one. Keep it on your servers.',
    })
    .addSecurity(PORTAL_SESSION, {
      type: 'http',
      scheme: 'bearer',
      description:
        'A session of the customer portal. It starts with `seat_cst_` if it belongs to a customer, ' +
        'and with `seat_mst_` if it belongs to a member. `POST /v1/customer-sessions` and a claim ' +
        'return one. It lasts for one hour.',
    });
  for (const [name, description] of Object.entries(TAGS)) builder.addTag(name, description);
  const document = SwaggerModule.createDocument(app, builder.build());
  return complete(document as unknown as Json) as unknown as OpenAPIObject;
}
