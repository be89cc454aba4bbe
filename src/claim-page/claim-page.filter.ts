import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { isUnavailable } from '../platform/database/database-errors.js';
import { ApiError } from '../platform/errors.js';
import { type HtmlPage, sendFailurePage } from '../platform/html/html-page.js';
import {
  deadLinkPage,
  serverErrorPage,
  tooManyRequestsPage,
  unavailablePage,
} from './claim-page.view.js';
import { messagesForBrowser } from '../invitations/locales.js';

const DEAD_LINK_ERRORS = ['ResourceNotFound', 'InvalidInvitationToken'];

/**
 * Shows the errors of the claim page as HTML pages. Every dead link shows the same page, so that
 * nobody learns whether a token ever existed. The page therefore names no organization, and its
 * language is the browser's.
 */
@Catch()
export class ClaimPageFilter implements ExceptionFilter {
  catch(thrown: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    sendFailurePage(host, thrown, toPage(thrown, request.headers['accept-language']));
  }
}

function toPage(thrown: unknown, acceptLanguage: string | undefined): HtmlPage {
  const messages = messagesForBrowser(acceptLanguage);
  if (!(thrown instanceof ApiError)) {
    return serverErrorPage(messages, isUnavailable(thrown) ? 503 : 500);
  }
  if (DEAD_LINK_ERRORS.includes(thrown.error)) return deadLinkPage(messages);
  if (thrown.error === 'TooManyRequests') return tooManyRequestsPage(messages);
  const page = thrown.status < 500 ? unavailablePage : serverErrorPage;
  return page(messages, thrown.status);
}
