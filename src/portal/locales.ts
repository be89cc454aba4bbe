import * as invitations from '../invitations/locales.js';
import type { LOCALES } from '../organizations/organization.js';
import { de } from './locales/de.js';
import { en, type Messages } from './locales/en.js';
import { es } from './locales/es.js';
import { fr } from './locales/fr.js';

const LANGUAGES: Record<(typeof LOCALES)[number], Messages> = { en, de, fr, es };

/** The messages of the portal in one language. */
export interface Translation {
  /** The code of the language, such as `de`. */
  language: string;
  t: Messages;
}

/** The translation for an organization's locale. Its invitations use the same language. */
export function translationFor(locale: string): Translation {
  return translationIn(invitations.messagesFor(locale).language);
}

/** The translation for an Accept-Language header, for a request without an organization. */
export function translationForBrowser(acceptLanguage: string | undefined): Translation {
  return translationIn(invitations.messagesForBrowser(acceptLanguage).language);
}

function translationIn(language: string): Translation {
  return { language, t: LANGUAGES[language as keyof typeof LANGUAGES] };
}
