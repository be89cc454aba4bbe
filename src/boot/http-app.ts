import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
  type RouteOptions,
} from 'fastify';
import { HookDependencies } from './hook-dependencies.js';
import { pathOf, sendUnknownPage, unknownRoute, wantsPage } from './unknown-routes.js';
import type { Settings } from '../platform/settings.js';
import { InvalidToken, RequestBodyTooLarge, Unauthorized } from '../platform/errors.js';
import type { Principal } from '../platform/http/access.js';
import { clientAddress, proxyTrust } from '../platform/http/client-address.js';
import { LargeBodies, SMALL_BODY } from '../platform/http/large-bodies.js';
import { readJson, readText, refuseBody } from '../platform/http/request-body.js';
import { RouteTable } from '../platform/http/route-table.js';
import {
  commonHeaders,
  refuseConnection,
  sendError,
  toApiError,
} from '../platform/http/error.filter.js';
import { TokenLookUps } from '../platform/http/token-lookups.js';
import { type Logger, NestLogger } from '../platform/logger.js';

// The time for the whole request to arrive. Without a limit, slow senders hold connections open.
const REQUEST_MS = 60_000;
// The time in which nothing is sent or received. A client that does not read its response would hold
// the response in memory. The service never works on a request for this long without sending anything.
const SILENCE_MS = 120_000;
const EXPOSED_HEADERS = [
  'X-Request-Id',
  'Retry-After',
  'RateLimit',
  'RateLimit-Policy',
  'Idempotent-Replayed',
];
// Storefronts call the API from the browser. Tokens are sent in headers and never in cookies, so every
// origin is allowed. Our own pages, such as the mailbox with its links, do not allow other origins.
const CORS = {
  origin: '*',
  methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
  exposedHeaders: EXPOSED_HEADERS,
  maxAge: 86_400,
  // Otherwise an OPTIONS request that is not a preflight gets a plain-text error.
  strictPreflight: false,
};
// The methods that change nothing, so that no worker has to be woken after them.
const READS = ['GET', 'HEAD', 'OPTIONS'];
const SANE_REQUEST_ID = /^[A-Za-z0-9._:-]{1,128}$/;
const SANE_VERSION = /^[\x20-\x7e]{1,64}$/;
// application/json and every type that ends with +json, in upper or lower case.
const JSON_TYPE = /^\s*(?:application\/json|[^/;\s]+\/[^/;\s]+\+json)\s*(?:;|$)/i;

/**
 * Builds the HTTP application of a root module, which imports HttpModule and provides
 * HookDependencies. The server and the tests both use it.
 * The order of checks (API contract): size, rate limit, bad token, malformed JSON, missing token,
 * scope, schema, handler. The first three run here before the body is read; the guard and the
 * pipe of HttpModule do the rest.
 */
export async function createHttpApp(
  root: object,
  settings: Settings,
  logger: Logger,
): Promise<NestFastifyApplication> {
  const { publicUrl } = settings;
  const adapter = new FastifyAdapter({
    loggerInstance: logger,
    logController: new LogController({
      // Fastify's line has the URL, which may contain an invitation token. Ours has the route pattern.
      disableRequestLogging: true,
      requestIdLogLabel: 'request_id',
    }),
    genReqId: (request: IncomingMessage) => {
      const id = request.headers['x-request-id'];
      return typeof id === 'string' && SANE_REQUEST_ID.test(id) ? id : randomUUID();
    },
    trustProxy: settings.trustedProxies.length > 0 ? proxyTrust(settings.trustedProxies) : false,
    bodyLimit: SMALL_BODY,
    // Polar's clients write some paths with a slash at the end.
    routerOptions: { maxParamLength: 2048, ignoreTrailingSlash: true },
    // Node's own response to a missing Host header would lack the headers of the contract.
    http: { requireHostHeader: false },
    clientErrorHandler: (error, socket) => refuseConnection(publicUrl, error, socket),
    requestTimeout: REQUEST_MS,
    connectionTimeout: SILENCE_MS,
    forceCloseConnections: 'idle',
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) => {
      void reply.headers(commonHeaders(request.id, publicUrl));
      if (wantsPage(request)) sendUnknownPage(request, reply, toApiError(error));
      else sendError(request, reply, error, publicUrl);
    },
  });
  const app = await NestFactory.create<NestFastifyApplication>(root, adapter, {
    logger: new NestLogger(logger),
    bodyParser: false,
    abortOnError: false,
  });
  const fastify = adapter.getInstance<FastifyInstance>();
  fastify.server.on('checkExpectation', (request, response) => {
    fastify.server.emit('request', request, response);
  });
  const routes = new RouteTable();
  fastify.addHook('onRoute', (route) => {
    prepareRoute(route);
    // The route for preflights has every path.
    if (route.url !== '*') routes.add(route.method, route.url);
  });
  addRequestHooks(fastify, app.get(HookDependencies), routes, publicUrl);
  addBodyParsers(fastify);
  app.enableCors({
    delegator: (request, done) =>
      done(null, isForAnyOrigin(request.url) ? CORS : { origin: false }),
  });
  return app;
}

