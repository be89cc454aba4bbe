import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Page, renderPage } from '../platform/pages/pages.js';
import { safeBrand } from './brand.js';
import type { ClaimInfo } from './claims.js';
import { messagesOf } from './locales.js';
import type { Messages, Names } from './locales/en.js';

const TEMPLATES = join(import.meta.dirname, 'templates');
const STYLE = readFileSync(join(TEMPLATES, 'claim.css'), 'utf8');

/** What is offered, and the button that takes it; without the button while it cannot be taken. */
export function offerPage(info: ClaimInfo, token: string): Page {
  const { open, unavailable } = messagesOf(info.locale).page;
  const names = namesOf(info);
  return info.can_claim
    ? infoPage(info, {
        heading: open.heading(names),
        text: open.text(names),
        hint: open.hint,
        button: open.button,
        token,
      })
    : infoPage(info, unavailable);
}

/** After the claim. It shows nothing that would let somebody else in: no token, no session. */
export function claimedPage(info: ClaimInfo): Page {
  const { claimed } = messagesOf(info.locale).page;
  const text = claimed.text(namesOf(info));
  return infoPage(info, { heading: claimed.heading, text, hint: claimed.hint, done: true });
}

/** For every link that leads nowhere, whatever the reason: it tells what to do. */
export function deadLinkPage(messages: Messages): Page {
  const { heading, text, claimed, unclaimed } = messages.page.dead;
  return plainPage(messages, 404, { heading, text, steps: [claimed, unclaimed] });
}

/** The invitation is good, but its container gives no seats now. */
export function unavailablePage(messages: Messages, status: number): Page {
  return plainPage(messages, status, messages.page.unavailable);
}

/** Somebody asks too often; the invitation is as good as before. */
export function busyPage(messages: Messages): Page {
  return plainPage(messages, 429, messages.page.busy);
}

/** The service is at fault, or overrun. */
export function troublePage(messages: Messages, status: number): Page {
  return plainPage(messages, status, messages.page.trouble);
}

/** What stands in the card. */
interface Card {
  heading: string;
  text: string;
  hint?: string;
  steps?: string[];
  button?: string;
  token?: string;
  done?: boolean;
}

function infoPage(info: ClaimInfo, card: Card): Page {
  const messages = messagesOf(info.locale);
  const brand = safeBrand(info.brand);
  const colors = `:root { --brand: ${brand.color}; --on-brand: ${brand.onColor}; }`;
  return renderPage(
    TEMPLATES,
    'claim.eta',
    { t: messages.page, names: namesOf(info), brand, card },
    {
      lang: messages.language,
      title: `${card.heading} · ${info.organization_name}`,
      styles: brand.color === undefined ? [STYLE] : [STYLE, colors],
      imageOrigins: brand.logoOrigin === undefined ? [] : [brand.logoOrigin],
    },
  );
}

function plainPage(messages: Messages, status: number, card: Card): Page {
  return renderPage(
    TEMPLATES,
    'claim.eta',
    { t: messages.page, names: undefined, brand: {}, card },
    { status, lang: messages.language, title: card.heading, styles: [STYLE] },
  );
}

function namesOf(info: ClaimInfo): Names {
  return {
    organization: info.organization_name,
    product: info.product_name,
    inviter: null,
    email: info.customer_email,
  };
}
