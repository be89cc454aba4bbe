import { Injectable } from '@nestjs/common';
import { Clock } from '../platform/clock.js';
import { ApiError, NotPermitted, ResourceNotFound } from '../platform/errors.js';
import { decodeCursor, encodeCursor } from '../platform/http/cursor.js';
import { parseUuid } from '../platform/http/fields.js';
import type { Page } from '../platform/pages/pages.js';
import type { Page as Rows } from '../platform/http/pages.js';
import type { ContainerRef } from '../seats/seat.js';
import { FeatureNotEnabled } from '../seats/seats.errors.js';
import type { SeatRow } from '../seats/seats.rows.js';
import { type Addresses, readAddresses } from './addresses.js';
import { type Buyer, buyerOf } from './buyer.js';
import { textsOf } from './locales.js';
import type { Messages } from './locales/en.js';
import {
  confirmPage,
  containerPage,
  containerRef,
  type Notice,
  overviewPage,
} from './portal.pages.js';
import { type ContainerRow, PortalRepository } from './portal.repository.js';
import { PortalService } from './portal.service.js';
import { mayManage } from './session.js';
import type { Visitor } from './visits.js';

const PURCHASES_A_PAGE = 20;
const PEOPLE_A_PAGE = 50;
const MOST_HELD = 100;
/** Addresses that are invited at once: nobody reads more results than that. */
const MOST_INVITED = 100;
const SEARCH_LENGTH = 254;
const CURSOR = [/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, /^[0-9a-f-]{36}$/];

/** Which container an address names, as it was typed. */
export interface ContainerPath {
  kind: string;
  id: string;
}

/** Which seat of which container an address names. */
export interface SeatPath extends ContainerPath {
  seat: string;
}

export interface PeopleQuery {
  q?: unknown;
  cursor?: unknown;
}

/** What the portal's pages show and do. Every method gives the page that comes after it. */
@Injectable()
export class PortalPages {
  constructor(
    private readonly portal: PortalService,
    private readonly rows: PortalRepository,
    private readonly clock: Clock,
  ) {}

  /**
   * What somebody bought and holds. With one purchase there is nothing to choose: it is shown.
   * @throws {FeatureNotEnabled} for those who manage seats.
   */
  async overview(visitor: Visitor, requestId: string, pageNumber: unknown): Promise<Page> {
    const { person, session } = visitor;
    const held = await this.rows.held(session, MOST_HELD);
    if (!mayManage(person.member?.role ?? null)) {
      return overviewPage(person, { bought: [], held, page: 1, pageCount: 1 });
    }
    const buyer = buyerOf(session, requestId);
    const page = Math.min(Math.max(Math.trunc(Number(pageNumber)) || 1, 1), 10_000);
    const bought = await this.rows.bought(buyer, { page, limit: PURCHASES_A_PAGE });
    if (bought.total > 0 && !person.organization.seats_enabled) throw new FeatureNotEnabled();
    const only = onlyOne(bought, held);
    if (only !== undefined) return this.show(visitor, buyer, containerRef(only));
    const pageCount = Math.ceil(bought.total / PURCHASES_A_PAGE);
    return overviewPage(person, { bought: bought.rows, held, page, pageCount });
  }

  /** @throws {ResourceNotFound}; {NotPermitted}; {FeatureNotEnabled}; also the other pages do. */
  async container(
    visitor: Visitor,
    requestId: string,
    path: ContainerPath,
    query: PeopleQuery,
  ): Promise<Page> {
    const buyer = managerOf(visitor, requestId);
    return this.show(visitor, buyer, refOf(path), {}, query);
  }

  /** Invites everybody in a text, as far as there are seats, and tells what came of each. */
  async invite(
    visitor: Visitor,
    requestId: string,
    path: ContainerPath,
    text: unknown,
  ): Promise<Page> {
    const buyer = managerOf(visitor, requestId);
    const ref = refOf(path);
    const { results, t } = textsIn(visitor);
    const read = readAddresses(typeof text === 'string' ? text : '');
    const emails = read.emails.slice(0, MOST_INVITED);
    const rest = read.emails.slice(MOST_INVITED);
    if (emails.length + read.invalid.length === 0) {
      return this.show(visitor, buyer, ref, { notice: { text: results.empty, refused: true } });
    }
    const failures = await this.inviteAll(buyer, ref, emails);
    const told = resultsOf(t, { ...read, emails }, failures);
    const invited = emails.length - failures.size;
    const notice = {
      text: results.heading(invited, told.length),
      refused: invited === 0,
      results: told,
      hint: rest.length > 0 ? results.rest(rest.length) : undefined,
    };
    const draft = [...read.invalid, ...rest].join('\n');
    return this.show(visitor, buyer, ref, { notice, draft });
  }

  async resend(visitor: Visitor, requestId: string, path: SeatPath): Promise<Page> {
    const buyer = managerOf(visitor, requestId);
    const ref = refOf(path);
    const { t } = textsIn(visitor);
    const seat = await this.seat(buyer, ref, path.seat);
    if (seat.email === null) return this.gone(visitor, buyer, ref);
    const notice = await this.portal.resend(buyer, seat.seat_id).then(
      () => ({ text: t.notices.resent(seat.email as string) }),
      (error: unknown) => refusal(t, error),
    );
    return this.show(visitor, buyer, ref, { notice });
  }

  async confirmRevoke(visitor: Visitor, requestId: string, path: SeatPath): Promise<Page> {
    const buyer = managerOf(visitor, requestId);
    const ref = refOf(path);
    const seat = await this.seat(buyer, ref, path.seat);
    if (seat.email === null) return this.gone(visitor, buyer, ref);
    const { seat_id: id, email } = seat;
    const claimed = seat.status === 'claimed';
    return confirmPage(visitor.person, await this.bought(buyer, ref), { id, email, claimed });
  }

