import { pascalCase, type Schema, schemaRef, unionOf } from '../platform/http/openapi.schema.js';
import { EVENT_TYPES, type EventType } from './event.js';

/*
 * The events of the API description: one schema for each type, and their union. A client that has
 * checked `type` knows the type of `data`.
 */

const BASE = 'EventBase';

/** The name of the schema of the response class of events. */
export const EVENT_SCHEMA = 'StreamEvent';

/** The name of the schema of an event, for example `CustomerSeatAssignedEvent`. */
function nameOfEvent(type: EventType): string {
  return `${pascalCase(type)}Event`;
}

/** The name of the schema of the `data` of each type, in the stream and in webhooks. */
const DATA: Record<EventType, string> = {
  'customer_seat.assigned': 'CustomerSeat',
  'customer_seat.claimed': 'CustomerSeat',
  'customer_seat.revoked': 'CustomerSeat',
  'customer_seat.invitation_resent': 'CustomerSeat',
  'customer_seat.invitation_bounced': 'CustomerSeat',
  'customer_seat.updated': 'CustomerSeat',
  'subscription.seats_changed': 'SeatsChanged',
  'order.seats_changed': 'SeatsChanged',
  'seats.exhausted': 'SeatsExhausted',
  'webhook_endpoint.disabled': 'DisabledWebhookEndpoint',
};

/** The `data` of an event and of a delivery. */
export function dataOf(type: EventType): Schema {
  const object = type.startsWith('customer_seat.') ? 'seat' : 'object';
  const description =
    type === 'customer_seat.revoked'
      ? 'The seat right after the event. It still contains the person who held it.'
      : `The ${object} as it was right after the event.`;
  return { ...schemaRef(DATA[type]), description };
}

// Not the type null alone: openapi-fetch drops keys whose only value is null.
const NO_REASON: Schema = {
  type: ['string', 'null'],
  description: 'Null for events of this type.',
  example: null,
};

/** The `reason` of the types that have one. */
const REASONS: Partial<Record<EventType, Schema>> = {
  'customer_seat.revoked': {
    ...schemaRef('RevokeReason'),
    description: 'Why the seat was revoked.',
  },
  'customer_seat.invitation_bounced': {
    type: 'string',
    description:
      'Why the mail server refused the invitation: its reply code, then its enhanced status code ' +
      'if there is one; `smtputf8` if it does not support the address.',
    example: '550 5.1.1',
  },
};

/**
 * The schemas of the events.
 * @param event the schema of the response class, which describes the keys of every event.
 */
export function describeEvents(event: Schema): Record<string, Schema> {
  const { type: _type, data: _data, reason: _reason, ...shared } = event.properties ?? {};
  const required = (event.required ?? []).filter((key) => key in shared);
  return {
    [BASE]: {
      ...event,
      description: 'The keys that all events have.',
      required,
      properties: shared,
    },
    ...Object.fromEntries(EVENT_TYPES.map((type) => [nameOfEvent(type), variant(type)])),
    [EVENT_SCHEMA]: {
      description: 'A change, its time and its author. `type` determines the type of `data`.',
      ...unionOf('type', Object.fromEntries(EVENT_TYPES.map((type) => [type, nameOfEvent(type)]))),
    },
  };
}

function variant(type: EventType): Schema {
  return {
    description: `The event \`${type}\`.`,
    allOf: [schemaRef(BASE)],
    type: 'object',
    required: ['type', 'reason', 'data'],
    properties: {
      type: { type: 'string', const: type, description: 'What happened.' },
      reason: REASONS[type] ?? NO_REASON,
      data: dataOf(type),
    },
  };
}
