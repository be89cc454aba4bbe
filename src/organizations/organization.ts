import { FIELD } from '../platform/sentences.js';
import { HTTPS_ONLY, NO_PASSWORD, parseUrl } from '../platform/url.js';

/* The rules of organizations. The API, the command line and the demo all follow them. */

export const LOCALES = ['en', 'de', 'fr', 'es'] as const;

export const SLUG = /^[a-z0-9-]+$/;
export const SLUG_RULE = 'must consist of lower-case letters, digits and hyphens';
export const SLUG_LENGTH = 64;
export const NAME_LENGTH = 255;

/** The part of `claim_url_template` that the invitation token replaces. */
const PLACEHOLDER = '{token}';

/** The shortest and the longest lifetime of an invitation, in seconds. */
export const INVITATION_EXPIRES_IN = { min: 60, max: 31_536_000 };

/**
 * The look of mails and of the claim page. A type, because Prisma does not accept an interface as
 * JSON.
 */
export type Brand = {
  color?: string;
  logo_url?: string;
  support_url?: string;
};

/** The brand with `changes` applied. Null removes a key; undefined leaves it as it is. */
export function mergedBrand(
  brand: Brand,
  changes: { [Key in keyof Brand]?: string | null | undefined },
): Brand {
  const given = Object.entries(changes).filter(([, value]) => value !== undefined);
  const merged = Object.entries({ ...brand, ...Object.fromEntries(given) });
  return Object.fromEntries(merged.filter(([, value]) => value !== null));
}

/**
 * The reason why `template` cannot be the link of invitations, or undefined. The token must be in the
 * path, the query or the fragment: in the host, it would be sent to a name server. A password in the
 * link would be shown to every invited person.
 */
export function claimUrlProblem(template: string, allowHttp: boolean): string | undefined {
  const url = parseUrl(template.replaceAll(PLACEHOLDER, 'token'));
  if (url === undefined) return `${FIELD} must be a URL, which may contain ${PLACEHOLDER}.`;
  if (url.protocol !== 'https:' && !(allowHttp && url.protocol === 'http:')) {
    return allowHttp ? `${FIELD} must start with https:// or http://.` : HTTPS_ONLY;
  }
  if (url.username !== '' || url.password !== '') return NO_PASSWORD;
  const [, rest = ''] = template.split('//');
  if (/^[^/?#]*\{token\}/.test(rest))
    return `${FIELD} must not contain ${PLACEHOLDER} in its host.`;
  return undefined;
}

/** The template as {@link URL.href} writes it, with the braces of its placeholders intact. */
export function normalizedClaimUrl(template: string): string {
  const href = parseUrl(template)?.href ?? template;
  return href.replace(/%7B((?:invitation_)?token)%7D/gi, '{$1}');
}

/** The reason why `text` is not an https address, or undefined. Mails and pages show only these. */
export function httpsUrlProblem(text: string): string | undefined {
  return parseUrl(text)?.protocol === 'https:' ? undefined : HTTPS_ONLY;
}