  async revoke(visitor: Visitor, requestId: string, path: SeatPath): Promise<Page> {
    const buyer = managerOf(visitor, requestId);
    const ref = refOf(path);
    const seat = await this.seat(buyer, ref, path.seat);
    if (seat.email === null) return this.gone(visitor, buyer, ref);
    await this.portal.revoke(buyer, seat.seat_id);
    const { t } = textsIn(visitor);
    return this.show(visitor, buyer, ref, { notice: { text: t.notices.revoked(seat.email) } });
  }

  private gone(visitor: Visitor, buyer: Buyer, ref: ContainerRef): Promise<Page> {
    const notice = { text: textsIn(visitor).t.notices.gone, refused: true };
    return this.show(visitor, buyer, ref, { notice });
  }

  private async show(
    visitor: Visitor,
    buyer: Buyer,
    ref: ContainerRef,
    { notice, draft = '' }: { notice?: Notice; draft?: string } = {},
    query: PeopleQuery = {},
  ): Promise<Page> {
    const { person } = visitor;
    const container = await this.bought(buyer, ref);
    if (!person.organization.seats_enabled) throw new FeatureNotEnabled();
    const search = readSearch(query.q);
    const after = typeof query.cursor === 'string' ? decodeCursor(query.cursor, CURSOR) : undefined;
    const limit = PEOPLE_A_PAGE + 1;
    const found = await this.rows.people(buyer, ref, search, { after, limit });
    const people = found.slice(0, PEOPLE_A_PAGE);
    const last = found.length > PEOPLE_A_PAGE ? people.at(-1) : undefined;
    const held = await this.rows.held(visitor.session, MOST_HELD);
    const only = onlyOne(await this.rows.bought(buyer, { page: 1, limit: 1 }), held);
    return containerPage(person, {
      container,
      alone: only !== undefined,
      people,
      search,
      next: last ? encodeCursor([last.created_at.toISOString(), last.seat_id]) : null,
      continued: after !== undefined,
      notice,
      draft,
      most: MOST_INVITED,
      now: this.clock.now(),
    });
  }

  private async bought(buyer: Buyer, ref: ContainerRef): Promise<ContainerRow> {
    const container = await this.rows.findBought(buyer, ref);
    if (container === undefined) throw new ResourceNotFound();
    return container;
  }

  /** The seat, if it is one of this container. */
  private async seat(buyer: Buyer, ref: ContainerRef, id: string): Promise<SeatRow> {
    const seat = await this.portal.find(buyer, readId(id));
    const { subscription_id, order_id } = seat;
    const named = 'subscription_id' in ref ? ref.subscription_id : ref.order_id;
    if (named !== subscription_id && named !== order_id) throw new ResourceNotFound();
    return seat;
  }

  /** The names of the errors of those who failed, by their e-mails. */
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

/** The one container that there is to see, if there is no other. */
function onlyOne(bought: Rows<ContainerRow>, held: ContainerRow[]): ContainerRow | undefined {
  const [only] = bought.rows;
  return bought.total === 1 && held.every(({ id }) => id === only?.id) ? only : undefined;
}

/** @throws {NotPermitted} for role member. */
function managerOf({ person, session }: Visitor, requestId: string): Buyer {
  if (!mayManage(person.member?.role ?? null)) throw new NotPermitted();
  return buyerOf(session, requestId);
}

function textsIn({ person }: Visitor): { t: Messages; results: Messages['results'] } {
  const { t } = textsOf(person.organization.locale);
  return { t, results: t.results };
}

/** @throws {ResourceNotFound} */
function refOf({ kind, id }: ContainerPath): ContainerRef {
  if (kind === 'subscriptions') return { subscription_id: readId(id) };
  if (kind === 'orders') return { order_id: readId(id) };
  throw new ResourceNotFound();
}

function readId(text: string): string {
  const id = parseUuid(text);
  if (id === undefined) throw new ResourceNotFound();
  return id;
}

/** What is searched for, as PostgreSQL can read it: it takes no NUL. */
function readSearch(text: unknown): string {
  return typeof text === 'string' ? text.replaceAll('\0', '').trim().slice(0, SEARCH_LENGTH) : '';
}

function resultsOf(
  t: Messages,
  { emails, invalid }: Addresses,
  failures: Map<string, string>,
): NonNullable<Notice['results']> {
  const { results } = t;
  const told = emails.map((email) => {
    const error = failures.get(email);
    if (error === undefined) return { email, text: results.invited, tone: 'good' as const };
    const known = error === 'SeatAlreadyAssigned' || error === 'SeatNotAvailable';
    return { email, text: known ? results[error] : results.failed, tone: 'bad' as const };
  });
  const unread = invalid.slice(0, MOST_INVITED).map((email) => {
    return { email, text: results.invalid, tone: 'bad' as const };
  });
  // What needs attention comes first.
  return [...unread, ...told].sort((a, b) => a.tone.localeCompare(b.tone));
}

/** What the page says of an error that leaves everything as it was; the others are passed on. */
function refusal({ notices }: Messages, error: unknown): Notice {
  if (!(error instanceof ApiError)) throw error;
  if (error.error === 'SeatNotPending') return { text: notices.SeatNotPending, refused: true };
  if (error.error !== 'TooManyRequests') throw error;
  const seconds = Number(error.headers['retry-after']);
  return { text: notices.TooManyRequests(seconds), refused: true };
}
