import { isLoopback } from './net/loopback.js';
import { FIELD } from './sentences.js';

export const HTTPS_ONLY = `${FIELD} must be an https:// URL.`;
export const NO_PASSWORD = `${FIELD} must not contain a user name or a password.`;

/**
 * The reason why `text` cannot be a link that leads people to another site, or undefined. Links are
 * https; in development, also http on loopback. A password in a link would be shown to every reader.
 */
export function linkProblem(text: string, production: boolean): string | undefined {
  const url = parseUrl(text);
  const isLocal = url?.protocol === 'http:' && isLoopback(url.hostname) && !production;
  if (url === undefined || (url.protocol !== 'https:' && !isLocal)) {
    return HTTPS_ONLY;
  }
  return url.username + url.password === '' ? undefined : NO_PASSWORD;
}

/** Parses a URL. Refuses white space, which URL.parse would remove or encode. */
export function parseUrl(text: string): URL | undefined {
  return /\s/.test(text) ? undefined : (URL.parse(text) ?? undefined);
}
