import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { NotPermitted } from '../platform/errors.js';
import { requireSession } from './buyer.js';
import { mayManage } from '../sessions/session.js';
import { SessionsService } from '../sessions/sessions.service.js';

/**
 * Requires a session that can manage the buyer's seats. The guard reads the role on every request,
 * so that a demotion takes effect at once. It runs before the idempotency check, so that a member
 * cannot replay the response to an owner.
 */
@Injectable()
export class ManagerGuard implements CanActivate {
  constructor(private readonly sessions: SessionsService) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const session = requireSession(context.switchToHttp().getRequest<FastifyRequest>());
    const { member } = await this.sessions.person(session);
    if (mayManage(member?.role ?? null)) return true;
    throw new NotPermitted('Only an owner or a billing manager can see and change these seats.');
  }
}
