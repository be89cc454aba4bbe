import type { ServerResponse } from 'node:http';
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
import type { Caller } from '../caller.js';
import { InsufficientScope, InvalidToken, NotPermitted, Unauthorized } from '../errors.js';
import { ApiErrors } from './openapi.decorators.js';

/** The access that a route requires: none, a token with a scope, or a portal session. */
export type Access = { kind: 'public' } | { kind: 'token'; scope: string } | { kind: 'session' };

/** The owner of a good token. */
export type Principal =
  | { kind: 'token'; id: string; organizationId: string; scopes: string[] }
  | {
      kind: 'session';
      id: string;
      organizationId: string;
      customerId: string;
      memberId: string | null;
    };

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access;
    /** Bytes; the default is 1 MiB. */
    bodyLimit?: number;
    /** The most values in a JSON body; the default is 10,000. */
    maxValues?: number;
  }
  interface FastifyRequest {
    principal?: Principal;
    /** The organization of a person who is signed in by a cookie. */
    organizationId?: string;
    /** Only on routes that take more than 1 MiB. */
    response?: ServerResponse;
    /** Gives back the place that a body of more than 1 MiB has. */
    leaveLargeBodies?: () => void;
  }
}

/** The route takes an organization's token with this scope. */
export function Scope(scope: string, options: { bodyLimit?: number; maxValues?: number } = {}) {
  return applyDecorators(
    RouteConfig({ access: { kind: 'token', scope }, ...options }),
    ApiSecurity('OrganizationToken', [scope]),
    ApiErrors(Unauthorized, InvalidToken, InsufficientScope),
  );
}

/** The route takes the session of a customer or a member. */
export function PortalSession() {
  return applyDecorators(
    RouteConfig({ access: { kind: 'session' } }),
    ApiBearerAuth('session'),
    ApiErrors(Unauthorized, InvalidToken),
  );
}

/** The route needs no token, and ignores a token that is sent. */
export function Public() {
  return applyDecorators(RouteConfig({ access: { kind: 'public' } }), ApiSecurity({}));
}

/**
 * Allows a request whose principal has the kind and the scope that the route requires. Refuses every
 * other request, including unknown kinds of access. The request hook has already refused bad tokens,
 * before the body was read.
 */
@Injectable()
export class AccessGuard implements CanActivate {
  /** @throws {Unauthorized}, {InvalidToken}, {InsufficientScope}, {NotPermitted} */
  canActivate(context: ExecutionContext): boolean {
    const { routeOptions, principal } = context.switchToHttp().getRequest<FastifyRequest>();
    const { access } = routeOptions.config;
    if (access === undefined) return refuseBelowV1(routeOptions.url);
    switch (access.kind) {
      case 'public':
        return true;
      case 'token':
        return requireScope(requireKind('token', principal), access.scope);
      case 'session':
        requireKind('session', principal);
        return true;
      default:
        throw new NotPermitted();
    }
  }
}

/** Routes outside of /v1 have no access metadata; their own guards protect them. */
function refuseBelowV1(url: string | undefined): boolean {
  if (url === undefined || url === '/v1' || url.startsWith('/v1/')) throw new NotPermitted();
  return true;
}

function requireKind<Kind extends Principal['kind']>(
  kind: Kind,
  principal: Principal | undefined,
): Extract<Principal, { kind: Kind }> {
  if (principal === undefined) throw new Unauthorized();
  if (principal.kind !== kind) throw new InvalidToken();
  return principal as Extract<Principal, { kind: Kind }>;
}

function requireScope({ scopes }: Extract<Principal, { kind: 'token' }>, scope: string): boolean {
  if (!scopes.includes(scope)) throw new InsufficientScope(`This route needs the scope ${scope}.`);
  return true;
}

/** The {@link Caller} of a route that takes a token or a session. */
export const CurrentCaller = createParamDecorator((_: unknown, context: ExecutionContext) =>
  callerOf(context.switchToHttp().getRequest<FastifyRequest>()),
);

/** The {@link Principal} of a route that takes a token or a session. */
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
