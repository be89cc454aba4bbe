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
const CURSOR = [INTEGER_KEY];

/** What has happened. */
@Injectable()
export class EventsService {
  constructor(
    private readonly events: EventsRepository,
    private readonly seats: SeatsService,
  ) {}

  /**
   * A page of events. What has happened by now is numbered before, so that it is shown; what is
   * committed later gets higher numbers, so that who follows the cursors misses nothing.
   */
  async list(caller: Caller, filters: EventFilters, page: PageKeys): Promise<EventPage> {
    const [after] = page.cursor === undefined ? [] : decodeCursor(page.cursor, CURSOR);
    const limit = page.limit ?? LIMIT;
    await this.events.numberAll();
    const rows = await this.events.list(caller.organizationId, filters, {
      after,
      limit: limit + 1,
    });
    const items = rows.slice(0, limit);
    const last = rows.length > limit ? items.at(-1) : undefined;
    return { items, next_cursor: last ? encodeCursor([last.sequence]) : null };
  }

  /** The events of a seat. @throws {ResourceNotFound}; {FeatureNotEnabled}. */
  async listOfSeat(caller: Caller, seatId: string, page: PageKeys): Promise<EventPage> {
    await this.seats.find(caller, seatId);
    return this.list(caller, { seat_id: seatId }, page);
  }
}
