import {
  type CanActivate,
  createParamDecorator,
  type ExecutionContext,
  Injectable,
} from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Settings } from '../platform/config.js';
import { defineError, InvalidToken } from '../platform/errors.js';
import { RateLimits } from '../platform/http/rate-limit.js';
import type { Session } from './buyer.js';
import { SESSION_SECONDS } from './session.js';
import { SessionAuthenticator } from './sessions.authenticator.js';
import type { Person } from './sessions.repository.js';
import { SessionsService } from './sessions.service.js';

const COOKIE = 'seat_portal';

/** Somebody on the portal's pages. */
export interface Visitor {
  session: Session;
  person: Person;
}

declare module 'fastify' {
  interface FastifyRequest {
    visitor?: Visitor;
  }
}

const ForeignForm = defineError(
  403,
  'ForeignForm',
  'The form was not sent from a page of this server.',
);

/** The {@link Visitor} of a route with the {@link VisitorGuard}. */
export const CurrentVisitor = createParamDecorator((_: unknown, context: ExecutionContext) => {
  const { visitor } = context.switchToHttp().getRequest<FastifyRequest>();
  if (visitor === undefined) throw new InvalidToken();
  return visitor;
});

/**
 * How the token gets from the link into the browser: once, into a cookie that no script reads and
 * no other site makes the browser send. After that it is in no address.
 */
@Injectable()
export class Visits {
  constructor(
    private readonly authenticator: SessionAuthenticator,
    private readonly sessions: SessionsService,
    private readonly limits: RateLimits,
    private readonly settings: Settings,
  ) {}

  /**
   * Keeps the token of the link, if it has one.
   * @throws {InvalidToken}; {TooManyRequests}.
   */
  async enter(token: unknown, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    await this.limits.take('public', request.ip, reply);
    if (token === undefined) return;
    if ((await this.find(token)) === undefined) throw new InvalidToken();
    void reply.header('set-cookie', this.cookie(token as string, SESSION_SECONDS));
  }

  /**
   * Who sent this request; forms only if one of our own pages sent them.
   * @throws {InvalidToken}; {ForeignForm}; {TooManyRequests}.
   */
  async visitor(request: FastifyRequest, reply: FastifyReply): Promise<Visitor> {
    const token = readCookie(request.headers.cookie);
    const session = token === undefined ? undefined : await this.find(token);
    // Who guesses tokens is counted by address.
    if (session === undefined) await this.limits.take('public', request.ip, reply);
    if (session === undefined) throw new InvalidToken();
    await this.limits.take('token', token as string, reply);
    const person = await this.sessions.person(session);
    request.visitor = { session, person };
    if (request.method === 'POST' && !isOwnForm(request, this.settings.publicUrl)) {
      throw new ForeignForm();
    }
    return request.visitor;
  }

  /** Ends the session: the link that led here is worth nothing from now on. */
  async leave({ session }: Visitor, reply: FastifyReply): Promise<void> {
    await this.sessions.close(session);
    void reply.header('set-cookie', this.cookie('', 0));
  }

  private async find(token: unknown): Promise<Session | undefined> {
    const principal =
      typeof token === 'string' ? await this.authenticator.authenticate(token) : undefined;
    return principal?.kind === 'session' ? principal : undefined;
  }

  private cookie(value: string, seconds: number): string {
    const secure = this.settings.publicUrl.startsWith('https:') ? '; Secure' : '';
    return `${COOKIE}=${value}; Path=/portal; Max-Age=${seconds}; HttpOnly; SameSite=Strict${secure}`;
  }
}

/** Lets visitors in. */
@Injectable()
export class VisitorGuard implements CanActivate {
  constructor(private readonly visits: Visits) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const http = context.switchToHttp();
    await this.visits.visitor(http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
    return true;
  }
}

/**
 * Whether the request may lack the cookie only because another site led here: the browser sends
 * it as soon as a page of our own asks.
 */
export function cameFromElsewhere({ method, headers }: FastifyRequest): boolean {
  const site = headers['sec-fetch-site'];
  return method === 'GET' && site === 'cross-site' && readCookie(headers.cookie) === undefined;
}

function readCookie(header: string | undefined): string | undefined {
  const cookies = (header ?? '').split(';').map((cookie) => cookie.trim());
  return cookies.find((cookie) => cookie.startsWith(`${COOKIE}=`))?.slice(COOKIE.length + 1);
}

/** Browsers say where a form comes from, the older ones by the origin alone. Who says nothing is none. */
function isOwnForm({ headers }: FastifyRequest, publicUrl: string): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin';
  const origin = URL.parse(headers.origin ?? '');
  if (origin === null) return false;
  return origin.origin === new URL(publicUrl).origin || origin.host === headers.host;
}
