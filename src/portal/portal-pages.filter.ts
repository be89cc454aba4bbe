import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { isUnavailable } from '../platform/database/failures.js';
import { ApiError } from '../platform/errors.js';
import { type Page, sendFailurePage } from '../platform/pages/pages.js';
import { textsForBrowser, textsOf } from './locales.js';
import type { Messages } from './locales/en.js';
import { messagePage, openingPage } from './portal.pages.js';
import { cameFromElsewhere } from './visits.js';

type Problem = keyof Omit<Messages['problems'], 'home'>;

const PROBLEMS: Record<string, [status: number, problem: Problem]> = {
  invalid_token: [401, 'expired'],
  NotPermitted: [403, 'forbidden'],
  FeatureNotEnabled: [403, 'off'],
  ForeignForm: [403, 'foreign'],
  ResourceNotFound: [404, 'missing'],
  // A cursor that somebody wrote by hand.
  RequestValidationError: [404, 'missing'],
  TooManyRequests: [429, 'busy'],
};

/** Failures of the portal's pages, as pages. */
@Catch()
export class PortalPagesFilter implements ExceptionFilter {
  catch(thrown: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    sendFailurePage(host, thrown, pageOf(thrown, request));
  }
}

function pageOf(thrown: unknown, request: FastifyRequest): Page {
  const { visitor } = request;
  const texts = visitor
    ? textsOf(visitor.person.organization.locale)
    : textsForBrowser(request.headers['accept-language']);
  const name = thrown instanceof ApiError ? thrown.error : '';
  if (name === 'invalid_token' && cameFromElsewhere(request)) {
    return openingPage(texts, request.url);
  }
  const trouble: [number, Problem] = [isUnavailable(thrown) ? 503 : 500, 'trouble'];
  const [status, problem] = PROBLEMS[name] ?? trouble;
  return messagePage(texts, status, texts.t.problems[problem], visitor !== undefined);
}
