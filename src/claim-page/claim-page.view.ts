import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type HtmlPage, renderPage } from '../platform/html/html-page.js';
import { safeBrand } from '../invitations/brand.js';
import type { ClaimInfo } from '../seats/claim/claim.service.js';
import { messagesFor } from '../invitations/locales.js';
import type { Messages, Names } from '../invitations/locales/en.js';

const TEMPLATES = join(import.meta.dirname, 'templates');
const STYLE = readFileSync(join(TEMPLATES, 'claim.css'), 'utf8');

/** The invitation with a button to claim the seat, if the seat can be claimed right now. */
export function invitationPage(info: ClaimInfo, token: string): HtmlPage {
  const { invitation, unavailable } = messagesFor(info.locale).page;
  const names = toNames(info);
  return info.can_claim
    ? brandedPage(info, {
        heading: invitation.heading(names),
        text: invitation.text(names),
        hint: invitation.hint,
        button: invitation.button,
        token,
      })
    : brandedPage(info, unavailable);
}

/** The page after a claim. It contains no token and no session, so that it cannot be misused. */
export function claimedPage(info: ClaimInfo): HtmlPage {
  const { claimed } = messagesFor(info.locale).page;
  const text = claimed.text(toNames(info));
  return brandedPage(info, { heading: claimed.heading, text, hint: claimed.hint, done: true });
}

/** The page for a link that does not work, whatever the reason. It explains what to do next. */
export function deadLinkPage(messages: Messages): HtmlPage {
  const { heading, text, claimed, unclaimed } = messages.page.deadLink;
  return plainPage(messages, 404, { heading, text, steps: [claimed, unclaimed] });
}

/** The invitation is valid, but its subscription or order does not allow claims at the moment. */
export function unavailablePage(messages: Messages, status: number): HtmlPage {
  return plainPage(messages, status, messages.page.unavailable);
}

/** The client has exceeded the rate limit. The invitation stays valid. */
export function tooManyRequestsPage(messages: Messages): HtmlPage {
  return plainPage(messages, 429, messages.page.tooManyRequests);
}

/** The service has failed or is overloaded. The invitation stays valid. */
export function serverErrorPage(messages: Messages, status: number): HtmlPage {
  return plainPage(messages, status, messages.page.serverError);
}

/** The content of the page's only card. */
interface Card {
  heading: string;
  text: string;
  hint?: string;
  steps?: string[];
  button?: string;
  token?: string;
  done?: boolean;
}

/** A page in the organization's language and with its brand. */
function brandedPage(info: ClaimInfo, card: Card): HtmlPage {
  const messages = messagesFor(info.locale);
  const brand = safeBrand(info.brand);
  const colors = `:root { --brand: ${brand.color}; --on-brand: ${brand.onColor}; }`;
  return renderPage(
    TEMPLATES,
    'claim.eta',
    { t: messages.page, names: toNames(info), brand, card },
    {
      lang: messages.language,
      title: `${card.heading} · ${info.organization_name}`,
      styles: brand.color === undefined ? [STYLE] : [STYLE, colors],
      imageOrigins: brand.logoOrigin === undefined ? [] : [brand.logoOrigin],
    },
  );
}

/** A page that names no organization. */
function plainPage(messages: Messages, status: number, card: Card): HtmlPage {
  return renderPage(
    TEMPLATES,
    'claim.eta',
    { t: messages.page, names: undefined, brand: {}, card },
    { status, lang: messages.language, title: card.heading, styles: [STYLE] },
  );
}

function toNames(info: ClaimInfo): Names {
  return {
    organization: info.organization_name,
    product: info.product_name,
    inviter: null,
    email: info.customer_email,
  };
}
