import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ResourceNotFound } from '../platform/errors.js';
import { isLocalService } from '../platform/net/loopback.js';
import type { Settings } from '../platform/settings.js';
import { apiPage, type Description } from './api-page.js';
import { isLocalRequest } from './demo-token.js';
import { TEMPLATES } from './docs-page.js';
import { GUIDES, imagePath, IMAGES, readFile, REFERENCES } from './documents.js';
import { catalogueMarkdown, cataloguePage } from './error-catalogue.js';
import { documentMarkdown, documentPage, guidesPage, llmsText } from './guides.js';
import { StaticText } from './static-text.js';

const SVG = { 'content-type': 'image/svg+xml; charset=utf-8' };
const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' };

/**
 * Serves the documentation: the API description with its page, the guides, and llms.txt. It needs no
 * files of other hosts.
 * @param demoToken the token of the demo, if there is a demo.
 */
export function serveDocs(
  app: NestFastifyApplication,
  settings: Settings,
  demoToken: () => string | undefined,
): void {
  const fastify: FastifyInstance = app.getHttpAdapter().getInstance();
  /** Serves a text, which is made for the first request. */
  const serve = (path: string, make: () => StaticText) => {
    let text: StaticText | undefined;
    fastify.get(path, (request, reply) => (text ??= make()).send(request, reply));
  };
  // The root URL has no page. A person who opens it in a browser gets the docs.
  fastify.get('/', (_, reply) => reply.redirect('/docs'));

  const isDemo = settings.demo && isLocalService(settings);
  // The file of the repository, which `npm run check` compares with the code. To build the description
  // again takes half a second of each start, and 30 MB.
  const description = JSON.parse(String(readFile('openapi.json'))) as Description;
  const { page, files } = apiPage(description, isDemo);
  serve('/docs', () => page);
  for (const [path, file] of Object.entries(files)) serve(path, () => file);
  // Made now, so that only the text stays in memory.
  const text = new StaticText(JSON.stringify(description), JSON_TYPE);
  serve('/docs/openapi.json', () => text);
  serve(
    '/docs/favicon.svg',
    () => new StaticText(readFileSync(join(TEMPLATES, 'favicon.svg')), SVG),
  );
  if (isDemo) {
    fastify.get('/docs/demo-token.json', (request, reply) =>
      sendDemoToken(request, reply, demoToken()),
    );
  }

  serve('/docs/errors', cataloguePage);
  serve('/docs/errors.md', catalogueMarkdown);
  serve('/docs/guides', guidesPage);
  for (const guide of [...GUIDES, ...REFERENCES]) {
    serve(guide.path, () => documentPage(guide));
    serve(`${guide.path}.md`, () => documentMarkdown(guide));
  }
  for (const file of IMAGES) serve(imagePath(file), () => new StaticText(readFile(file), SVG));
  serve('/llms.txt', () => llmsText(settings.publicUrl));
}

/** Sends the demo's token to the docs page, if that is open in a browser on this machine. */
function sendDemoToken(request: FastifyRequest, reply: FastifyReply, token: string | undefined) {
  if (token === undefined || !isLocalRequest(request)) {
    throw new ResourceNotFound('There is no such route.');
  }
  // Without CORS headers, and never kept.
  return reply.header('cross-origin-resource-policy', 'same-origin').send({ token });
}
