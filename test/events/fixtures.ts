import type { EventsRepository } from '../../src/events/events.repository.js';

/** Numbers all visible events, as readers do. */
export async function numberAll(events: EventsRepository): Promise<void> {
  while ((await events.number()) > 0);
}
