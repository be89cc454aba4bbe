import { EVENT_TYPES, type EventType } from '../events/event.js';
import { DEFAULT_EVENTS } from './webhook.js';

/*
 * The webhooks of the API description (OpenAPI 3.1): what a receiver gets, for each type of event.
 */

const WHEN: Record<EventType, string> = {
  'customer_seat.assigned': 'A seat was assigned to a person, who has been invited.',
  'customer_seat.claimed': 'A person has claimed a seat, or was given one without an invitation.',
  'customer_seat.revoked': 'A seat was revoked; `data` still has the person it had.',
  'customer_seat.invitation_resent': 'The invitation of a pending seat was sent again.',
  'customer_seat.updated': 'A seat was changed, such as its e-mail or its metadata.',
  'subscription.seats_changed': 'The number of seats of a subscription was changed.',
  'order.seats_changed': 'The number of seats of an order was changed.',
  'seats.exhausted': 'An assignment was refused because no seat was free; at most once a minute.',
  'webhook_endpoint.disabled': 'An endpoint was disabled, since it fails or has answered 410.',
};

const HOW = `
Answer with any 2xx within 10 seconds; do the work afterwards. Anything else is tried again after
5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h and 24 h, later if \`Retry-After\` asks for it. The
same event always has the same \`webhook-id\`: it may come more than once, and not in order.

To verify it, compute the HMAC-SHA256 of \`{webhook-id}.{webhook-timestamp}.{body}\`, with the body as
it came, under the base64-decoded part of the secret after \`whsec_\`, compare its base64 with each
\`v1,…\` of \`webhook-signature\` in constant time, and refuse timestamps that are more than five
minutes off. Every library of Standard Webhooks does this, and so do Polar's clients.
`.trim();

const HEADERS = {
  'webhook-id': ['The id of the event, the same on every try.', { type: 'string', format: 'uuid' }],
  'webhook-timestamp': ['When it was sent: seconds since 1970.', { type: 'string' }],
  'webhook-signature': [
    'Signatures, separated by spaces: two for each secret in force, over the decoded secret ' +
      '(Standard Webhooks) and over the whole secret (Polar’s clients).',
    { type: 'string', examples: ['v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4='] },
  ],
} as const;

/** One entry for each type of event. */
export function describeWebhooks(): Record<string, object> {
  return Object.fromEntries(EVENT_TYPES.map((type) => [type, { post: describe(type) }]));
}

function describe(type: EventType): object {
  const standard = DEFAULT_EVENTS.includes(type)
    ? 'Endpoints get this type unless they name others.'
    : 'Only endpoints that name this type get it.';
  return {
    operationId: `webhook:${type}`,
    tags: ['Webhooks'],
    summary: WHEN[type],
    description: `${standard}\n\n${HOW}`,
    // Nobody calls this with a token: the signature is the proof.
    security: [],
    parameters: Object.entries(HEADERS).map(([name, [description, schema]]) => ({
      name,
      in: 'header',
      required: true,
      description,
      schema,
    })),
    requestBody: {
      required: true,
      content: { 'application/json': { schema: payload(type) } },
    },
    responses: {
      '2XX': { description: 'It has arrived.' },
      '410': { description: 'Nothing more is wanted: the endpoint is disabled.' },
      default: { description: 'It is tried again. Redirects are not followed.' },
    },
  };
}

function payload(type: EventType): object {
  const data = type.startsWith('customer_seat.')
    ? { $ref: '#/components/schemas/CustomerSeatDto' }
    : { type: 'object', description: 'The object as it was right after.' };
  return {
    type: 'object',
    required: ['type', 'timestamp', 'data'],
    properties: {
      type: { const: type, description: 'What happened.' },
      timestamp: { type: 'string', format: 'date-time', description: 'When it happened.' },
      data,
    },
  };
}
