import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { ROUTE_ARGS_METADATA, RouteParamtypes } from '@nestjs/common/internal';
import type { FastifyRequest } from 'fastify';
import { MAX_PROBLEMS, RequestValidationError } from '../errors.js';
import { unknownKey } from './known-keys.js';
import { fieldsOf, type RequestClass } from './request-class.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** The request class of the body, if the route ignores keys that it does not know. */
    bodyClass?: RequestClass;
  }
}

interface KnownKeys {
  query: readonly string[];
  bodyClass: RequestClass | undefined;
}

/**
 * Refuses query keys that a route of the API does not know. Ignored, a typo in a filter would return
 * the whole list. A guard sees every route, a pipe only those that read the query. It comes after the
 * guard for access. It also notes the class of the body, for the errors of the request.
 */
@Injectable()
export class QueryGuard implements CanActivate {
  private readonly known = new WeakMap<object, KnownKeys>();

  /** @throws {RequestValidationError} */
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    if (!request.routeOptions.url?.startsWith('/v1/')) return true;
    const { query: known, bodyClass } = this.keysOf(context);
    if (bodyClass !== undefined) request.bodyClass = bodyClass;
    const keys = Object.keys(request.query as object);
    const unknown = keys.filter((key) => !known.includes(key)).slice(0, MAX_PROBLEMS);
    if (unknown.length === 0) return true;
    throw new RequestValidationError(unknown.map((key) => unknownKey(['query'], key, known)));
  }

  private keysOf(context: ExecutionContext): KnownKeys {
    const handler = context.getHandler();
    const known = this.known.get(handler) ?? knownKeys(context.getClass(), handler.name);
    this.known.set(handler, known);
    return known;
  }
}

function knownKeys(controller: RequestClass, method: string): KnownKeys {
  const query = argumentsOf(controller, method, RouteParamtypes.QUERY).flatMap(({ data, type }) => {
    if (typeof data === 'string') return [data];
    return type === undefined ? [] : [...fieldsOf(type).keys()];
  });
  const [body] = argumentsOf(controller, method, RouteParamtypes.BODY);
  const isLenient = body?.type !== undefined && !('strict' in body.type);
  return { query, bodyClass: isLenient ? body.type : undefined };
}

/** The arguments of a route of one kind: a single key (`data`), or a whole request class. */
function argumentsOf(controller: RequestClass, method: string, kind: RouteParamtypes) {
  const args: Record<string, { index: number; data?: unknown }> =
    Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, method) ?? {};
  const types: (RequestClass | undefined)[] =
    Reflect.getMetadata('design:paramtypes', controller.prototype as object, method) ?? [];
  // The key is "<kind>:<index>".
  return Object.entries(args)
    .filter(([key]) => key.split(':')[0] === String(kind))
    .map(([, { index, data }]) => ({ data, type: types[index] }));
}
