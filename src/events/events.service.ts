import { Injectable } from '@nestjs/common';
import type { Caller } from '../platform/http/access.js';
import { decodeCursor, encodeCursor, INTEGER_KEY } from '../platform/http/cursor.js';
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
const CURSOR = [INTEGER_KEY, INTEGER_KEY];
const START = ['0', '0'];

/** What has happened. */
@Injectable()
export class EventsService {
  constructor(
    private readonly events: EventsRepository,
    private readonly seats: SeatsService,
  ) {}

  /**
   * A page of events. The last page shows all there is; a cursor never points behind an event that
   * might still get an older neighbour, so that who follows the cursors misses nothing.
   */
  async list(caller: Caller, filters: EventFilters, page: PageKeys): Promise<EventPage> {
    const after = page.cursor === undefined ? undefined : decodeCursor(page.cursor, CURSOR);
    const limit = page.limit ?? LIMIT;
    const rows = await this.events.list(caller.organizationId, filters, {
      after,
      limit: limit + 1,
    });
    if (rows.length <= limit) return { items: rows, next_cursor: null };
    const full = rows.slice(0, limit);
    const items = filters.order === 'desc' ? full : full.filter((row) => row.settled);
    const last = items.at(-1);
    // None of them is settled: there is more, but not yet.
    const keys = last ? [last.xact, last.position] : (after ?? START);
    return { items, next_cursor: encodeCursor(keys) };
  }

  /** The events of a seat. @throws {ResourceNotFound}; {FeatureNotEnabled}. */
  async listOfSeat(caller: Caller, seatId: string, page: PageKeys): Promise<EventPage> {
    await this.seats.find(caller, seatId);
    return this.list(caller, { seat_id: seatId }, page);
  }
}
