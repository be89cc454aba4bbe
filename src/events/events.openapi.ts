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

/** The schema of the `data` of an event, in the stream and in webhooks. */
export function dataSchemaOf(type: EventType): Schema {
  switch (type) {
    case 'subscription.seats_changed':
    case 'order.seats_changed':
      return schemaRef('SeatsChanged');
    case 'seats.exhausted':
      return schemaRef('SeatsExhausted');
    case 'webhook_endpoint.disabled':
      return schemaRef('DisabledWebhookEndpoint');
    default:
      return schemaRef('CustomerSeat');
  }
}

/** The description of `data` in events and webhooks. */
export function dataDescription(type: EventType): string {
  if (type === 'customer_seat.revoked') {
    return 'The seat right after the event. It still contains the person who held it.';
  }
  return type.startsWith('customer_seat.')
    ? 'The seat as it was right after the event.'
    : 'The object as it was right after the event.';
}

const NO_REASON: Schema = {
  type: 'null',
  description: 'Always null for this type.',
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
      description: 'What happened, when, and who did it. `type` determines the type of `data`.',
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
      data: { ...dataSchemaOf(type), description: dataDescription(type) },
    },
  };
}
