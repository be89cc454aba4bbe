import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Settings } from '../platform/settings.js';
import { defineError, InvalidToken } from '../platform/errors.js';
import type { Principal } from '../platform/http/access.js';
import { clientAddress } from '../platform/http/client-address.js';
import { RateLimits } from '../platform/http/rate-limit.js';
import { TokenLookUps } from '../platform/http/token-lookups.js';
import { isSamePerson, type Session } from '../sessions/session.js';
import { SessionAuthenticator } from '../sessions/sessions.authenticator.js';
import type { Person } from '../sessions/sessions.repository.js';
import { SessionsService } from '../sessions/sessions.service.js';

const COOKIE = 'seat_portal';

/** A person who is signed in to the portal's pages. */
export interface PortalUser {
  session: Session;
  person: Person;
}

declare module 'fastify' {
  interface FastifyRequest {
    portalUser?: PortalUser;
  }
}

const CrossSiteForm = defineError(
  403,
  'CrossSiteForm',
  'The form was not sent from a page of this server.',
  {
    cause: 'Another site, or a program, sent a form of the portal. Only its own pages may do so.',
    remedy: 'Open the page of the portal in a browser, and use the form there.',
  },
);

/** The form of the page behind the link to the portal. */
export interface SignInForm {
  code: unknown;
  /** Whether the person agreed to leave the session of somebody else. */
  confirmed: boolean;
}

/**
 * Signs people in to the portal's pages and keeps their session token in a cookie. Scripts cannot
 * read the cookie, and other sites cannot make the browser send it. The link to the portal carries a
 * one-time code. Only a form of this server spends it, so that programs that follow links do not.
 */
@Injectable()
export class PortalSignIn {
  private readonly lookUps: TokenLookUps<Principal>;

  constructor(
    authenticator: SessionAuthenticator,
    private readonly sessions: SessionsService,
    private readonly limits: RateLimits,
    private readonly settings: Settings,
  ) {
    this.lookUps = new TokenLookUps<Principal>(authenticator, limits);
  }

  /** Counts a request for a page that needs no session. @throws {TooManyRequests}. */
  async limit(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    await this.limits.take('public', clientAddress(request), reply);
  }

  /**
   * Exchanges the code of the form for a session in the cookie.
   * @returns the signed-in user, if that is not the person of the code and the form does not confirm
   *   the switch. The code is then not spent.
   * @throws {InvalidToken} when the code is unknown, spent or expired; {CrossSiteForm};
   * {TooManyRequests}.
   */
  async signIn(
    { code, confirmed }: SignInForm,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<PortalUser | undefined> {
    await this.limit(request, reply);
    this.requireSameOrigin(request);
    const found = typeof code === 'string' ? await this.sessions.findCode(code) : undefined;
    if (found === undefined) throw new InvalidToken();
    const current = await this.findSession(readCookie(request.headers.cookie), request, reply);
    const isKnown = current !== undefined && isSamePerson(current, found);
    // The link was opened a second time in the same browser.
    if (isKnown && !found.usable) return undefined;
    if (current !== undefined && found.usable && !isKnown && !confirmed) {
      return { session: current, person: await this.sessions.person(current) };
    }
    const { token, secondsLeft } = await this.sessions.redeem(code as string, found);
    if (current !== undefined) await this.sessions.close(current);
    void reply.header('set-cookie', this.cookie(token, secondsLeft));
    return undefined;
  }

  /**
   * Reads the session from the cookie and sets `request.portalUser`. A form must come from a page
   * of this server.
   * @throws {InvalidToken}; {CrossSiteForm}; {TooManyRequests}.
   */
  async authenticate(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const token = readCookie(request.headers.cookie);
    const session = await this.findSession(token, request, reply);
    if (session === undefined) {
      await this.limit(request, reply);
      throw new InvalidToken();
    }
    await this.limits.take('token', session.id, reply);
    request.organizationId = session.organizationId;
    request.portalUser = { session, person: await this.sessions.person(session) };
    if (request.method === 'POST') this.requireSameOrigin(request);
  }

  /** Ends the session and clears the cookie. */
  async signOut({ session }: PortalUser, reply: FastifyReply): Promise<void> {
    await this.sessions.close(session);
    void reply.header('set-cookie', this.cookie('', 0));
  }

  private requireSameOrigin(request: FastifyRequest): void {
    if (!isSameOrigin(request, this.settings.publicUrl)) throw new CrossSiteForm();
  }

  /** @throws {TooManyRequests} when the address sent too many wrong tokens. */
  private async findSession(
    token: string | undefined,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<Session | undefined> {
    const principal =
      token === undefined ? undefined : await this.lookUps.find(token, request, reply);
    return principal?.kind === 'session' ? principal : undefined;
  }

  private cookie(value: string, seconds: number): string {
    const secure = this.settings.publicUrl.startsWith('https:') ? '; Secure' : '';
    return `${COOKIE}=${value}; Path=/portal; Max-Age=${seconds}; HttpOnly; SameSite=Strict${secure}`;
  }
}

/**
 * Whether a request may lack the cookie only because a link on another site led here. The browser
 * omits a SameSite=Strict cookie then, and sends it with the next request from our own page.
 */
export function mayLackCookie({ method, headers }: FastifyRequest): boolean {
  const site = headers['sec-fetch-site'];
  return method === 'GET' && site === 'cross-site' && readCookie(headers.cookie) === undefined;
}

function readCookie(header: string | undefined): string | undefined {
  const cookies = (header ?? '').split(';').map((cookie) => cookie.trim());
  return cookies.find((cookie) => cookie.startsWith(`${COOKIE}=`))?.slice(COOKIE.length + 1);
}

/**
 * Whether a page of this server sent the form. Older browsers send Origin, but not Sec-Fetch-Site.
 * A request with neither header is not trusted.
 */
function isSameOrigin({ headers }: FastifyRequest, publicUrl: string): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin';
  const origin = URL.parse(headers.origin ?? '');
  if (origin === null) return false;
  return origin.origin === new URL(publicUrl).origin || origin.host === headers.host;
}
