import { join } from 'node:path';
import type { LOCALES } from '../organizations/organization.js';
import { oneLine } from '../platform/mail/one-line.js';
import { renderHtml, renderText } from '../platform/html/html-page.js';
import { de } from './locales/de.js';
import { en, type Texts } from './locales/en.js';
import { es } from './locales/es.js';
import { fr } from './locales/fr.js';
import { DISABLED } from './webhook.js';

const TEMPLATES = join(import.meta.dirname, 'templates');
const NAME_LENGTH = 80;
const TEXTS: Record<(typeof LOCALES)[number], Texts> = { en, de, fr, es };

/** The content of the mail. */
export interface EndpointDisabled {
  /** The organization's locale. Languages without a translation fall back to English. */
  locale: string;
  organizationName: string;
  url: string;
  /** One of {@link DISABLED}. */
  reason: string;
  disabledAt: Date;
}

/** Renders the mail that informs an organization that one of its endpoints was disabled. */
export function renderEndpointDisabled(mail: EndpointDisabled): {
  subject: string;
  html: string;
  text: string;
} {
  const language = mail.locale.split(/[-_]/)[0]?.toLowerCase() ?? '';
  const texts = Object.hasOwn(TEXTS, language) ? TEXTS[language as keyof typeof TEXTS] : en;
  const data = {
    language: texts === en ? 'en' : language,
    t: texts,
    intro: texts.intro(oneLine(mail.organizationName, NAME_LENGTH)),
    url: mail.url,
    reason: mail.reason === DISABLED.gone ? texts.gone : texts.failing,
    since: mail.disabledAt.toISOString(),
  };
  return {
    subject: texts.subject,
    html: renderHtml(TEMPLATES, 'endpoint-disabled.html.eta', data),
    text: renderText(TEMPLATES, 'endpoint-disabled.text.eta', data),
  };
}
