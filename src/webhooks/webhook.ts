import { createHmac, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import type { EventType } from '../events/event.js';

/*
 * The rules of webhooks, without a database or a network: signatures, the retry schedule, and when
 * an endpoint is disabled.
 */

/** Old strict clients throw on types that they do not know. All of them know these three. */
export const DEFAULT_EVENTS: EventType[] = [
  'customer_seat.assigned',
  'customer_seat.claimed',
  'customer_seat.revoked',
];

/** The version in every delivery. Polar's Python client 1.x requires it. */
export const API_VERSION = '2026-04';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** The delays between attempts in milliseconds: ten attempts in a little over three days. */
const RETRY_DELAYS = [
  5 * SECOND,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR,
];
const JITTER = 0.1;
const MAX_RETRY_AFTER = 24 * HOUR;

/** An endpoint that has failed for this long without a success is disabled. */
export const GIVE_UP_AFTER_MS = 5 * 24 * HOUR;
/** Why the service disables an endpoint. */
export const DISABLED = {
  gone: 'The receiver answered 410 Gone.',
  failing: 'It has failed for 5 days without a success.',
};
export const TIMEOUT_MS = 10 * SECOND;
/** How long a replaced secret still signs, in addition to its successor. */
export const SECRET_OVERLAP_MS = 24 * HOUR;
export const KEPT_RESPONSE_BYTES = 2048;

/**
 * Milliseconds until the next attempt; undefined after the last one. Each delay is up to a tenth
 * longer, so that messages that failed together are not retried together. A receiver may ask for
 * more time, up to a day.
 * @param attempt the number of the failed attempt, from 1. @param random from 0 to 1.
 */
export function retryDelay(
  attempt: number,
  retryAfterSeconds: number | undefined,
  random: number,
): number | undefined {
  const delay = RETRY_DELAYS[attempt - 1];
  if (delay === undefined) return undefined;
  const asked = Math.min((retryAfterSeconds ?? 0) * SECOND, MAX_RETRY_AFTER);
  return Math.max(delay, asked) * (1 + JITTER * random);
}

/** Seconds from now until the time of a Retry-After header: a number of seconds, or a date. */
export function retryAfterSeconds(header: string | undefined, now: Date): number | undefined {
  if (header === undefined) return undefined;
  const seconds = /^\d{1,9}$/.test(header)
    ? Number(header)
    : (Date.parse(header) - now.getTime()) / SECOND;
  return seconds > 0 ? seconds : undefined;
}

const SECRET_PREFIX = 'whsec_';

export function newSecret(): string {
  return SECRET_PREFIX + randomBytes(32).toString('base64');
}

/** Whether the string is `whsec_` and the base64 of 24 to 64 bytes (Standard Webhooks). */
export function isSecret(secret: string): boolean {
  const text = secret.slice(SECRET_PREFIX.length);
  const bytes = Buffer.from(text, 'base64');
  const canonical = bytes.toString('base64');
  return (
    secret.startsWith(SECRET_PREFIX) &&
    (text === canonical || text === canonical.replace(/=+$/, '')) &&
    bytes.length >= 24 &&
    bytes.length <= 64
  );
}

/**
 * The keys that sign with a secret: the decoded bytes after `whsec_`, as the standard requires, and
 * the bytes of the whole secret, which Polar's clients use. Make them once for many deliveries: Node
 * takes longer to turn bytes into a key than to sign.
 */
export function signingKeys(secret: string): KeyObject[] {
  return [
    createSecretKey(secret.slice(SECRET_PREFIX.length), 'base64'),
    createSecretKey(secret, 'utf8'),
  ];
}

/**
 * The headers of a delivery (Standard Webhooks), with a signature of each key.
 * @param timestamp seconds since 1970.
 */
export function signedHeaders(
  id: string,
  timestamp: number,
  body: string,
  keys: KeyObject[],
): Record<string, string> {
  const text = `${id}.${timestamp}.${body}`;
  const signatures = keys.map(
    (key) => `v1,${createHmac('sha256', key).update(text).digest('base64')}`,
  );
  return {
    'content-type': 'application/json',
    'user-agent': 'Seats-Webhooks',
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': signatures.join(' '),
  };
}
