import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { safeBrand } from '../invitations/brand.js';
import { type HtmlPage, renderPage } from '../platform/html/html-page.js';
import { free } from '../seats/pool/pool.rules.js';
import type { ContainerRef } from '../seats/seat.js';
import { type Translation, translationFor } from './locales.js';
import type { Messages } from './locales/en.js';
import type { ContainerRow, SeatedPerson } from './portal.repository.js';
import type { Person } from '../sessions/sessions.repository.js';

const TEMPLATES = join(import.meta.dirname, 'templates');
const STYLE = readFileSync(join(TEMPLATES, 'portal.css'), 'utf8');
// JavaScript without template tags. Its extension is .eta because the build copies *.eta files.
const SUBMIT = 'document.forms[0].submit();';
const SCRIPT = readFileSync(join(TEMPLATES, 'script.eta'), 'utf8');

export const OVERVIEW_PATH = '/portal/seats';

/** The result of the last action, shown at the top of a page. */
export interface Notice {
  text: string;
  /** Whether the action changed nothing. Default: false. */
  failed?: boolean;
  hint?: string | undefined;
  results?: { email: string; text: string; tone: 'good' | 'bad' }[];
}

/** The data of a container's page. */
export interface ContainerView {
  container: ContainerRow;
  /** Whether to link back to the overview. */
  hasOverview: boolean;
  people: SeatedPerson[];
  /** The text of the search field; '' lists everybody. */
  search: string;
  /** The cursor of the next page; null on the last page. */
  nextCursor: string | null;
  isFirstPage: boolean;
  notice: Notice | undefined;
  /** The text of the field for new e-mails. */
  draft: string;
  /** The number of e-mails that the form accepts. */
  maxEmails: number;
  now: Date;
}

export interface OverviewView {
  bought: ContainerRow[];
  held: ContainerRow[];
  /** The number of this page, from 1. */
  page: number;
  pageCount: number;
}

/** The purchases of a buyer and the seats of the person. */
export function overviewPage(person: Person, view: OverviewView): HtmlPage {
  const { t } = translationFor(person.organization.locale);
  const { bought, held, page, pageCount } = view;
  const link = (to: number, label: string) => ({ href: `${OVERVIEW_PATH}?page=${to}`, label });
  return signedInPage(person, t.title, 'overview.eta', {
    url: OVERVIEW_PATH,
    bought: bought.map((row) => containerData(person, row)),
    held: held.map((row) => containerData(person, row)),
    links: [
      ...(page > 1 ? [link(page - 1, t.newer)] : []),
      ...(page < pageCount ? [link(page + 1, t.older)] : []),
    ],
  });
}

/** One container: its usage, a form to invite people, and the people with a seat. */
export function containerPage(person: Person, view: ContainerView): HtmlPage {
  const { t } = translationFor(person.organization.locale);
  const { container, people, search, notice } = view;
  const url = containerUrl(container);
  return signedInPage(person, container.product_name, 'container.eta', {
    url,
    search,
    hasOverview: view.hasOverview,
    container: containerData(person, container),
    notice: notice && { results: [], ...notice },
    inviteDisabled: inviteDisabledReason(t, container),
    draft: view.draft,
    hint: t.invite.hint(view.maxEmails),
    searchable: container.taken > 0 || search !== '',
    count: countText(t, view),
    people: people.map((seated) => seatedPersonData(person, seated, url, view.now)),
    links: containerLinks(t, view, url),
  });
}

/** Asks for confirmation before a seat is revoked. */
export function confirmPage(
  person: Person,
  container: ContainerRow,
  seat: { id: string; email: string; claimed: boolean },
): HtmlPage {
  const { confirm } = translationFor(person.organization.locale).t;
  const url = containerUrl(container);
  return signedInPage(person, confirm.heading, 'confirm.eta', {
    url,
    action: `${url}/seats/${seat.id}/revoke`,
    text: seat.claimed
      ? confirm.claimed(seat.email, container.product_name)
      : confirm.pending(seat.email),
  });
}

/**
 * Redirects to `path` from a page of this server. After an HTTP redirect the browser would not send
 * the SameSite=Strict cookie, because the navigation began on another site.
 */
export function redirectPage({ language, t }: Translation, path: string): HtmlPage {
  const { heading, link } = t.redirect;
  const page = renderPage(
    TEMPLATES,
    'message.eta',
    { heading, link: { href: path, label: link } },
    { lang: language, title: heading, styles: [STYLE] },
  );
  return { ...page, headers: { ...page.headers, refresh: `0;url=${path}` } };
}

/**
 * The page behind the link to the portal. It sends the code by itself, or with a button in a browser
 * without scripts.
 */
export function signInPage(translation: Translation, code: string): HtmlPage {
  const { heading, link } = translation.t.redirect;
  return codePage(translation, { heading, button: link, code }, SUBMIT);
}

/** Asks a signed-in person whether to sign in as the person of the code. */
export function switchPage(person: Person, code: string): HtmlPage {
  const translation = translationFor(person.organization.locale);
  const { heading, text, yes, no } = translation.t.switchUser;
  return codePage(translation, {
    heading,
    text: text(nameOf(person)),
    button: yes,
    code,
    confirmed: true,
    link: { href: OVERVIEW_PATH, label: no },
  });
}

interface CodeForm {
  heading: string;
  text?: string;
  button: string;
  code: string;
  confirmed?: boolean;
  link?: { href: string; label: string };
}

function codePage({ language }: Translation, data: CodeForm, script?: string): HtmlPage {
  return renderPage(TEMPLATES, 'sign-in.eta', data, {
    lang: language,
    title: data.heading,
    styles: [STYLE],
    ...(script !== undefined && { script }),
    referrer: 'origin',
  });
}

