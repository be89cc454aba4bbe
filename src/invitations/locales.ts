import type { LOCALES } from '../organizations/organization.js';
import { de } from './locales/de.js';
import { en, type Messages } from './locales/en.js';
import { es } from './locales/es.js';
import { fr } from './locales/fr.js';

const LANGUAGES: Record<(typeof LOCALES)[number], Messages> = { en, de, fr, es };

/** The texts of a locale such as `de` or `de-AT`; English for a language that is not there. */
export function messagesOf(locale: string): Messages {
  return find(locale) ?? en;
}

/**
 * The texts for a reader of whom nothing is known but the browser's Accept-Language: the first
 * language of it that is there. Weights are not read, since browsers send them in order.
 */
export function messagesForBrowser(acceptLanguage: string | undefined): Messages {
  const wanted = (acceptLanguage ?? '').split(',').map((part) => part.split(';')[0] ?? '');
  return wanted.map(find).find((messages) => messages !== undefined) ?? en;
}

function find(locale: string): Messages | undefined {
  const language = locale.trim().split(/[-_]/)[0]?.toLowerCase();
  return Object.values(LANGUAGES).find((messages) => messages.language === language);
}
