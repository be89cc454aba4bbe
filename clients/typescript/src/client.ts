import createFetch, { type Client } from 'openapi-fetch';
import { Operations, type QueryOf } from './operations.ts';
import type { paths, StreamEvent } from './schema.ts';

export interface SeatsClientOptions {
  /** The URL of the service, without `/v1`. */
  baseUrl: string;
  /**
   * An access token of your organization (`seat_oat_…`). Keep it on your server. For the routes of
   * the customer portal, a session (`seat_cst_…` or `seat_mst_…`).
   */
  token: string;
  /** Another implementation of `fetch`, for example one that repeats requests. */
  fetch?: (request: Request) => Promise<Response>;
}

/** A client of Seats, with a method for each operation. A refused request throws a `SeatsError`. */
export class SeatsClient extends Operations {
  protected readonly api: Client<paths>;

  constructor({ baseUrl, token, fetch }: SeatsClientOptions) {
    super();
    this.api = createFetch<paths>({
      baseUrl,
      headers: { authorization: `Bearer ${token}` },
      ...(fetch && { fetch }),
    });
  }

  /**
   * All events from `cursor` on, page by page, oldest first.
   *
   * ```ts
   * for await (const event of seats.everyEvent({ type: ['customer_seat.revoked'] })) {
   *   if (event.type === 'customer_seat.revoked') console.log(event.data.email, event.reason);
   * }
   * ```
   */
  async *everyEvent(query: QueryOf<'listEvents'> = {}): AsyncGenerator<StreamEvent, void> {
    let cursor = query.cursor ?? null;
    do {
      const page = await this.listEvents({ ...query, ...(cursor !== null && { cursor }) });
      yield* page.items;
      cursor = page.next_cursor;
    } while (cursor !== null);
  }
}

/**
 * Creates a client.
 *
 * ```ts
 * const seats = createSeatsClient({ baseUrl: 'https://seats.example.com', token });
 * const { has_access } = await seats.checkAccess({ product_id, email });
 * ```
 */
export function createSeatsClient(options: SeatsClientOptions): SeatsClient {
  return new SeatsClient(options);
}
