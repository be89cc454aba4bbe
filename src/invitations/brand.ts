import type { Brand } from '../organizations/organization.js';

/** A brand that is safe to use in HTML, styles and headers. Unsafe values are undefined. */
export interface SafeBrand {
  color: string | undefined;
  /** Black or white, whichever is easier to read on `color`. */
  onColor: string;
  logoUrl: string | undefined;
  /** The origin to allow in `img-src` of the content security policy. */
  logoOrigin: string | undefined;
  supportUrl: string | undefined;
}

const DARK = '#1d1c1a';
const LIGHT = '#ffffff';

/** The colors of an organization without a brand color. */
export const DEFAULT_COLORS = { color: DARK, onColor: LIGHT };

/**
 * Checks a brand before it is used. The service also checks a brand when it is set, but a value from
 * the database must not be able to inject HTML.
 */
export function safeBrand(brand: Brand): SafeBrand {
  const color = hexColor(brand.color);
  const logo = webUrl(brand.logo_url);
  return {
    color,
    onColor: color === undefined ? DEFAULT_COLORS.onColor : readableOn(color),
    logoUrl: logo?.href,
    logoOrigin: logo?.origin,
    supportUrl: webUrl(brand.support_url)?.href ?? mailtoUrl(brand.support_url),
  };
}

/** Parses an http or https URL with a plain host. Returns undefined for any other text. */
export function webUrl(text: unknown): URL | undefined {
  if (typeof text !== 'string') return undefined;
  const url = URL.parse(text);
  if (url === null || !['http:', 'https:'].includes(url.protocol)) return undefined;
  // URL allows a semicolon in a host, but it would end a directive of the content security policy.
  return /^(?:[\w.-]+|\[[\da-f:.]+\])$/.test(url.hostname) ? url : undefined;
}

function mailtoUrl(text: unknown): string | undefined {
  return typeof text === 'string' && /^mailto:[^\s?]+$/i.test(text) ? text : undefined;
}

function hexColor(text: unknown): string | undefined {
  const digits = typeof text === 'string' ? /^#([0-9a-f]{3}|[0-9a-f]{6})$/i.exec(text)?.[1] : null;
  if (!digits) return undefined;
  const long = digits.length === 3 ? digits.replace(/./g, '$&$&') : digits;
  return `#${long.toLowerCase()}`;
}

function readableOn(color: string): string {
  return contrast(color, LIGHT) >= contrast(color, DARK) ? LIGHT : DARK;
}

/** The contrast ratio of WCAG 2, from 1 to 21. */
export function contrast(a: string, b: string): number {
  const [light = 0, dark = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((start) => {
    const part = Number.parseInt(color.slice(start, start + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
