import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isUnavailable } from '../database/database-errors.js';
import {
  ApiError,
  BadRequest,
  defineError,
  HeadersTooLarge,
  InternalServerError,
  RequestBodyTooLarge,
  ResourceNotFound,
  ServiceUnavailable,
} from '../errors.js';
import { notJson, unreadableBody } from './json-body.js';

/** Turns every exception of a request into an error response of the contract. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    sendError(http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>(), thrown);
  }
}

/** Sends the error response for `thrown`, and logs it when the status is 500 or higher. */
export function sendError(request: FastifyRequest, reply: FastifyReply, thrown: unknown): void {
  const error = toApiError(thrown);
  if (error.status >= 500) request.log.error({ err: thrown }, error.error);
  if (reply.sent) return;
  void reply
    .status(error.status)
    .headers(error.headers)
    .type('application/json; charset=utf-8')
    .send(
      JSON.stringify({ ...error.body(), ...(error.status >= 500 && { request_id: request.id }) }),
    );
}

const RequestTimeout = defineError(408, 'BadRequest', 'The request did not arrive in time.');

/** The errors of requests that Node refuses, by Node's error codes. */
const REFUSALS: Record<string, ApiError> = {
  HPE_HEADER_OVERFLOW: new HeadersTooLarge(),
  ERR_HTTP_REQUEST_TIMEOUT: new RequestTimeout(),
};

/**
 * Responds to bytes that Node cannot parse as an HTTP request. They never reach hooks or routes.
 * @param isHttps whether people reach the service by https.
 */
export function refuseConnection(
  isHttps: boolean,
  { code }: { code: string },
  socket: Socket,
): void {
  const error = REFUSALS[code] ?? new BadRequest('This is not a valid HTTP request.');
  const body = JSON.stringify(error.body());
  if (code !== 'ECONNRESET' && socket.writable) {
    socket.write(
      [
        `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status]}`,
        ...Object.entries(commonHeaders(randomUUID(), isHttps)).map(
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
 * @param isHttps whether people reach the service by https. Browsers then never use http again.
 */
export function commonHeaders(requestId: string, isHttps: boolean): Record<string, string> {
  return {
    'cache-control': 'private, no-store',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-request-id': requestId,
    ...(isHttps && { 'strict-transport-security': 'max-age=31536000' }),
  };
}

/** The error response for an exception. */
export function toApiError(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown;
  if (isUnavailable(thrown)) return new ServiceUnavailable();
  const code = (thrown as { code?: unknown } | null)?.code;
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new RequestBodyTooLarge();
  if (code === 'FST_ERR_BAD_URL' || code === 'FST_ERR_MAX_PARAM_LENGTH') {
    return new ResourceNotFound('There is no such route.');
  }
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
  return unreadableBody('The body cannot be read');
}
