import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { InvalidToken } from '../platform/errors.js';
import type { Caller } from '../platform/caller.js';
import type { Session } from '../sessions/session.js';

/** A caller of the portal. They can use the purchases of one customer. */
export interface Buyer extends Caller {
  customerId: string;
}

/** The caller that a session stands for. */
export function toBuyer(session: Session, requestId: string): Buyer {
  return {
    organizationId: session.organizationId,
    customerId: session.customerId,
    actor: { type: 'session', id: session.id },
    requestId,
  };
}

/**
 * The session of a request to a route with `@PortalSession()`.
 * @throws {InvalidToken} if the request has no session.
 */
export function requireSession(request: FastifyRequest): Session {
  const { principal } = request;
  if (principal?.kind !== 'session') throw new InvalidToken();
  return principal;
}

/** Injects the {@link Session} in a route with `@PortalSession()`. */
export const CurrentSession = createParamDecorator((_: unknown, context: ExecutionContext) =>
  requireSession(context.switchToHttp().getRequest<FastifyRequest>()),
);

/** Injects the {@link Buyer} in a route with `@PortalSession()`. */
export const CurrentBuyer = createParamDecorator((_: unknown, context: ExecutionContext) => {
  const request = context.switchToHttp().getRequest<FastifyRequest>();
  return toBuyer(requireSession(request), request.id);
});
