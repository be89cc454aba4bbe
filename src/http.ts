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
import { TokenAuthenticator } from './organizations/tokens.authenticator.js';
import { SessionAuthenticator } from './portal/sessions.authenticator.js';
import { Clock } from './platform/clock.js';
import type { Settings } from './platform/config.js';
import { Database } from './platform/database/database.js';
import { InvalidToken, RequestBodyTooLarge } from './platform/errors.js';
import { parseJson } from './platform/http/body.js';
import { AccessGuard, type Access, type Principal } from './platform/http/access.js';
import {
  commonHeaders,
  ErrorFilter,
  refuseConnection,
  sendError,
} from './platform/http/error.filter.js';
import { IdempotencyInterceptor } from './platform/http/idempotency.js';
import { RateLimits } from './platform/http/rate-limit.js';
import { SchemaPipe } from './platform/http/validation.pipe.js';
import { type Logger, NestLogger } from './platform/logger.js';
import { Metrics } from './platform/metrics.js';

const BODY_LIMIT = 1024 * 1024;
// Until the request is there as a whole: who sends it drop by drop holds a connection.
const REQUEST_MS = 60_000;
const EXPOSED_HEADERS = [
  'X-Request-Id',
  'Retry-After',
  'RateLimit',
  'RateLimit-Policy',
  'Idempotent-Replayed',
];
// Claim pages of storefronts call us from the browser. Tokens travel in headers, never in cookies, so
// any origin may ask. Our own pages, and the mailbox with its links, are for nobody else's.
const CORS = {
  origin: '*',
  methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
  exposedHeaders: EXPOSED_HEADERS,
  maxAge: 86_400,
  // An OPTIONS that asks for nothing is no error, least of all one in plain text.
  strictPreflight: false,
};
const SANE_REQUEST_ID = /^[A-Za-z0-9._:-]{1,128}$/;

/**
 * Builds the HTTP application of a root module: the one way that main and the tests both use.
 * The order of checks (API contract): size, rate limit, bad token, malformed JSON, missing token,
 * scope, schema, handler. The first three run here before the body is read; the guard and the
 * pipe do the rest.
 */
export async function createHttpApp(
  root: object,
  settings: Settings,
  logger: Logger,
): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({
    loggerInstance: logger,
    logController: new LogController({
      // Our own line says the route's pattern instead: the URL may carry an invitation token.
      disableRequestLogging: true,
      requestIdLogLabel: 'request_id',
    }),
    genReqId: (request: IncomingMessage) => {
      const id = request.headers['x-request-id'];
      return typeof id === 'string' && SANE_REQUEST_ID.test(id) ? id : randomUUID();
    },
    trustProxy: settings.trustedProxies.length > 0 ? settings.trustedProxies : false,
    bodyLimit: BODY_LIMIT,
    // Polar's clients write some addresses with a slash at the end.
    routerOptions: { maxParamLength: 2048, ignoreTrailingSlash: true },
    // What every answer carries can only be promised of answers that are ours, not Node's.
    http: { requireHostHeader: false },
    clientErrorHandler: refuseConnection,
    requestTimeout: REQUEST_MS,
    forceCloseConnections: 'idle',
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) => {
      void reply.headers(commonHeaders(request.id));
      sendError(request, reply, error);
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
  fastify.addHook('onRoute', checkRoute);
  addRequestHooks(fastify, app);
  addBodyParsers(fastify);
  app.enableCors({
    delegator: (request, done) => done(null, isForPages(request.url) ? CORS : { origin: false }),
  });
  app.useGlobalGuards(new AccessGuard());
  app.useGlobalInterceptors(new IdempotencyInterceptor(app.get(Database), app.get(Clock)));
  app.useGlobalPipes(new SchemaPipe());
  app.useGlobalFilters(new ErrorFilter());
  return app;
}

/** A route of the API that does not say who may call it stops the boot. */
function checkRoute(route: RouteOptions): void {
  const { access, bodyLimit } = route.config ?? {};
  if (route.url.startsWith('/v1/') && access === undefined) {
    throw new Error(`${String(route.method)} ${route.url} does not say who may call it`);
  }
  if (bodyLimit !== undefined) route.bodyLimit = bodyLimit;
}

function addRequestHooks(fastify: FastifyInstance, app: NestFastifyApplication): void {
  const limits = app.get(RateLimits);
  const metrics = app.get(Metrics);
  const tokens = app.get(TokenAuthenticator, { strict: false });
  const sessions = app.get(SessionAuthenticator, { strict: false });

  // Preflights are answered by the hook of CORS, which comes before ours.
  fastify.addHook('onSend', async (request, reply) => {
    if (request.method === 'OPTIONS') void reply.headers(commonHeaders(request.id));
  });

  fastify.addHook('onRequest', async (request, reply) => {
    void reply.headers(commonHeaders(request.id));
    const { access } = request.routeOptions.config;
    if (access === undefined) return;
    const limit = request.routeOptions.bodyLimit ?? BODY_LIMIT;
    if (Number(request.headers['content-length'] ?? 0) > limit) throw new RequestBodyTooLarge();
    if (access.kind === 'public') return limits.take('public', request.ip, reply);
    const token = bearerToken(request);
    const principal = token === undefined ? undefined : await authenticate(access, token);
    // Who guesses tokens is counted by address, or each guess would have a limit of its own.
    await limits.take('token', principal === undefined ? request.ip : (token as string), reply);
    if (token !== undefined && principal === undefined) throw new InvalidToken();
    request.principal = principal;
  });

  fastify.addHook('onResponse', async (request, reply) => {
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

  async function authenticate(access: Access, token: string): Promise<Principal | undefined> {
    return (access.kind === 'token' ? tokens : sessions).authenticate(token);
  }
}

/** Whether pages of any origin may ask for this. */
function isForPages(url = ''): boolean {
  return url.startsWith('/v1/') || url.startsWith('/docs/');
}

/** The token of the Authorization header; undefined without one. Another scheme is no token. */
function bearerToken(request: FastifyRequest): string | undefined {
  const header = request.headers.authorization;
  const match = header === undefined ? null : /^bearer(?: +(.*))?$/i.exec(header.trim());
  if (match === null) return undefined;
  return match[1]?.trim() ?? '';
}

function addBodyParsers(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer' },
    async (_: unknown, bytes: Buffer) => parseJson(bytes),
  );
  // Forms are for our own pages. On the API a form, like any other type, is a body that is no object.
  fastify.addContentTypeParser('*', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') return done(null, undefined);
    const isForm = request.headers['content-type']?.startsWith('application/x-www-form-urlencoded');
    const isPage = !request.url.startsWith('/v1/');
    done(null, isForm && isPage ? Object.fromEntries(new URLSearchParams(body as string)) : body);
  });
}
