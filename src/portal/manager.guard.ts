import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { NotPermitted } from '../platform/errors.js';
import { sessionOf } from './buyer.js';
import { mayManage } from './session.js';
import { SessionsService } from './sessions.service.js';

/**
 * Lets in who may manage the buyer's seats. The role is read at every request, so that a demotion
 * takes effect at once; and before anything else, a replay of somebody else's answer included.
 */
@Injectable()
export class ManagerGuard implements CanActivate {
  constructor(private readonly sessions: SessionsService) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const session = sessionOf(context.switchToHttp().getRequest<FastifyRequest>());
    const { member } = await this.sessions.person(session);
    if (mayManage(member?.role ?? null)) return true;
    throw new NotPermitted('Only an owner or a billing manager can see and change these seats.');
  }
}
