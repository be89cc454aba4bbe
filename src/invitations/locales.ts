import type { LOCALES } from '../organizations/organization.js';
import { de } from './locales/de.js';
import { en, type Messages } from './locales/en.js';
import { es } from './locales/es.js';
import { fr } from './locales/fr.js';

const LANGUAGES: Record<(typeof LOCALES)[number], Messages> = { en, de, fr, es };

/** The messages for a locale such as `de` or `de-AT`. An unsupported language falls back to English. */
export function messagesFor(locale: string): Messages {
  return find(locale) ?? en;
}

/**
 * The messages for an Accept-Language header: its first supported language, else English. Weights
 * are ignored, because browsers send the languages in order of preference.
 */
export function messagesForBrowser(acceptLanguage: string | undefined): Messages {
  const locales = (acceptLanguage ?? '').split(',').map((part) => part.split(';')[0] ?? '');
  return locales.map(find).find((messages) => messages !== undefined) ?? en;
}

function find(locale: string): Messages | undefined {
  const language = locale.trim().split(/[-_]/)[0]?.toLowerCase();
  return Object.values(LANGUAGES).find((messages) => messages.language === language);
}
