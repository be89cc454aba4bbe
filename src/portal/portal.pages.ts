import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { safeBrand } from '../invitations/brand.js';
import { type Page, renderPage } from '../platform/pages/pages.js';
import { type ContainerRef, free } from '../seats/seat.js';
import { type Texts, textsOf } from './locales.js';
import type { ContainerRow, SeatedPerson } from './portal.repository.js';
import type { Person } from './sessions.repository.js';

const TEMPLATES = join(import.meta.dirname, 'templates');
const STYLE = readFileSync(join(TEMPLATES, 'portal.css'), 'utf8');
// A template by its name only, so that it is copied along with the others.
const SCRIPT = readFileSync(join(TEMPLATES, 'script.eta'), 'utf8');

export const HOME = '/portal/seats';

/** What was done, or why it was not. */
export interface Notice {
  text: string;
  /** Nothing came of it. */
  refused?: boolean;
  hint?: string | undefined;
  results?: { email: string; text: string; tone: 'good' | 'bad' }[];
}

/** What is on the page of one container, apart from the container itself. */
export interface ContainerView {
  container: ContainerRow;
  /** Whether there is no other page to go to. */
  alone: boolean;
  people: SeatedPerson[];
  search: string;
  /** Where the list goes on; null at its end. */
  next: string | null;
  /** Whether this is not the first page of the list. */
  continued: boolean;
  notice: Notice | undefined;
  /** What stands in the field for new addresses. */
  draft: string;
  /** How many addresses it takes at once. */
  most: number;
  now: Date;
}

export interface OverviewView {
  bought: ContainerRow[];
  held: ContainerRow[];
  page: number;
  pageCount: number;
}

/** The way to the page of a container. */
function pathOf(ref: ContainerRef): string {
  return 'subscription_id' in ref
    ? `/portal/subscriptions/${ref.subscription_id}`
    : `/portal/orders/${ref.order_id}`;
}

/** What somebody has bought, and what they hold themselves. */
export function overviewPage(person: Person, view: OverviewView): Page {
  const { t } = textsOf(person.organization.locale);
  const { bought, held, page, pageCount } = view;
  const link = (to: number, label: string) => ({ href: `${HOME}?page=${to}`, label });
  return visitorPage(person, t.title, 'overview.eta', {
    bought: bought.map((row) => shownContainer(person, row)),
    held: held.map((row) => shownContainer(person, row)),
    pages: [
      ...(page > 1 ? [link(page - 1, t.newer)] : []),
      ...(page < pageCount ? [link(page + 1, t.older)] : []),
    ],
  });
}

/** One container: how full it is, who is on it, and a form to invite more. */
export function containerPage(person: Person, view: ContainerView): Page {
  const { t } = textsOf(person.organization.locale);
  const { container, people, search, notice } = view;
  const here = pathOf(containerRef(container));
  return visitorPage(person, container.product_name, 'container.eta', {
    here,
    search,
    alone: view.alone,
    container: shownContainer(person, container),
    notice: notice && { results: [], ...notice },
    closed: closedBecause(person, container),
    draft: view.draft,
    hint: t.invite.hint(view.most),
    searchable: container.taken > 0 || search !== '',
    found: foundText(person, view),
    people: people.map((each) => shownPerson(person, each, here, view.now)),
    links: links(person, view, here),
  });
}

/** Asks before a seat is revoked. */
export function confirmPage(
  person: Person,
  container: ContainerRow,
  seat: { id: string; email: string; claimed: boolean },
): Page {
  const { confirm } = textsOf(person.organization.locale).t;
  const here = pathOf(containerRef(container));
  return visitorPage(person, confirm.heading, 'confirm.eta', {
    here,
    action: `${here}/seats/${seat.id}/revoke`,
    text: seat.claimed
      ? confirm.claimed(seat.email, container.product_name)
      : confirm.pending(seat.email),
  });
}

/** Leads on to `path` at once, as a page of our own: so the browser sends the cookie along. */
export function openingPage({ language, t }: Texts, path: string): Page {
  const { heading, link } = t.opening;
  const page = renderPage(
    TEMPLATES,
    'message.eta',
    { heading, link: { href: path, label: link } },
    { lang: language, title: heading, styles: [STYLE] },
  );
  return { ...page, headers: { ...page.headers, refresh: `0;url=${path}` } };
}

/** A page that says one thing. Somebody who is signed in finds their way back from it. */
export function messagePage(
  { language, t }: Texts,
  status: number,
  message: { heading: string; text: string; hint?: string },
  signedIn: boolean,
): Page {
  const link = signedIn && { href: HOME, label: t.problems.home };
  return renderPage(
    TEMPLATES,
    'message.eta',
    { ...message, link },
    { status, lang: language, title: message.heading, styles: [STYLE] },
  );
}