/** Stops the boot when a route of the API has no access metadata. */
function prepareRoute(route: RouteOptions): void {
  // The docs have large files, so they count like a public route.
  if (/^\/(?:docs(?:\/|$)|llms\.txt$)/.test(route.url)) {
    route.config = { ...route.config, access: { kind: 'public' } };
  }
  const { access, bodyLimit } = route.config ?? {};
  if (route.url.startsWith('/v1/') && access === undefined) {
    throw new Error(`${String(route.method)} ${route.url} does not say who may call it`);
  }
  if (bodyLimit !== undefined) route.bodyLimit = bodyLimit;
}

function addRequestHooks(
  fastify: FastifyInstance,
  { database, draining, limits, metrics, tokens, sessions, wakeUps }: HookDependencies,
  routes: RouteTable,
  publicUrl: string,
): void {
  const sources = { token: tokens, session: sessions };
  const lookUps = {
    token: new TokenLookUps<Principal>(tokens, limits),
    session: new TokenLookUps<Principal>(sessions, limits),
  };

  // The CORS hook answers preflights before our onRequest hook runs.
  fastify.addHook('onSend', async (request, reply) => {
    if (request.method === 'OPTIONS') void reply.headers(commonHeaders(request.id, publicUrl));
    if (draining.active) void reply.header('connection', 'close');
  });

  fastify.addHook('onRequest', async (request, reply) => {
    void reply.headers(commonHeaders(request.id, publicUrl));
    const version = request.headers['polar-version'];
    if (typeof version === 'string' && SANE_VERSION.test(version)) {
      void reply.header('polar-version', version);
    }
    // Before the body is read, since a path without a route has no limits.
    const isHidden =
      request.method !== 'OPTIONS' && routes.hides(request.method, pathOf(request.url));
    if (request.is404 || isHidden) {
      const error = unknownRoute(request, routes);
      if (!wantsPage(request)) throw error;
      sendUnknownPage(request, reply, error);
      return reply;
    }
    const { access } = request.routeOptions.config;
    const limit = request.routeOptions.bodyLimit ?? SMALL_BODY;
    const size = Number(request.headers['content-length'] ?? 0);
    if (size > limit) throw new RequestBodyTooLarge();
    if (limit > SMALL_BODY) request.response = reply.raw;
    if (access === undefined) return;
    if (access.kind === 'public') return limits.take('public', clientAddress(request), reply);
    const token = bearerToken(request);
    if (token === undefined) {
      await limits.take('public', clientAddress(request), reply);
      if (size > SMALL_BODY) throw new Unauthorized();
      return;
    }
    const found = await lookUps[access.kind].find(token, request, reply);
    if (found === undefined) {
      throw new InvalidToken(await sources[access.kind].explain(token));
    }
    request.principal = found;
    // Each session has its own limit, so that a buyer cannot use up the limit of the organization.
    await limits.take('token', found.kind === 'token' ? found.organizationId : found.id, reply);
  });

  // The handler runs within `done`. An idempotent request's transaction counts as well.
  fastify.addHook('preHandler', (request, _reply, done) => {
    database.runFor(() => request.principal?.organizationId ?? request.organizationId, done);
  });

  fastify.addHook('onResponse', async (request, reply) => {
    if (!READS.includes(request.method)) wakeUps.request();
    const route = request.routeOptions.url ?? 'unknown';
    metrics.observe(request.method, route, reply.statusCode, reply.elapsedTime / 1000);
    request.log.info(
      {
        method: request.method,
        route,
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime),
      },
      'request',
    );
  });
}

/** Whether pages of any origin may read this URL. */
function isForAnyOrigin(url = ''): boolean {
  return url.startsWith('/v1/') || /^\/docs\/openapi\.json(?:\?|$)/.test(url);
}

/** The bearer token of the Authorization header; undefined without one or with another scheme. */
function bearerToken(request: FastifyRequest): string | undefined {
  const header = request.headers.authorization;
  const match = header === undefined ? null : /^bearer(?: +(.*))?$/i.exec(header.trim());
  if (match === null) return undefined;
  return match[1]?.trim() ?? '';
}

function addBodyParsers(fastify: FastifyInstance): void {
  const largeBodies = new LargeBodies();
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser(JSON_TYPE, (request: FastifyRequest, payload: IncomingMessage) =>
    readJson(request, payload, largeBodies),
  );
  // Only our own pages accept forms.
  fastify.addContentTypeParser('*', (request: FastifyRequest, payload: IncomingMessage) =>
    request.url.startsWith('/v1/') ? refuseBody(request, payload) : readForm(request, payload),
  );
}

async function readForm(request: FastifyRequest, payload: IncomingMessage): Promise<unknown> {
  const text = await readText(request, payload);
  const isForm = request.headers['content-type']?.startsWith('application/x-www-form-urlencoded');
  return text !== undefined && isForm ? Object.fromEntries(new URLSearchParams(text)) : text;
}