/** A page with a single message. A signed-in person gets a link to the overview. */
export function messagePage(
  { language, t }: Translation,
  status: number,
  message: { heading: string; text: string; hint?: string },
  isSignedIn: boolean,
): HtmlPage {
  const link = isSignedIn && { href: OVERVIEW_PATH, label: t.problems.home };
  return renderPage(
    TEMPLATES,
    'message.eta',
    { ...message, link },
    { status, lang: language, title: message.heading, styles: [STYLE] },
  );
}

export function toContainerRef({ kind, id }: ContainerRow): ContainerRef {
  return kind === 'subscription' ? { subscription_id: id } : { order_id: id };
}

/** A page with the organization's brand and a button to sign out. */
function signedInPage(person: Person, title: string, template: string, data: object): HtmlPage {
  const { organization } = person;
  const { language, t } = translationFor(organization.locale);
  const brand = safeBrand(organization.brand);
  const colors = `:root { --brand: ${brand.color}; --on-brand: ${brand.onColor}; }`;
  const layout = {
    t,
    brand,
    email: nameOf(person),
    organization: organization.name,
    returnUrl: person.returnUrl,
    template: `./${template}`,
  };
  return renderPage(
    TEMPLATES,
    'layout.eta',
    { ...data, ...layout },
    {
      lang: language,
      title: `${title} · ${organization.name}`,
      styles: brand.color === undefined ? [STYLE] : [STYLE, colors],
      script: SCRIPT,
      referrer: 'url',
      imageOrigins: brand.logoOrigin === undefined ? [] : [brand.logoOrigin],
    },
  );
}

/** The e-mail of the person, or else the name. */
function nameOf({ member, customer }: Person): string {
  return member?.email ?? customer.email ?? customer.name ?? '';
}

function containerUrl({ kind, id }: ContainerRow): string {
  return kind === 'subscription' ? `/portal/subscriptions/${id}` : `/portal/orders/${id}`;
}

function containerData(person: Person, row: ContainerRow) {
  const { language, t } = translationFor(person.organization.locale);
  return {
    href: containerUrl(row),
    product: row.product_name,
    kind: t.kinds[row.kind],
    status: t.statuses[row.status],
    ends: row.ends_at && t.endsOn(formatDate(row.ends_at, language)),
    taken: t.taken(row.taken, row.capacity),
    free: t.free(free(row)),
    percentTaken: percentTaken(row),
  };
}

/** Rounded, but never to 0 % if a seat is taken, nor to 100 % if a seat is free. */
function percentTaken({ taken, capacity }: ContainerRow): number {
  if (taken === 0) return 0;
  if (taken >= capacity) return 100;
  return Math.min(98, Math.max(2, Math.round((100 * taken) / capacity)));
}

/** The reason to hide the invitation form; undefined to show the form. */
function inviteDisabledReason({ invite }: Messages, container: ContainerRow): string | undefined {
  if (!container.active) return invite.inactive;
  return free(container) === 0 ? invite.full : undefined;
}

function countText({ people: texts }: Messages, view: ContainerView): string {
  const { search, people, container, isFirstPage, nextCursor } = view;
  if (search === '') {
    return container.taken === 0 ? texts.none : texts.count(container.taken, false);
  }
  if (people.length === 0) return texts.notFound(search);
  return texts.count(people.length, isFirstPage && nextCursor !== null);
}

/** Links to the next page, to the first page, and to the list without a search. */
function containerLinks({ people: texts }: Messages, view: ContainerView, url: string) {
  const { search, nextCursor, isFirstPage } = view;
  const link = (query: Record<string, string>, label: string) => {
    const text = new URLSearchParams(query).toString();
    return { href: text === '' ? url : `${url}?${text}`, label };
  };
  const q: Record<string, string> = search === '' ? {} : { q: search };
  return [
    ...(nextCursor === null ? [] : [link({ ...q, cursor: nextCursor }, texts.more)]),
    ...(isFirstPage ? [] : [link(q, texts.start)]),
    ...(search === '' ? [] : [link({}, texts.clear)]),
  ];
}

function seatedPersonData(person: Person, seated: SeatedPerson, url: string, now: Date) {
  const { language, t } = translationFor(person.organization.locale);
  const { email, name, seat_id, claimed_at, invitation_expires_at: expiresAt } = seated;
  const time = (claimed_at ?? expiresAt) as Date;
  const date = formatDate(time, language);
  const dateTime = formatDateTime(time, language);
  const isExpired = expiresAt !== null && expiresAt <= now;
  const pending = isExpired ? ('expired' as const) : ('pending' as const);
  const state = seated.status === 'claimed' ? 'claimed' : pending;
  const when = {
    claimed: () => t.people.claimedOn(date),
    pending: () => t.people.expiresOn(dateTime),
    expired: () => t.people.expiredOn(dateTime),
  }[state];
  return {
    name: name === email ? null : name,
    email,
    state,
    when: when(),
    time: time.toISOString(),
    href: `${url}/seats/${seat_id}`,
    resend: t.people.resendTo(email),
    revoke: t.people.revokeOf(email),
  };
}

/** Formats the time in UTC and names the zone, because the reader's time zone is unknown. */
function formatDateTime(date: Date, language: string): string {
  const format = { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' } as const;
  return `${new Intl.DateTimeFormat(language, format).format(date)} UTC`;
}

function formatDate(date: Date, language: string): string {
  return new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeZone: 'UTC' }).format(date);
}
