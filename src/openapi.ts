import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import type { FastifyInstance } from 'fastify';
import { complete, type Json } from './openapi.completion.js';
import { SCOPES } from './organizations/scopes.js';

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
JSON in UTF-8, up to 1 MiB (10 MiB for bulk). Unknown keys are ignored and null means absent, except in PATCH: there
unknown keys are refused, and null clears a key that may be null. Ids are UUIDs, times are ISO 8601
in UTC. A slash at the end of an address makes no difference.

## Idempotency
Every POST, PATCH and DELETE with a token takes an \`Idempotency-Key\` of up to 255 characters: the same
key with the same request gives the first answer again for 24 hours, with \`Idempotent-Replayed: true\`,
and the work is done once. With another body or query the key is a 422; while the first request is
still running it is a 409. Secrets are not kept: where the first answer showed one, the replay has
null. PUT can be repeated as it is.

## Lists
\`?page=1&limit=10\` answers \`{items, pagination: {total_count, max_page}}\`, newest first. The seats
of one subscription or order come whole, oldest first, with their totals, and in pages with \`limit\`
and \`cursor\`; so do events.

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
  // Who opens the address alone wants to see something.
  const fastify: FastifyInstance = app.getHttpAdapter().getInstance();
  fastify.get('/', (_, reply) => reply.redirect(`/${DOCS}`));
}
