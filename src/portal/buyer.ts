import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { InvalidToken } from '../platform/errors.js';
import type { Caller, Principal } from '../platform/http/access.js';

/** The holder of a session, as the token says. What they may do is in the database. */
export type Session = Extract<Principal, { kind: 'session' }>;

/** On whose behalf the portal works: a caller who reaches what this customer has bought. */
export interface Buyer extends Caller {
  customerId: string;
}

export function buyerOf(session: Session, requestId: string): Buyer {
  return {
    organizationId: session.organizationId,
    customerId: session.customerId,
    actor: { type: 'session', id: session.id },
    requestId,
  };
}

/** The session of a route with `@PortalSession()`. */
export function sessionOf(request: FastifyRequest): Session {
  const { principal } = request;
  if (principal?.kind !== 'session') throw new InvalidToken();
  return principal;
}

/** The {@link Session} of a route with `@PortalSession()`. */
export const CurrentSession = createParamDecorator((_: unknown, context: ExecutionContext) =>
  sessionOf(context.switchToHttp().getRequest<FastifyRequest>()),
);

/** The {@link Buyer} of a route with `@PortalSession()`. */
export const CurrentBuyer = createParamDecorator((_: unknown, context: ExecutionContext) => {
  const request = context.switchToHttp().getRequest<FastifyRequest>();
  return buyerOf(sessionOf(request), request.id);
});
