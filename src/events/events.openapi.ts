import { pascalCase, type Schema, schemaRef, unionOf } from '../platform/http/openapi.schema.js';
import { EVENT_TYPES, type EventType } from './event.js';

/*
 * The events of the API description: one schema for each type, and their union. A client that has
 * checked `type` knows the type of `data`.
 */

const BASE = 'EventBase';

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

/** Which values `reason` has in an event. */
function reasonOf(type: EventType): Schema {
  switch (type) {
    case 'customer_seat.revoked':
      return schemaRef('RevokeReason');
    case 'customer_seat.invitation_bounced':
      return { type: 'string', example: '550 5.1.1' };
    default:
      return { type: 'null' };
  }
}

/**
 * The schemas of the events.
 * @param event the schema of the response class, which describes the keys of every event.
 */
export function describeEvents(event: Schema): Record<string, Schema> {
  const { type, data, reason, ...shared } = event.properties ?? {};
  const required = (event.required ?? []).filter((key) => key in shared);
  const variants = EVENT_TYPES.map((each): [string, Schema] => [
    nameOfEvent(each),
    {
      description: `The event \`${each}\`.`,
      allOf: [schemaRef(BASE)],
      type: 'object',
      required: ['type', 'reason', 'data'],
      properties: {
        type: { type: 'string', const: each, description: type?.description },
        reason: { ...reasonOf(each), description: reason?.description },
        data: { ...dataSchemaOf(each), description: data?.description },
      },
    },
  ]);
  return {
    [BASE]: {
      ...event,
      description: 'The keys that all events have.',
      required,
      properties: shared,
    },
    ...Object.fromEntries(variants),
    Event: {
      description: 'What happened, when, and who did it. `type` determines the type of `data`.',
      ...unionOf('type', Object.fromEntries(EVENT_TYPES.map((each) => [each, nameOfEvent(each)]))),
    },
  };
}
