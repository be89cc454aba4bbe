import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isUnavailable } from '../database/failures.js';
import {
  problem,
  ApiError,
  BadRequest,
  InternalServerError,
  RequestBodyTooLarge,
  RequestValidationError,
  ResourceNotFound,
  ServiceUnavailable,
} from '../errors.js';

/** The one place where a failure becomes an answer. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    sendError(http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>(), thrown);
  }
}

/** Answers with the error that `thrown` amounts to; logs what is our fault. */
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

const NO_REQUEST: Record<string, [status: number, detail: string]> = {
  HPE_HEADER_OVERFLOW: [431, 'The address and the headers of a request may have 16 KiB together.'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request did not come in time.'],
};

/** Answers what is no HTTP, or too much of it: that never gets as far as a route, or a hook. */
export function refuseConnection({ code }: { code: string }, socket: Socket): void {
  const [status, detail] = NO_REQUEST[code] ?? [400, 'This is not a valid HTTP request.'];
  const body = JSON.stringify(new BadRequest(detail).body());
  if (code !== 'ECONNRESET' && socket.writable) {
    socket.write(
      [
        `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
        ...Object.entries(commonHeaders(randomUUID())).map(([name, value]) => `${name}: ${value}`),
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

/** What every answer carries. */
export function commonHeaders(requestId: string): Record<string, string> {
  return {
    'cache-control': 'private, no-store',
    'x-content-type-options': 'nosniff',
    'x-request-id': requestId,
  };
}

/** The error that clients hear of for what was thrown. */
export function toApiError(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown;
  if (isUnavailable(thrown)) return new ServiceUnavailable();
  const code = (thrown as { code?: unknown } | null)?.code;
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new RequestBodyTooLarge();
  if (code === 'FST_ERR_BAD_URL' || code === 'FST_ERR_MAX_PARAM_LENGTH') {
    return new ResourceNotFound('There is no such route.');
  }
  if (typeof code === 'string' && code.startsWith('FST_ERR_CTP_')) return unreadable();
  return thrown instanceof HttpException ? ofFramework(thrown) : new InternalServerError();
}

/** Nest has its own exceptions for unknown routes and for what Fastify says of a body. */
function ofFramework(thrown: HttpException): ApiError {
  const status = thrown.getStatus();
  if (status === 404) return new ResourceNotFound('There is no such route.');
  if (status === 413) return new RequestBodyTooLarge();
  if (status >= 400 && status < 500) return unreadable();
  return new InternalServerError();
}

function unreadable(): ApiError {
  return RequestValidationError.at(['body'], problem('json_invalid', 'The body cannot be read'));
}
