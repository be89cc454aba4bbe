import * as invitations from '../invitations/locales.js';
import type { LOCALES } from '../organizations/organization.js';
import { de } from './locales/de.js';
import { en, type Messages } from './locales/en.js';
import { es } from './locales/es.js';
import { fr } from './locales/fr.js';

const LANGUAGES: Record<(typeof LOCALES)[number], Messages> = { en, de, fr, es };

/** The texts of a language, and its name. */
export interface Texts {
  language: string;
  t: Messages;
}

/** The texts of an organization's locale, in the same language as its mails. */
export function textsOf(locale: string): Texts {
  return textsIn(invitations.messagesOf(locale).language);
}

/** The texts for a reader of whom nothing is known but the browser's Accept-Language. */
export function textsForBrowser(acceptLanguage: string | undefined): Texts {
  return textsIn(invitations.messagesForBrowser(acceptLanguage).language);
}

function textsIn(language: string): Texts {
  return { language, t: LANGUAGES[language as keyof typeof LANGUAGES] };
}
