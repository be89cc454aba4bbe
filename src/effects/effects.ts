import type { EventType } from '../events/event.js';

/** The names of the work that can follow from an event. */
export const EFFECT_NAMES = ['invitation-mail', 'endpoint-disabled-mail'] as const;
export type Effect = (typeof EFFECT_NAMES)[number];

/** An event as the relay needs it. */
export interface OutboxEvent {
  id: string;
  type: EventType;
  invites: boolean;
}

type Rule = (event: OutboxEvent) => Effect[];

const invitation: Rule = (event) => (event.invites ? ['invitation-mail'] : []);
const endpointDisabled: Rule = () => ['endpoint-disabled-mail'];
const nothing: Rule = () => [];

/** The effects of each event type. The code does not compile while a type is missing here. */
export const EFFECTS: Record<EventType, Rule> = {
  'customer_seat.assigned': invitation,
  'customer_seat.invitation_resent': invitation,
  'customer_seat.invitation_bounced': nothing,
  'customer_seat.claimed': nothing,
  'customer_seat.revoked': nothing,
  'customer_seat.updated': nothing,
  'subscription.seats_changed': nothing,
  'order.seats_changed': nothing,
  'seats.exhausted': nothing,
  'webhook_endpoint.disabled': endpointDisabled,
};

/** Performs one effect. It may run again after a crash, so it must be idempotent. */
export abstract class EffectHandler {
  abstract readonly effect: Effect;

  /** @returns the outcome for the receipt, one or two words. @throws if it is to be retried later. */
  abstract handle(eventId: string): Promise<string>;

  /**
   * Called after the last attempt when the mail server has refused the mail for good.
   * @param reason the code of the refusal. @returns the outcome for the receipt.
   */
  refused(_eventId: string, _reason: string): Promise<string> {
    return Promise.resolve('refused');
  }
}
