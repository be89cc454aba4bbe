import {
  applyDecorators,
  type CanActivate,
  createParamDecorator,
  type ExecutionContext,
  Injectable,
} from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiBearerAuth, ApiSecurity } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { InsufficientScope, InvalidToken, Unauthorized } from '../errors.js';
import { Fails } from './docs.js';

/** Who may call a route: anybody, an organization's token with a scope, or a portal session. */
export type Access = { kind: 'public' } | { kind: 'token'; scope: string } | { kind: 'session' };

/** Who is calling, once the token was found to be good. */
export type Principal =
  | { kind: 'token'; id: string; organizationId: string; scopes: string[] }
  | {
      kind: 'session';
      id: string;
      organizationId: string;
      customerId: string;
      memberId: string | null;
    };

/** Who did it, as events show it. */
export interface Actor {
  type: 'token' | 'session' | 'invitation' | 'system';
  id: string | null;
}

/** On whose behalf a service works: the tenant, the actor, and the request that asked. */
export interface Caller {
  organizationId: string;
  actor: Actor;
  requestId: string | null;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access;
    /** Bytes; the default is 1 MiB. */
    bodyLimit?: number;
  }
  interface FastifyRequest {
    principal?: Principal;
  }
}

/** The route takes an organization's token with this scope. */
export function Scope(scope: string, options: { bodyLimit?: number } = {}) {
  return applyDecorators(
    RouteConfig({ access: { kind: 'token', scope }, ...options }),
    ApiSecurity('token', [scope]),
    Fails(Unauthorized, InvalidToken, InsufficientScope),
  );
}

/** The route takes the session of a customer or a member. */
export function PortalSession() {
  return applyDecorators(
    RouteConfig({ access: { kind: 'session' } }),
    ApiBearerAuth('session'),
    Fails(Unauthorized, InvalidToken),
  );
}

/** The route needs no token, and does not mind one. */
export function Public() {
  return applyDecorators(RouteConfig({ access: { kind: 'public' } }), ApiSecurity({}));
}

/** Missing token, then scope. A bad token was refused before the body was read (see http.ts). */
@Injectable()
export class AccessGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const access = request.routeOptions.config.access;
    if (access === undefined || access.kind === 'public') return true;
    if (request.principal === undefined) throw new Unauthorized();
    if (access.kind === 'token' && request.principal.kind === 'token') {
      if (!request.principal.scopes.includes(access.scope)) {
        throw new InsufficientScope(`This route needs the scope ${access.scope}.`);
      }
    }
    return true;
  }
}

/** The {@link Caller} of a route with a token. */
export const CurrentCaller = createParamDecorator((_: unknown, context: ExecutionContext) =>
  callerOf(context.switchToHttp().getRequest<FastifyRequest>()),
);

/** The {@link Principal} of a route with a token or a session. */
export const CurrentPrincipal = createParamDecorator((_: unknown, context: ExecutionContext) => {
  const { principal } = context.switchToHttp().getRequest<FastifyRequest>();
  if (principal === undefined) throw new Unauthorized();
  return principal;
});

function callerOf(request: FastifyRequest): Caller {
  const { principal } = request;
  if (principal === undefined) throw new Unauthorized();
  return {
    organizationId: principal.organizationId,
    actor: { type: principal.kind, id: principal.id },
    requestId: request.id,
  };
}