function visitorPage(person: Person, title: string, template: string, data: object): Page {
  const { organization } = person;
  const { language, t } = textsOf(organization.locale);
  const brand = safeBrand(organization.brand);
  const colors = `:root { --brand: ${brand.color}; --on-brand: ${brand.onColor}; }`;
  const email = person.member?.email ?? person.customer.email ?? person.customer.name;
  const frame = { t, brand, email, organization: organization.name, template: `./${template}` };
  return renderPage(
    TEMPLATES,
    'frame.eta',
    { ...data, ...frame },
    {
      lang: language,
      title: `${title} · ${organization.name}`,
      styles: brand.color === undefined ? [STYLE] : [STYLE, colors],
      script: SCRIPT,
      tellsItself: true,
      imageOrigins: brand.logoOrigin === undefined ? [] : [brand.logoOrigin],
    },
  );
}

export function containerRef({ kind, id }: ContainerRow): ContainerRef {
  return kind === 'subscription' ? { subscription_id: id } : { order_id: id };
}

function shownContainer(person: Person, row: ContainerRow) {
  const { language, t } = textsOf(person.organization.locale);
  return {
    href: pathOf(containerRef(row)),
    product: row.product_name,
    kind: t.kinds[row.kind],
    status: t.statuses[row.status],
    ends: row.ends_at && t.endsOn(formatDay(row.ends_at, language)),
    taken: t.taken(row.taken, row.capacity),
    free: t.free(free(row)),
    share: shareOf(row),
  };
}

/** Percent. Neither empty nor full unless it is. */
function shareOf({ taken, capacity }: ContainerRow): number {
  if (taken === 0) return 0;
  if (taken >= capacity) return 100;
  return Math.min(98, Math.max(2, Math.round((100 * taken) / capacity)));
}

function closedBecause(person: Person, container: ContainerRow): string | undefined {
  const { invite } = textsOf(person.organization.locale).t;
  if (!container.active) return invite.inactive;
  return free(container) === 0 ? invite.full : undefined;
}

function foundText(person: Person, view: ContainerView): string {
  const texts = textsOf(person.organization.locale).t.people;
  const { search, people, container, continued, next } = view;
  if (search === '') {
    return container.taken === 0 ? texts.none : texts.found(container.taken, false);
  }
  if (people.length === 0) return texts.notFound(search);
  return continued ? texts.found(people.length, false) : texts.found(people.length, next !== null);
}

function links(person: Person, view: ContainerView, here: string) {
  const texts = textsOf(person.organization.locale).t.people;
  const { search, next, continued } = view;
  const link = (query: Record<string, string>, label: string) => {
    const text = new URLSearchParams(query).toString();
    return { href: text === '' ? here : `${here}?${text}`, label };
  };
  const q: Record<string, string> = search === '' ? {} : { q: search };
  return [
    ...(next === null ? [] : [link({ ...q, cursor: next }, texts.more)]),
    ...(continued ? [link(q, texts.start)] : []),
    ...(search === '' ? [] : [link({}, texts.clear)]),
  ];
}

function shownPerson(person: Person, seated: SeatedPerson, here: string, now: Date) {
  const { language, t } = textsOf(person.organization.locale);
  const { email, name, seat_id, claimed_at, invitation_expires_at: expiry } = seated;
  const at = (claimed_at ?? expiry) as Date;
  const date = formatMinute(at, language);
  const expired = expiry !== null && expiry <= now;
  const pending = expired ? ('expired' as const) : ('pending' as const);
  const state = seated.status === 'claimed' ? 'claimed' : pending;
  const when = {
    claimed: () => t.people.since(formatDay(at, language)),
    pending: () => t.people.until(date),
    expired: () => t.people.lapsed(date),
  }[state];
  return {
    name: name === email ? null : name,
    email,
    state,
    when: when(),
    time: at.toISOString(),
    href: `${here}/seats/${seat_id}`,
    resend: t.people.resendTo(email),
    revoke: t.people.revokeOf(email),
  };
}

/** Times are in UTC, and say so: where the reader is, nobody knows. */
function formatMinute(date: Date, language: string): string {
  const format = { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' } as const;
  return `${new Intl.DateTimeFormat(language, format).format(date)} UTC`;
}

function formatDay(date: Date, language: string): string {
  return new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeZone: 'UTC' }).format(date);
}
