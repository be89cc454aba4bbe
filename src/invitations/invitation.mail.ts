import { join } from 'node:path';
import type { Brand } from '../organizations/organization.js';
import { oneLine } from '../platform/mail/one-line.js';
import { renderHtml, renderText } from '../platform/pages/pages.js';
import { PLAIN, safeBrand } from './brand.js';
import { messagesOf } from './locales.js';

const TEMPLATES = join(import.meta.dirname, 'templates');
const NAME_LENGTH = 80;

/** What an invitation mail tells. */
export interface InvitationMail {
  /** The organization's; a language that is not there becomes English. */
  locale: string;
  organizationName: string;
  productName: string;
  /** The buyer's name or e-mail, if known. */
  inviter: string | null;
  /** Whom the seat is for. */
  email: string;
  /** The claim link. */
  url: string;
  expiresAt: Date;
  brand: Brand;
}

/** The invitation as a mail. Names come from other people: they are cut to a line and escaped. */
export function renderInvitation(mail: InvitationMail): {
  subject: string;
  html: string;
  text: string;
} {
  const messages = messagesOf(mail.locale);
  const names = {
    organization: oneLine(mail.organizationName, NAME_LENGTH),
    product: oneLine(mail.productName, NAME_LENGTH),
    inviter: mail.inviter === null ? null : oneLine(mail.inviter, NAME_LENGTH),
    email: oneLine(mail.email, 254),
  };
  const brand = safeBrand(mail.brand);
  const data = {
    language: messages.language,
    t: messages.mail,
    help: messages.page.help,
    names,
    url: mail.url,
    expires: formatExpiry(mail.expiresAt, mail.locale, messages.language),
    plain: brand.color === undefined,
    brand: { ...brand, color: brand.color ?? PLAIN.color },
  };
  return {
    subject: messages.mail.subject(names),
    html: renderHtml(TEMPLATES, 'invitation.html.eta', data),
    text: renderText(TEMPLATES, 'invitation.text.eta', data),
  };
}

/** Day and minute in UTC, named as such: where the reader is, nobody knows. */
function formatExpiry(expiresAt: Date, locale: string, language: string): string {
  const format = new Intl.DateTimeFormat(regionOf(locale, language), {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    hour: 'numeric',
    minute: '2-digit',
    timeZone: 'UTC',
    timeZoneName: 'short',
  });
  // Some mail programs show the narrow space before AM and PM as a box.
  return format.format(expiresAt).replaceAll('\u202f', ' ');
}

/** The locale itself (en-GB writes dates unlike en-US), if its language is the one of the texts. */
function regionOf(locale: string, language: string): string {
  try {
    const tag = new Intl.Locale(locale);
    return tag.language === language ? tag.toString() : language;
  } catch {
    return language;
  }
}
