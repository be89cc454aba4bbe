import { createHmac, timingSafeEqual } from 'node:crypto';
import type { WebhookPayload } from './schema.ts';

const PREFIX = 'whsec_';
const TOLERANCE = 5 * 60;

export interface Delivery {
  /** The body of the request as it arrived, before any parsing. */
  body: string | Uint8Array;
  /** The headers of the request: those of Node, of fetch, or a plain object. */
  headers: Headers | Record<string, string | string[] | undefined>;
  /** The secret of the endpoint, which begins with `whsec_`. */
  secret: string;
  /** How far the time of the delivery may be from the clock, in seconds. The default is 300. */
  tolerance?: number;
}

/** A request that the service did not sign with this secret, or that is too old. Answer with 401. */
export class WebhookVerificationError extends Error {
  override name = 'WebhookVerificationError';
}

/**
 * Verifies a delivery (Standard Webhooks) and returns its event. The value of `type` determines the
 * type of `data`. A delivery can arrive more than once, each time with the same header `webhook-id`.
 *
 * @throws {WebhookVerificationError}
 */
export function verifyWebhook(delivery: Delivery): WebhookPayload {
  const { secret, tolerance = TOLERANCE } = delivery;
  const id = headerOf(delivery, 'webhook-id');
  const timestamp = headerOf(delivery, 'webhook-timestamp');
  const signatures = headerOf(delivery, 'webhook-signature').split(' ');
  const age = Math.abs(Date.now() / 1000 - Number(timestamp));
  // The comparison is false for a timestamp that is not a number.
  if (!(age <= tolerance))
    throw new WebhookVerificationError('The timestamp is too old or too new.');
  const body = typeof delivery.body === 'string' ? Buffer.from(delivery.body) : delivery.body;
  const expected = createHmac('sha256', Buffer.from(secret.slice(PREFIX.length), 'base64'))
    .update(`${id}.${timestamp}.`)
    .update(body)
    .digest();
  if (!signatures.some((signature) => isSame(signature, expected))) {
    throw new WebhookVerificationError('No signature matches the secret of the endpoint.');
  }
  return JSON.parse(new TextDecoder().decode(body)) as WebhookPayload;
}

function headerOf({ headers }: Delivery, name: string): string {
  const value = headers instanceof Headers ? headers.get(name) : headers[name];
  if (typeof value !== 'string')
    throw new WebhookVerificationError(`The header ${name} is missing.`);
  return value;
}

function isSame(signature: string, expected: Buffer): boolean {
  const [version, text = ''] = signature.split(',');
  const given = Buffer.from(text, 'base64');
  return version === 'v1' && given.length === expected.length && timingSafeEqual(given, expected);
}
