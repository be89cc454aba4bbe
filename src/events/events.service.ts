import { Injectable } from '@nestjs/common';
import type { Caller } from '../platform/caller.js';
import { Keys } from '../platform/crypto.js';
import { invalidCursor } from '../platform/http/cursor.js';
import { SeatsService } from '../seats/seats.service.js';
import { type EventFilters, type EventRow, EventsRepository } from './events.repository.js';

export interface EventPage {
  items: EventRow[];
  /** Null at the end. */
  next_cursor: string | null;
}

export interface PageKeys {
  limit?: number;
  cursor?: string;
}

const LIMIT = 100;

/** The event stream: everything that has happened, in order. */
@Injectable()
export class EventsService {
  constructor(
    private readonly events: EventsRepository,
    private readonly seats: SeatsService,
    private readonly keys: Keys,
  ) {}

  /**
   * A page of numbered events. At most one batch of unnumbered events is numbered first, without
   * waiting, so that a page includes the events that precede the request. Events that another process
   * is about to number come later: they get higher numbers, so a caller that follows the cursors
   * misses none. While there are such events, a page has a cursor even if nothing follows it yet. An
   * empty page has none, because callers would request it again and again without a pause.
   */
  async list(caller: Caller, filters: EventFilters, page: PageKeys): Promise<EventPage> {
    const { cursor } = page;
    const after = cursor === undefined ? undefined : this.decode(caller, cursor);
    const limit = page.limit ?? LIMIT;
    const complete = await this.events.catchUp();
    const rows = await this.events.list(caller.organizationId, filters, {
      after,
      limit: limit + 1,
    });
    const items = rows.slice(0, limit);
    const more = rows.length > limit || (!complete && filters.order !== 'desc');
    const last = more ? items.at(-1) : undefined;
    return { items, next_cursor: last ? this.encode(caller, last.sequence) : null };
  }

  /**
   * A cursor is encrypted, because the numbers of all organizations' events are one sequence: a plain
   * number would tell an organization how many events the others have. For the same reason the
   * plain cursors of the previous release are refused: a client can make those up.
   */
  private encode({ organizationId }: Caller, sequence: string): string {
    const sealed = this.keys.encrypt('event-cursor', `${organizationId} ${sequence}`);
    return Buffer.from(sealed, 'base64').toString('base64url');
  }

  /** @throws {RequestValidationError} it is not a cursor of this organization. */
  private decode({ organizationId }: Caller, cursor: string): string {
    const [owner, sequence] = this.decrypt(cursor)?.split(' ') ?? [];
    if (owner !== organizationId || sequence === undefined) throw invalidCursor(cursor);
    return sequence;
  }

  private decrypt(cursor: string): string | undefined {
    try {
      return this.keys.decrypt('event-cursor', cursor);
    } catch {
      return undefined;
    }
  }

  /** The events of a seat. @throws {ResourceNotFound}; {FeatureNotEnabled}. */
  async listOfSeat(caller: Caller, seatId: string, page: PageKeys): Promise<EventPage> {
    await this.seats.find(caller, seatId);
    return this.list(caller, { seat_id: seatId }, page);
  }
}
