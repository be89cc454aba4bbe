import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import type { ArgumentsHost } from '@nestjs/common';
import { Eta } from 'eta';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { toApiError } from '../http/error.filter.js';

// src/ or dist/: the build copies the templates beside the code.
const ROOT = resolve(import.meta.dirname, '../..');
const BASE_STYLE = readFileSync(join(import.meta.dirname, 'base.css'), 'utf8');

const REFERRER_POLICIES = { none: 'no-referrer', origin: 'strict-origin', url: 'same-origin' };

const htmlTemplates = new Eta({ views: ROOT, cache: true });
const textTemplates = new Eta({ views: ROOT, cache: true, autoEscape: false });

/** The properties of a page besides its template. */
export interface PageOptions {
  status?: number;
  lang: string;
  title: string;
  /** Style sheets after the shared one. Not escaped, so they must not contain input. */
  styles?: string[];
  /** A script at the end of the page. It may call this server. Not escaped, like `styles`. */
  script?: string;
  /**
   * The referrer that browsers send to this server: the page's URL, only if it contains no secret, or
   * its origin. Without either, a form of the page has the origin `null`.
   */
  referrer?: 'url' | 'origin';
  /** The origins of images; none by default. */
  imageOrigins?: string[];
  /** Whether the page may embed frames of this server. */
  frames?: boolean;
  /** Elements at the end of the head. Not escaped, like `styles`. */
  head?: string;
  /** Whether the page may load scripts, styles and images of this server. */
  files?: boolean;
}

/** A rendered page. */
export interface HtmlPage {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** Renders `template`, a file in `dir`. `<%= %>` escapes its value for HTML, `<%~ %>` does not. */
export function renderHtml(dir: string, template: string, data: object): string {
  return htmlTemplates.render(`/${relative(ROOT, join(dir, template))}`, data);
}

/** As {@link renderHtml}, for plain text: escapes nothing. */
export function renderText(dir: string, template: string, data: object): string {
  return textTemplates.render(`/${relative(ROOT, join(dir, template))}`, data);
}

/**
 * Renders a whole page: `template` inside page.eta, with headers that restrict the page. The content
 * security policy admits only the given scripts and styles, by their hashes, and prevents other
 * sites from framing the page. Unless `referrer` is set, browsers send no referrer, because the URL
 * may contain a token.
 */
export function renderPage(
  dir: string,
  template: string,
  data: object,
  options: PageOptions,
): HtmlPage {
  const styles = [BASE_STYLE, ...(options.styles ?? [])];
  const content = renderHtml(dir, template, data);
  const { lang, title, script, head } = options;
  return {
    status: options.status ?? 200,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': contentSecurityPolicy(styles, options),
      'referrer-policy': REFERRER_POLICIES[options.referrer ?? 'none'],
      'x-content-type-options': 'nosniff',
      'x-robots-tag': 'noindex',
    },
    body: renderHtml(import.meta.dirname, 'page.eta', {
      lang,
      title,
      styles,
      script,
      head,
      content,
    }),
  };
}

export function sendPage(reply: FastifyReply, page: HtmlPage): void {
  void reply.status(page.status).headers(page.headers).send(page.body);
}

/** Sends the page of a failure, with its Retry-After header if it has one. Logs a 5xx. */
export function sendFailurePage(host: ArgumentsHost, thrown: unknown, page: HtmlPage): void {
  const http = host.switchToHttp();
  const reply = http.getResponse<FastifyReply>();
  if (page.status >= 500) {
    http.getRequest<FastifyRequest>().log.error({ err: thrown }, 'page failed');
  }
  const wait = toApiError(thrown).headers['retry-after'];
  if (wait !== undefined) void reply.header('retry-after', wait);
  sendPage(reply, page);
}

function contentSecurityPolicy(styles: string[], options: PageOptions): string {
  const { imageOrigins = [], files = false, frames = false, script } = options;
  const own = files ? ["'self'"] : [];
  const scripts = [...own, ...(script === undefined ? [] : [hashOf(script)])];
  // Style sheets contain small images as data.
  const images = [...own, ...(files ? ['data:'] : []), ...imageOrigins];
  return [
    "default-src 'none'",
    `style-src ${[...own, ...styles.map(hashOf)].join(' ')}`,
    ...(scripts.length > 0 ? [`script-src ${scripts.join(' ')}`, "connect-src 'self'"] : []),
    ...(images.length > 0 ? [`img-src ${images.join(' ')}`] : []),
    ...(frames ? ["frame-src 'self'"] : []),
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
