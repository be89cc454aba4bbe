import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isUnavailable } from '../database/failures.js';
import {
  problem,
  ApiError,
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

function toApiError(thrown: unknown): ApiError {
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
