import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type HtmlPage, renderPage } from '../html/html-page.js';
import type { MailboxEntry } from './mailer.js';

const STYLE = readFileSync(join(import.meta.dirname, 'mailbox.css'), 'utf8');

/** The list of mails. Each mail opens without a script. */
export function mailboxPage(mails: readonly MailboxEntry[]): HtmlPage {
  const shown = mails.map((mail) => ({ ...mail, textParts: linkParts(mail.text) }));
  return renderPage(
    import.meta.dirname,
    'mailbox.eta',
    { mails: shown },
    { lang: 'en', title: 'Mailbox', styles: [STYLE], frames: true },
  );
}

/**
 * The HTML of one mail, which the mailbox page shows in a frame. Like in a mail program, styles and
 * images work, and links open a new tab. Scripts, forms and access to the service's origin do not.
 */
export function mailFrame(mail: MailboxEntry): HtmlPage {
  return {
    status: 200,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': [
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        'img-src http: https: data:',
        "frame-ancestors 'self'",
        'sandbox allow-popups allow-popups-to-escape-sandbox',
      ].join('; '),
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    },
    body: mail.html.replace(/<head>/i, '<head><base target="_blank">'),
  };
}

/** Splits a text at its web addresses. The parts at odd indexes are the addresses. */
function linkParts(text: string): string[] {
  return text.split(/(https?:\/\/[^\s<>"]+)/);
}
