import { Injectable } from '@nestjs/common';
import { IsString } from 'class-validator';
import { Clock } from '../platform/clock.js';
import { ApiError, NotPermitted, ResourceNotFound } from '../platform/errors.js';
import { decodeCursor, encodeCursor, SEAT_CURSOR } from '../platform/http/cursor.js';
import { parseUuid } from '../platform/uuid.js';
import type { HtmlPage } from '../platform/html/html-page.js';
import type { Paginated } from '../platform/http/pagination.js';
import type { ContainerRef } from '../seats/seat.js';
import { FeatureNotEnabled } from '../seats/seats.errors.js';
import type { SeatRow } from '../seats/seats.sql.js';
import { type Buyer, toBuyer } from './buyer.js';
import { type EmailList, parseEmailList } from './email-list.js';
import { translationFor } from './locales.js';
import type { Messages } from './locales/en.js';
import {
  confirmPage,
  containerPage,
  type Notice,
  overviewPage,
  toContainerRef,
} from './portal-pages.view.js';
import type { PortalUser } from './portal-sign-in.js';
import { type ContainerRow, PortalRepository } from './portal.repository.js';
import { PortalService } from './portal.service.js';
import { mayManage } from '../sessions/session.js';

const PURCHASES_PER_PAGE = 20;
const PEOPLE_PER_PAGE = 50;
const MAX_PAGE = 10_000;
const MAX_HELD = 100;
/** The e-mails that one form can invite. More results would not fit on a page. */
const MAX_INVITED = 100;
const MAX_SEARCH_LENGTH = 254;

/** The container that a URL names, not yet validated. */
export class ContainerPath {
  @IsString()
  kind: string;

  @IsString()
  id: string;
}

/** The seat that a URL names, not yet validated. */
export class SeatPath extends ContainerPath {
  @IsString()
  seat: string;
}

/** The search and the position in the list of people. */
export interface PeopleQuery {
  q?: unknown;
  cursor?: unknown;
}

/** The actions of the portal's pages. Every method returns the page to show next. */
@Injectable()
export class PortalPagesService {
  constructor(
    private readonly portal: PortalService,
    private readonly repository: PortalRepository,
    private readonly clock: Clock,
  ) {}

  /**
   * The purchases of a buyer and the seats of the person. A buyer with a single purchase goes
   * straight to its page.
   * @throws {FeatureNotEnabled} for a manager with purchases.
   */
  async overview(user: PortalUser, requestId: string, pageNumber: unknown): Promise<HtmlPage> {
    const { person, session } = user;
    const held = await this.repository.listHeld(session, MAX_HELD);
    if (!mayManage(person.member?.role ?? null)) {
      return overviewPage(person, { bought: [], held, page: 1, pageCount: 1 });
    }
    const buyer = toBuyer(session, requestId);
    const page = Math.min(Math.max(Math.trunc(Number(pageNumber)) || 1, 1), MAX_PAGE);
    const bought = await this.repository.listBought(buyer, { page, limit: PURCHASES_PER_PAGE });
    if (bought.total > 0 && !person.organization.seats_enabled) throw new FeatureNotEnabled();
    const single = singleContainer(bought, held);
    if (single !== undefined) return this.showContainer(user, buyer, toContainerRef(single));
    const pageCount = Math.ceil(bought.total / PURCHASES_PER_PAGE);
    return overviewPage(person, { bought: bought.rows, held, page, pageCount });
  }

  /** @throws {ResourceNotFound}; {NotPermitted}; {FeatureNotEnabled}. */
  async container(
    user: PortalUser,
    requestId: string,
    path: ContainerPath,
    query: PeopleQuery,
  ): Promise<HtmlPage> {
    const buyer = requireManager(user, requestId);
    return this.showContainer(user, buyer, parseContainerPath(path), {}, query);
  }

