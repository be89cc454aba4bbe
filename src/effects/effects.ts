import type { EventType } from '../events/event.js';

/** What can follow from an event. */
export type Effect = 'invitation-mail' | 'endpoint-disabled-mail';

/** What the relay must know of an event. */
export interface OutboxEvent {
  id: string;
  type: EventType;
  invites: boolean;
}

type Rule = (event: OutboxEvent) => Effect[];

const invitation: Rule = (event) => (event.invites ? ['invitation-mail'] : []);
const endpointDisabled: Rule = () => ['endpoint-disabled-mail'];
const nothing: Rule = () => [];

/** The one table of what happens when. A type of event that is missing here does not compile. */
export const EFFECTS: Record<EventType, Rule> = {
  'customer_seat.assigned': invitation,
  'customer_seat.invitation_resent': invitation,
  'customer_seat.claimed': nothing,
  'customer_seat.revoked': nothing,
  'customer_seat.updated': nothing,
  'subscription.seats_changed': nothing,
  'order.seats_changed': nothing,
  'seats.exhausted': nothing,
  'webhook_endpoint.disabled': endpointDisabled,
};

/** Does one effect. Called again after a crash, so doing it twice must be harmless. */
export abstract class EffectHandler {
  abstract readonly effect: Effect;

  /** @returns what came of it, in a word, for the receipt. Throws to be called again later. */
  abstract handle(eventId: string): Promise<string>;
}
