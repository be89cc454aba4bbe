import { EVENT_TYPES, type EventType } from '../events/event.js';
import { dataOf } from '../events/events.openapi.js';
import { pascalCase, type Schema, schemaRef, unionOf } from '../platform/http/openapi.schema.js';
import { API_VERSION, DEFAULT_EVENTS } from './webhook.js';

/*
 * The webhooks of the API description (OpenAPI 3.1): the payload of each event type.
 */

const WHEN: Record<EventType, string> = {
  'customer_seat.assigned': 'A seat was assigned to a person, who has been invited.',
  'customer_seat.claimed': 'A person has claimed a seat, or was given one without an invitation.',
  'customer_seat.revoked': 'A seat was revoked; `data` still contains the person who held it.',
  'customer_seat.invitation_resent':
    'The invitation of a pending seat was sent again, or to a corrected e-mail.',
  'customer_seat.invitation_bounced':
    'The mail server refused the address or the mail of an invitation for good.',
  'customer_seat.updated': 'A seat was changed, for example its e-mail or its metadata.',
  'subscription.seats_changed': 'The number of seats of a subscription was changed.',
  'order.seats_changed': 'The number of seats of an order was changed.',
  'seats.exhausted': 'An assignment was refused because no seat was free; at most once a minute.',
  'webhook_endpoint.disabled': 'An endpoint was disabled because it kept failing or answered 410.',
};

/** How to receive and verify deliveries. */
export const RECEIVING = `
The service sends each event to the endpoints that list its type. Answer with any 2xx within 10 seconds, and process the event afterwards. Otherwise it is sent again
after 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h and 24 h, or later if \`Retry-After\` asks for it.
An event may arrive more than once, always with the same \`webhook-id\`, and events may arrive out of
order.

To verify a delivery, compute the HMAC-SHA256 of \`{webhook-id}.{webhook-timestamp}.{body}\` over the
unparsed body. The key is the base64-decoded part of the secret after \`whsec_\`. Compare the base64 of
the result with each \`v1,…\` of \`webhook-signature\` in constant time, and reject timestamps that are
more than five minutes off. Every Standard Webhooks library does this, and so do Polar's clients.
`.trim();

const HEADERS = {
  'webhook-id': [
    'The id of the event, the same on every attempt.',
    { type: 'string', format: 'uuid' },
  ],
  'webhook-timestamp': ['When it was sent: seconds since 1970.', { type: 'string' }],
  'webhook-signature': [
    'Signatures, separated by spaces. Each valid secret gives two: one with the decoded secret ' +
      '(Standard Webhooks) and one with the whole secret (Polar’s clients).',
    { type: 'string', examples: ['v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4='] },
  ],
} as const;

/** The name of the schema of a delivery, as in Polar's API. */
function nameOfPayload(type: EventType): string {
  return `Webhook${pascalCase(type)}Payload`;
}

/** The webhooks: one entry for each type of event. */
export function describeWebhooks(): Record<string, object> {
  return Object.fromEntries(EVENT_TYPES.map((type) => [type, { post: describe(type) }]));
}

/** The schemas of the bodies of deliveries, and their union. */
export function webhookSchemas(): Record<string, Schema> {
  const names = Object.fromEntries(EVENT_TYPES.map((type) => [type, nameOfPayload(type)]));
  return {
    ...Object.fromEntries(EVENT_TYPES.map((type) => [nameOfPayload(type), payload(type)])),
    WebhookPayload: {
      description: 'The body of a delivery. `type` determines the type of `data`.',
      ...unionOf('type', names),
    },
  };
}

function describe(type: EventType): object {
  const standard = DEFAULT_EVENTS.includes(type)
    ? 'Endpoints receive this type by default.'
    : 'Only endpoints that list this type receive it.';
  return {
    operationId: `on${pascalCase(type)}`,
    summary: WHEN[type],
    description: `${standard} The section Webhooks tells how to receive and verify it.`,
    ...delivery(nameOfPayload(type)),
  };
}

/** The callback of the route that creates an endpoint: a delivery of any type. */
export function describeCallback(): object {
  const post = {
    operationId: 'onDelivery',
    summary: 'A delivery',
    description: 'One of the events of the endpoint. `type` determines the type of `data`.',
    ...delivery('WebhookPayload'),
  };
  return { '{$request.body#/url}': { post } };
}

/** The request of a delivery, and the responses of its receiver. */
function delivery(schema: string): object {
  return {
    tags: ['Webhooks'],
    // Deliveries carry no token: the signature authenticates them.
    security: [],
    parameters: Object.keys(HEADERS).map((name) => ({
      $ref: `#/components/parameters/${pascalCase(name)}`,
    })),
    requestBody: {
      required: true,
      content: { 'application/json': { schema: schemaRef(schema) } },
    },
    responses: {
      '2XX': { description: 'The delivery was accepted.' },
      '410': { description: 'The receiver wants no more deliveries: the endpoint is disabled.' },
      default: { description: 'The delivery is retried. Redirects are not followed.' },
    },
  };
}

/** The headers of a delivery, for the components. */
export function webhookParameters(): Record<string, object> {
  return Object.fromEntries(
    Object.entries(HEADERS).map(([name, [description, schema]]) => [
      pascalCase(name),
      { name, in: 'header', required: true, description, schema },
    ]),
  );
}

function payload(type: EventType): Schema {
  return {
    type: 'object',
    description: WHEN[type],
    required: ['type', 'timestamp', 'api_version', 'data'],
    properties: {
      type: { type: 'string', const: type, description: 'What happened.' },
      timestamp: {
        type: 'string',
        format: 'date-time',
        description: 'When it happened.',
        example: '2026-01-15T09:30:00.000Z',
      },
      api_version: {
        type: 'string',
        const: API_VERSION,
        description: 'The version of the format of `data`.',
      },
      data: dataOf(type),
    },
  };
}
