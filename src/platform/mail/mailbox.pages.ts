import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Page, renderPage } from '../pages/pages.js';
import type { MailboxEntry } from './mailer.js';

const STYLE = readFileSync(join(import.meta.dirname, 'mailbox.css'), 'utf8');

/** The list of mails; each opens by itself, without a script. */
export function mailboxPage(mails: readonly MailboxEntry[]): Page {
  const shown = mails.map((mail) => ({ ...mail, textParts: linkParts(mail.text) }));
  return renderPage(
    import.meta.dirname,
    'mailbox.eta',
    { mails: shown },
    { lang: 'en', title: 'Mailbox', styles: [STYLE], frames: true },
  );
}

/**
 * The HTML of one mail, to be framed by the mailbox page. It is shown as a mail program would:
 * styles and images, no scripts, no forms, no access to our origin; links open a new tab.
 */
export function mailFrame(mail: MailboxEntry): Page {
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

/** Text cut at its web addresses; the odd parts are the addresses. */
function linkParts(text: string): string[] {
  return text.split(/(https?:\/\/[^\s<>"]+)/);
}
