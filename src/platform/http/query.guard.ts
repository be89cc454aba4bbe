import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { ROUTE_ARGS_METADATA, RouteParamtypes } from '@nestjs/common/internal';
import type { FastifyRequest } from 'fastify';
import { MAX_PROBLEMS, RequestValidationError } from '../errors.js';
import { unknownKey } from './known-keys.js';
import { fieldsOf, type RequestClass } from './request-class.js';

/**
 * Refuses query keys that a route of the API does not know. Ignored, a typo in a filter would return
 * the whole list. A guard sees every route, a pipe only those that read the query. It comes after the
 * guard for access.
 */
@Injectable()
export class QueryGuard implements CanActivate {
  private readonly known = new WeakMap<object, readonly string[]>();

  /** @throws {RequestValidationError} */
  canActivate(context: ExecutionContext): boolean {
    const { query, routeOptions } = context.switchToHttp().getRequest<FastifyRequest>();
    const keys = Object.keys(query as object);
    if (keys.length === 0 || !routeOptions.url?.startsWith('/v1/')) return true;
    const known = this.keysOf(context);
    const unknown = keys.filter((key) => !known.includes(key)).slice(0, MAX_PROBLEMS);
    if (unknown.length === 0) return true;
    throw new RequestValidationError(unknown.map((key) => unknownKey(['query'], key, known)));
  }

  private keysOf(context: ExecutionContext): readonly string[] {
    const handler = context.getHandler();
    const known = this.known.get(handler) ?? queryKeys(context.getClass(), handler.name);
    this.known.set(handler, known);
    return known;
  }
}

/** The keys that a route reads, of its query class or of single `@Query('key')` arguments. */
function queryKeys(controller: RequestClass, method: string): string[] {
  const args: Record<string, { index: number; data?: unknown }> =
    Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, method) ?? {};
  const types: RequestClass[] =
    Reflect.getMetadata('design:paramtypes', controller.prototype as object, method) ?? [];
  return Object.entries(args).flatMap(([key, { index, data }]) => {
    // The key is "<type>:<index>".
    if (key.split(':')[0] !== String(RouteParamtypes.QUERY)) return [];
    if (typeof data === 'string') return [data];
    const type = types[index];
    return type === undefined ? [] : [...fieldsOf(type).keys()];
  });
}