  /**
   * Invites the people in a text while there are free seats, and shows the result for each.
   * @throws as {@link container}.
   */
  async invite(
    user: PortalUser,
    requestId: string,
    path: ContainerPath,
    text: unknown,
  ): Promise<HtmlPage> {
    const buyer = requireManager(user, requestId);
    const ref = parseContainerPath(path);
    const t = messagesFor(user);
    const list = parseEmailList(typeof text === 'string' ? text : '');
    const emails = list.emails.slice(0, MAX_INVITED);
    const remaining = list.emails.slice(MAX_INVITED);
    if (emails.length + list.invalid.length === 0) {
      const notice = { text: t.results.empty, failed: true };
      return this.showContainer(user, buyer, ref, { notice });
    }
    const errors = await this.inviteAll(buyer, ref, emails);
    const results = invitationResults(t, { ...list, emails }, errors);
    const invitedCount = emails.length - errors.size;
    const notice = {
      text: t.results.heading(invitedCount, results.length),
      failed: invitedCount === 0,
      results,
      hint: remaining.length > 0 ? t.results.remaining(remaining.length) : undefined,
    };
    const draft = [...list.invalid, ...remaining].join('\n');
    return this.showContainer(user, buyer, ref, { notice, draft });
  }

  /** @throws as {@link container}. */
  async resend(user: PortalUser, requestId: string, path: SeatPath): Promise<HtmlPage> {
    const buyer = requireManager(user, requestId);
    const ref = parseContainerPath(path);
    const t = messagesFor(user);
    const { seat_id, email } = await this.findSeat(buyer, ref, path.seat);
    if (email === null) return this.showAlreadyRevoked(user, buyer, ref);
    const notice = await this.portal.resend(buyer, seat_id).then(
      () => ({ text: t.notices.resent(email) }),
      (error: unknown) => errorNotice(t, error),
    );
    return this.showContainer(user, buyer, ref, { notice });
  }

  /** @throws as {@link container}. */
  async confirmRevoke(user: PortalUser, requestId: string, path: SeatPath): Promise<HtmlPage> {
    const buyer = requireManager(user, requestId);
    const ref = parseContainerPath(path);
    const { seat_id: id, email, status } = await this.findSeat(buyer, ref, path.seat);
    if (email === null) return this.showAlreadyRevoked(user, buyer, ref);
    const container = await this.findContainer(buyer, ref);
    return confirmPage(user.person, container, { id, email, claimed: status === 'claimed' });
  }

  /** @throws as {@link container}. */
  async revoke(user: PortalUser, requestId: string, path: SeatPath): Promise<HtmlPage> {
    const buyer = requireManager(user, requestId);
    const ref = parseContainerPath(path);
    const { seat_id, email } = await this.findSeat(buyer, ref, path.seat);
    if (email === null) return this.showAlreadyRevoked(user, buyer, ref);
    await this.portal.revoke(buyer, seat_id);
    const notice = { text: messagesFor(user).notices.revoked(email) };
    return this.showContainer(user, buyer, ref, { notice });
  }

  private showAlreadyRevoked(user: PortalUser, buyer: Buyer, ref: ContainerRef): Promise<HtmlPage> {
    const notice = { text: messagesFor(user).notices.alreadyRevoked, failed: true };
    return this.showContainer(user, buyer, ref, { notice });
  }

  private async showContainer(
    user: PortalUser,
    buyer: Buyer,
    ref: ContainerRef,
    { notice, draft = '' }: { notice?: Notice; draft?: string } = {},
    query: PeopleQuery = {},
  ): Promise<HtmlPage> {
    const { person, session } = user;
    const container = await this.findContainer(buyer, ref);
    if (!person.organization.seats_enabled) throw new FeatureNotEnabled();
    const search = parseSearch(query.q);
    const { cursor } = query;
    const after = typeof cursor === 'string' ? decodeCursor(cursor, SEAT_CURSOR) : undefined;
    // One more row than the page shows tells whether there is a next page.
    const limit = PEOPLE_PER_PAGE + 1;
    const { taken } = container;
    const page = { after, limit };
    const rows = await this.repository.listPeople(buyer, { ref, taken }, search, page);
    const people = rows.slice(0, PEOPLE_PER_PAGE);
    const last = rows.length > PEOPLE_PER_PAGE ? people.at(-1) : undefined;
    const held = await this.repository.listHeld(session, MAX_HELD);
    const bought = await this.repository.listBought(buyer, { page: 1, limit: 1 });
    return containerPage(person, {
      container,
      hasOverview: singleContainer(bought, held) === undefined,
      people,
      search,
      nextCursor: last ? encodeCursor([last.created_at.toISOString(), last.seat_id]) : null,
      isFirstPage: after === undefined,
      notice,
      draft,
      maxEmails: MAX_INVITED,
      now: this.clock.now(),
    });
  }

