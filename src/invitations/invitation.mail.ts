import { join } from 'node:path';
import type { Brand } from '../organizations/organization.js';
import { oneLine } from '../platform/mail/one-line.js';
import { renderHtml, renderText } from '../platform/html/html-page.js';
import { DEFAULT_COLORS, safeBrand } from './brand.js';
import { messagesFor } from './locales.js';

const TEMPLATES = join(import.meta.dirname, 'templates');
const MAX_NAME_LENGTH = 80;
const MAX_EMAIL_LENGTH = 254;

/** The data of an invitation mail. */
export interface InvitationMail {
  /** The organization's locale. An unsupported language falls back to English. */
  locale: string;
  organizationName: string;
  productName: string;
  /** The buyer's name or e-mail, if known. */
  inviter: string | null;
  /** The e-mail of the invited person. */
  email: string;
  /** The claim link. */
  url: string;
  expiresAt: Date;
  brand: Brand;
}

/**
 * Renders an invitation mail. Names and e-mails are user input, so they are cut to one line and
 * escaped.
 */
export function renderInvitation(mail: InvitationMail): {
  subject: string;
  html: string;
  text: string;
} {
  const messages = messagesFor(mail.locale);
  const names = {
    organization: oneLine(mail.organizationName, MAX_NAME_LENGTH),
    product: oneLine(mail.productName, MAX_NAME_LENGTH),
    inviter: mail.inviter === null ? null : oneLine(mail.inviter, MAX_NAME_LENGTH),
    email: oneLine(mail.email, MAX_EMAIL_LENGTH),
  };
  const brand = safeBrand(mail.brand);
  const data = {
    language: messages.language,
    t: messages.mail,
    help: messages.page.help,
    names,
    url: mail.url,
    expires: formatExpiry(mail.expiresAt, mail.locale, messages.language),
    unbranded: brand.color === undefined,
    brand: { ...brand, color: brand.color ?? DEFAULT_COLORS.color },
  };
  return {
    subject: messages.mail.subject(names),
    html: renderHtml(TEMPLATES, 'invitation.html.eta', data),
    text: renderText(TEMPLATES, 'invitation.text.eta', data),
  };
}

/** Formats the time in UTC and names the zone, because the reader's time zone is unknown. */
function formatExpiry(expiresAt: Date, locale: string, language: string): string {
  const format = dateFormat(locale, language);
  // Some mail programs show the narrow no-break space before AM and PM as a box.
  return format.format(expiresAt).replaceAll('\u202f', ' ');
}

// A format takes much longer to make than to use. Organizations choose their locales, so the map
// needs a limit.
const MAX_FORMATS = 100;
const dateFormats = new Map<string, Intl.DateTimeFormat>();

function dateFormat(locale: string, language: string): Intl.DateTimeFormat {
  const key = `${locale} ${language}`;
  const known = dateFormats.get(key);
  if (known !== undefined) return known;
  const format = new Intl.DateTimeFormat(dateLocale(locale, language), {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    hour: 'numeric',
    minute: '2-digit',
    timeZone: 'UTC',
    timeZoneName: 'short',
  });
  if (dateFormats.size >= MAX_FORMATS) dateFormats.clear();
  dateFormats.set(key, format);
  return format;
}

/**
 * The locale for dates. A locale of the same language as the texts keeps its region, because en-GB
 * and en-US write dates differently.
 */
function dateLocale(locale: string, language: string): string {
  try {
    const tag = new Intl.Locale(locale);
    return tag.language === language ? tag.toString() : language;
  } catch {
    return language;
  }
}
