/*
 * What is true of an organization, whoever changes it: the API, the command line, the demo.
 */

export const LOCALES = ['en', 'de', 'fr', 'es'] as const;

export const SLUG = /^[a-z0-9-]+$/;
export const SLUG_RULE = 'Input should be lower-case letters, digits and hyphens';
export const SLUG_LENGTH = 64;
export const NAME_LENGTH = 255;

/** Where the invitation token is put into `claim_url_template`. */
const TOKEN_PLACE = '{token}';

/** Seconds: the shortest and the longest time an invitation can be claimed. */
export const INVITATION_EXPIRES_IN = { min: 60, max: 31_536_000 };

/** How the organization shows itself in mails and on the claim page. */
export interface Brand {
  color?: string;
  logo_url?: string;
  support_url?: string;
}

/** The brand with the given keys put in; null takes a key out. */
export function mergedBrand(
  brand: Brand,
  changes: { [Key in keyof Brand]?: string | null | undefined },
): Brand {
  const given = Object.entries(changes).filter(([, value]) => value !== undefined);
  const merged = Object.entries({ ...brand, ...Object.fromEntries(given) });
  return Object.fromEntries(merged.filter(([, value]) => value !== null));
}

/**
 * Why this cannot be the link of an invitation, or undefined. The token belongs into the path, the
 * query or the fragment: in the host it would be sent to a name server, and a password in the
 * link would be shown to everybody invited.
 */
export function claimUrlProblem(template: string, allowHttp: boolean): string | undefined {
  const url = parseUrl(template.replaceAll(TOKEN_PLACE, 'token'));
  if (url === undefined) return `Input should be a URL that may contain ${TOKEN_PLACE}`;
  if (url.protocol !== 'https:' && !(allowHttp && url.protocol === 'http:')) {
    return allowHttp
      ? 'URL should start with https:// or http://'
      : 'URL should start with https://';
  }
  if (url.username !== '' || url.password !== '') return 'URL should not contain a password';
  const [, rest = ''] = template.split('//');
  if (/^[^/?#]*\{token\}/.test(rest)) return `${TOKEN_PLACE} cannot be part of the host`;
  return undefined;
}

/** Why this is no https address that a mail or a page may show, or undefined. */
export function httpsUrlProblem(text: string): string | undefined {
  return parseUrl(text)?.protocol === 'https:' ? undefined : 'Input should be an https:// URL';
}

function parseUrl(text: string): URL | undefined {
  return /\s/.test(text) ? undefined : (URL.parse(text) ?? undefined);
}
