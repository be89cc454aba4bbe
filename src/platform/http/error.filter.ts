import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { traced } from '../api-error.js';
import { isUnavailable } from '../database/database-errors.js';
import {
  ApiError,
  defineError,
  HeadersTooLarge,
  InternalServerError,
  type Problem,
  RequestBodyTooLarge,
  ResourceNotFound,
  ServiceUnavailable,
} from '../errors.js';
import { Settings } from '../settings.js';
import { notJson, unreadableBody } from './json-body.js';
import { unknownKeysNote } from './known-keys.js';

/** Turns every exception of a request into an error response of the contract. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  constructor(private readonly settings: Settings) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    sendError(request, http.getResponse<FastifyReply>(), thrown, this.settings.publicUrl);
  }
}

/** Sends the error response for `thrown`, and logs it when the status is 500 or higher. */
export function sendError(
  request: FastifyRequest,
  reply: FastifyReply,
  thrown: unknown,
  publicUrl: string,
): void {
  const error = toApiError(thrown);
  if (error.status >= 500) request.log.error({ err: thrown }, error.error);
  if (reply.sent) return;
  void reply
    .status(error.status)
    .headers(error.headers)
    .type('application/json; charset=utf-8')
    .send(JSON.stringify(errorBody(request, error, publicUrl)));
}

// The errors for which a misspelt key may be the reason.
const REQUEST_ERRORS = [400, 422];

/** The whole body of the error response. */
export function errorBody(
  { id, body, bodyClass }: FastifyRequest,
  error: ApiError,
  publicUrl: string,
): Record<string, unknown> {
  const isAboutBody = bodyClass !== undefined && REQUEST_ERRORS.includes(error.status);
  const note = isAboutBody ? unknownKeysNote(body, bodyClass) : undefined;
  const own = note === undefined ? error.body() : withNote(error.body(), note);
  return traced(own, { requestId: id, publicUrl });
}

/** Adds a sentence to the detail, or to the first problem. */
function withNote(body: Record<string, unknown>, note: string): Record<string, unknown> {
  const { detail } = body;
  if (!Array.isArray(detail)) return { ...body, detail: `${String(detail)} ${note}` };
  const [first, ...others] = detail as Problem[];
  return { ...body, detail: [{ ...first, msg: `${first?.msg} ${note}` }, ...others] };
}

const RequestTimeout = defineError(408, 'BadRequest', 'The request did not arrive in time.', {
  cause: 'The request did not arrive within 60 seconds.',
  remedy: 'Repeat the request. If the connection is slow, send large bodies in several requests.',
});
const InvalidHttp = defineError(400, 'BadRequest', 'This is not a valid HTTP request.', {
  cause: 'The bytes that arrived are not an HTTP request.',
  remedy:
    'Check the URL, especially whether it needs http or https, and whether a proxy changes the request.',
});

/** The errors of requests that Node refuses, by Node's error codes. */
const REFUSALS: Record<string, ApiError> = {
  HPE_HEADER_OVERFLOW: new HeadersTooLarge(),
  ERR_HTTP_REQUEST_TIMEOUT: new RequestTimeout(),
};

/** Responds to bytes that Node cannot parse as an HTTP request. They never reach hooks or routes. */
export function refuseConnection(
  publicUrl: string,
  { code }: { code: string },
  socket: Socket,
): void {
  const error = REFUSALS[code] ?? new InvalidHttp();
  const requestId = randomUUID();
  const body = JSON.stringify(traced(error.body(), { requestId, publicUrl }));
  if (code !== 'ECONNRESET' && socket.writable) {
    socket.write(
      [
        `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status]}`,
        ...Object.entries(commonHeaders(requestId, publicUrl)).map(
          ([name, value]) => `${name}: ${value}`,
        ),
        'content-type: application/json; charset=utf-8',
        `content-length: ${Buffer.byteLength(body)}`,
        'connection: close',
        '',
        body,
      ].join('\r\n'),
    );
  }
  socket.destroy();
}

/**
 * The headers of every response. A page replaces the policies, which allow nothing, with its own.
 * @param publicUrl If people reach the service by https, browsers never use http again.
 */
export function commonHeaders(requestId: string, publicUrl: string): Record<string, string> {
  return {
    'cache-control': 'private, no-store',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-request-id': requestId,
    ...(publicUrl.startsWith('https:') && { 'strict-transport-security': 'max-age=31536000' }),
  };
}

/** The error response for an exception. */
export function toApiError(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown;
  if (isUnavailable(thrown)) return new ServiceUnavailable();
  const code = (thrown as { code?: unknown } | null)?.code;
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new RequestBodyTooLarge();
  if (code === 'FST_ERR_BAD_URL' || code === 'FST_ERR_MAX_PARAM_LENGTH') {
    return new ResourceNotFound('There is no such route: the path cannot be read.');
  }
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return notJson();
  if (typeof code === 'string' && code.startsWith('FST_ERR_CTP_')) return unreadable();
  return thrown instanceof HttpException ? fromFramework(thrown) : new InternalServerError();
}

/** The error for Nest's own exceptions: unknown routes, and Fastify's errors about bodies. */
function fromFramework(thrown: HttpException): ApiError {
  const status = thrown.getStatus();
  if (status === 404) return new ResourceNotFound('There is no such route.');
  if (status === 413) return new RequestBodyTooLarge();
  if (status === 415) return notJson();
  if (status >= 400 && status < 500) return unreadable();
  return new InternalServerError();
}

function unreadable(): ApiError {
  return unreadableBody('The body cannot be read.');
}
