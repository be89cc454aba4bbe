import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { isUnavailable } from '../platform/database/failures.js';
import { ApiError } from '../platform/errors.js';
import { type Page, sendFailurePage } from '../platform/pages/pages.js';
import { busyPage, deadLinkPage, troublePage, unavailablePage } from './claim.pages.js';
import { messagesForBrowser } from './locales.js';

const DEAD = ['ResourceNotFound', 'InvalidInvitationToken'];

/**
 * Failures of the claim page, as pages. Whose link it was is not known here, and must not be: a
 * dead one says the same to everybody. So the language is the browser's.
 */
@Catch()
export class ClaimPageFilter implements ExceptionFilter {
  catch(thrown: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    sendFailurePage(host, thrown, pageOf(thrown, request.headers['accept-language']));
  }
}

function pageOf(thrown: unknown, acceptLanguage: string | undefined): Page {
  const messages = messagesForBrowser(acceptLanguage);
  if (!(thrown instanceof ApiError)) {
    return troublePage(messages, isUnavailable(thrown) ? 503 : 500);
  }
  if (DEAD.includes(thrown.error)) return deadLinkPage(messages);
  if (thrown.error === 'TooManyRequests') return busyPage(messages);
  const page = thrown.status < 500 ? unavailablePage : troublePage;
  return page(messages, thrown.status);
}
