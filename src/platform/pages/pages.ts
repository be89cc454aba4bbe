import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import type { ArgumentsHost } from '@nestjs/common';
import { Eta } from 'eta';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { toApiError } from '../http/error.filter.js';

// src when run from source, dist when built: the templates lie beside the code in both.
const ROOT = resolve(import.meta.dirname, '../..');
const BASE_STYLE = readFileSync(join(import.meta.dirname, 'base.css'), 'utf8');

const htmlTemplates = new Eta({ views: ROOT, cache: true });
const textTemplates = new Eta({ views: ROOT, cache: true, autoEscape: false });

/** What a page is, apart from the template that fills it. */
export interface PageOptions {
  status?: number;
  lang: string;
  title: string;
  /** Styles after the shared ones. Our own text only: nothing in it is escaped. */
  styles?: string[];
  /** What runs once the page is there, and may ask this server. Our own text only, as above. */
  script?: string;
  /**
   * Whether our own server hears the page's address, without which browsers do not say either
   * where a form was sent from. Only for pages whose addresses hold no secret.
   */
  tellsItself?: boolean;
  /** Origins that images may come from; none unless named. */
  imageOrigins?: string[];
  /** Whether the page shows frames of this server. */
  frames?: boolean;
}

/** A page that is ready to be sent. */
export interface Page {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** Fills `template`, a file in `dir`; `<%= %>` escapes for HTML, `<%~ %>` does not. */
export function renderHtml(dir: string, template: string, data: object): string {
  return htmlTemplates.render(`/${relative(ROOT, join(dir, template))}`, data);
}

/** The same for plain text: nothing is escaped. */
export function renderText(dir: string, template: string, data: object): string {
  return textTemplates.render(`/${relative(ROOT, join(dir, template))}`, data);
}

/**
 * A whole page: `template` within the shared frame, and the headers that keep it harmless. No
 * script and no style but the ones written here applies (each is allowed by its hash), the page
 * cannot be framed, and its address, which may hold a token, is told to nobody.
 */
export function renderPage(
  dir: string,
  template: string,
  data: object,
  options: PageOptions,
): Page {
  const styles = [BASE_STYLE, ...(options.styles ?? [])];
  const content = renderHtml(dir, template, data);
  const { lang, title, script } = options;
  return {
    status: options.status ?? 200,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': contentSecurityPolicy(styles, options),
      'referrer-policy': options.tellsItself ? 'same-origin' : 'no-referrer',
      'x-content-type-options': 'nosniff',
      'x-robots-tag': 'noindex',
    },
    body: renderHtml(import.meta.dirname, 'page.eta', { lang, title, styles, script, content }),
  };
}

export function sendPage(reply: FastifyReply, page: Page): void {
  void reply.status(page.status).headers(page.headers).send(page.body);
}

/** The page of a failure: it says when to come again, and our own faults are logged. */
export function sendFailurePage(host: ArgumentsHost, thrown: unknown, page: Page): void {
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
  const { imageOrigins = [], frames = false, script } = options;
  return [
    "default-src 'none'",
    `style-src ${styles.map(hashOf).join(' ')}`,
    ...(script === undefined ? [] : [`script-src ${hashOf(script)}`, "connect-src 'self'"]),
    ...(imageOrigins.length > 0 ? [`img-src ${imageOrigins.join(' ')}`] : []),
    ...(frames ? ["frame-src 'self'"] : []),
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
