import {
  type CanActivate,
  createParamDecorator,
  type ExecutionContext,
  Injectable,
} from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { InvalidToken } from '../platform/errors.js';
import { PortalSignIn } from './portal-sign-in.js';

/** Requires a signed-in person. */
@Injectable()
export class SignedInGuard implements CanActivate {
  constructor(private readonly signIn: PortalSignIn) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const http = context.switchToHttp();
    await this.signIn.authenticate(
      http.getRequest<FastifyRequest>(),
      http.getResponse<FastifyReply>(),
    );
    return true;
  }
}

/** Injects the {@link PortalUser} in a route with the {@link SignedInGuard}. */
export const CurrentUser = createParamDecorator((_: unknown, context: ExecutionContext) => {
  const { portalUser } = context.switchToHttp().getRequest<FastifyRequest>();
  if (portalUser === undefined) throw new InvalidToken();
  return portalUser;
});
