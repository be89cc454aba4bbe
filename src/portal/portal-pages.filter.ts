import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { isUnavailable } from '../platform/database/database-errors.js';
import { ApiError } from '../platform/errors.js';
import { type HtmlPage, sendFailurePage } from '../platform/html/html-page.js';
import { translationFor, translationForBrowser } from './locales.js';
import type { Messages } from './locales/en.js';
import { messagePage, redirectPage } from './portal-pages.view.js';
import { mayLackCookie } from './portal-sign-in.js';

type Problem = keyof Omit<Messages['problems'], 'home'>;

const PROBLEMS: Record<string, [status: number, problem: Problem]> = {
  invalid_token: [401, 'sessionEnded'],
  NotPermitted: [403, 'notPermitted'],
  FeatureNotEnabled: [403, 'seatsDisabled'],
  CrossSiteForm: [403, 'crossSiteForm'],
  ResourceNotFound: [404, 'notFound'],
  // The pages link only valid cursors, so the client has edited this one.
  RequestValidationError: [404, 'notFound'],
  TooManyRequests: [429, 'tooManyRequests'],
};

/** Shows the errors of the portal's pages as HTML pages. */
@Catch()
export class PortalPagesFilter implements ExceptionFilter {
  catch(thrown: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    sendFailurePage(host, thrown, toPage(thrown, request));
  }
}

function toPage(thrown: unknown, request: FastifyRequest): HtmlPage {
  const { portalUser } = request;
  const translation = portalUser
    ? translationFor(portalUser.person.organization.locale)
    : translationForBrowser(request.headers['accept-language']);
  const name = thrown instanceof ApiError ? thrown.error : '';
  if (name === 'invalid_token' && mayLackCookie(request)) {
    return redirectPage(translation, request.url);
  }
  const serverError: [number, Problem] = [isUnavailable(thrown) ? 503 : 500, 'serverError'];
  const [status, problem] = PROBLEMS[name] ?? serverError;
  const message = translation.t.problems[problem];
  return messagePage(translation, status, message, portalUser !== undefined);
}
