import type { FastifyReply, FastifyRequest } from 'fastify';
import { type ApiError, MethodNotAllowed, ResourceNotFound } from '../platform/errors.js';
import type { RouteTable } from '../platform/http/route-table.js';
import { sendPage } from '../platform/html/html-page.js';
import { nameInSentence } from '../platform/sentences.js';
import { translationForBrowser } from '../portal/locales.js';
import { messagePage } from '../portal/portal-pages.view.js';

// UTF-16 units. A UUID fits, a token does not: a path can contain one that opens a seat.
const MAX_SEGMENT = 36;
// Programs use these paths, also from a browser.
const FOR_PROGRAMS = /^\/(?:v1|docs|health|metrics)(?:\/|$)/;

/** The error for a request without a route: a 405 if the path takes other methods, otherwise a 404. */
export function unknownRoute({ method, url }: FastifyRequest, routes: RouteTable): ApiError {
  const path = pathOf(url);
  const methods = routes.methodsOf(path);
  if (methods.length > 0 && !methods.includes(method)) return new MethodNotAllowed(method, methods);
  const nearest = routes.nearestTo(path);
  const hint = nearest === undefined ? '' : ` Did you mean ${nearest}?`;
  return new ResourceNotFound(`There is no route ${method} ${shown(path)}.${hint}`);
}

/** Whether a person asks with a browser for something other than the API. */
export function wantsPage({ url, headers }: FastifyRequest): boolean {
  return (headers.accept ?? '').includes('text/html') && !FOR_PROGRAMS.test(pathOf(url));
}

/** Sends the page of an unknown route, in the language of the browser. */
export function sendUnknownPage(
  request: FastifyRequest,
  reply: FastifyReply,
  { status, headers }: ApiError,
): void {
  const translation = translationForBrowser(request.headers['accept-language']);
  const page = messagePage(translation, status, translation.t.problems.notFound, false);
  void reply.headers(headers);
  sendPage(reply, page);
}

export function pathOf(url: string): string {
  return url.split('?')[0] as string;
}

/** The path as a sentence may repeat it. */
function shown(path: string): string {
  const segments = path
    .split('/')
    .map((part) => (part.length > MAX_SEGMENT ? `${part.slice(0, 8)}…` : part));
  return nameInSentence(segments.join('/'));
}