  private async findContainer(buyer: Buyer, ref: ContainerRef): Promise<ContainerRow> {
    const container = await this.repository.findBought(buyer, ref);
    if (container === undefined) throw new ResourceNotFound();
    return container;
  }

  /** @throws {ResourceNotFound} if the seat belongs to another container. */
  private async findSeat(buyer: Buyer, ref: ContainerRef, id: string): Promise<SeatRow> {
    const seat = await this.portal.find(buyer, parseId(id));
    const isOfContainer =
      'subscription_id' in ref
        ? seat.subscription_id === ref.subscription_id
        : seat.order_id === ref.order_id;
    if (!isOfContainer) throw new ResourceNotFound();
    return seat;
  }

  /** @returns the names of the errors, by e-mail. */
  private async inviteAll(
    buyer: Buyer,
    ref: ContainerRef,
    emails: string[],
  ): Promise<Map<string, string>> {
    if (emails.length === 0) return new Map();
    const { failed } = await this.portal.invite(buyer, ref, emails);
    return new Map(failed.map(({ index, error }) => [emails[index] as string, error]));
  }
}

/** The only purchase, if the overview would show nothing else. */
function singleContainer(
  bought: Paginated<ContainerRow>,
  held: ContainerRow[],
): ContainerRow | undefined {
  const [first] = bought.rows;
  return bought.total === 1 && held.every(({ id }) => id === first?.id) ? first : undefined;
}

/** @throws {NotPermitted} for the role `member`. */
function requireManager({ person, session }: PortalUser, requestId: string): Buyer {
  if (!mayManage(person.member?.role ?? null)) throw new NotPermitted();
  return toBuyer(session, requestId);
}

function messagesFor({ person }: PortalUser): Messages {
  return translationFor(person.organization.locale).t;
}

/** @throws {ResourceNotFound} */
function parseContainerPath({ kind, id }: ContainerPath): ContainerRef {
  if (kind === 'subscriptions') return { subscription_id: parseId(id) };
  if (kind === 'orders') return { order_id: parseId(id) };
  throw new ResourceNotFound();
}

/** @throws {ResourceNotFound} */
function parseId(text: string): string {
  const id = parseUuid(text);
  if (id === undefined) throw new ResourceNotFound();
  return id;
}

/** The search text without NUL, which PostgreSQL refuses. */
function parseSearch(text: unknown): string {
  if (typeof text !== 'string') return '';
  return text.replaceAll('\0', '').trim().slice(0, MAX_SEARCH_LENGTH);
}

/** The results of an invitation form. Failures come first, since they need attention. */
function invitationResults(
  { results: texts }: Messages,
  { emails, invalid }: EmailList,
  errors: Map<string, string>,
): NonNullable<Notice['results']> {
  const bad = (email: string, text: string) => ({ email, text, tone: 'bad' as const });
  const results = emails.map((email) => {
    const error = errors.get(email);
    if (error === undefined) return { email, text: texts.invited, tone: 'good' as const };
    const isKnown = error === 'SeatAlreadyAssigned' || error === 'SeatNotAvailable';
    return bad(email, isKnown ? texts[error] : texts.failed);
  });
  const invalidResults = invalid.slice(0, MAX_INVITED).map((word) => bad(word, texts.invalid));
  return [...invalidResults, ...results].sort((a, b) => a.tone.localeCompare(b.tone));
}

/** A notice for an error that the person can correct. Other errors are thrown again. */
function errorNotice({ notices }: Messages, error: unknown): Notice {
  if (!(error instanceof ApiError)) throw error;
  if (error.error === 'SeatNotPending') return { text: notices.SeatNotPending, failed: true };
  if (error.error !== 'TooManyRequests') throw error;
  const seconds = Number(error.headers['retry-after']);
  return { text: notices.TooManyRequests(seconds), failed: true };
}
