import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  isSecret,
  newSecret,
  retryAfterSeconds,
  retryDelay,
  signedHeaders,
  signingKeys,
} from '../../src/webhooks/webhook.js';

const { vectors } = JSON.parse(
  readFileSync(join(import.meta.dirname, '../vectors/webhooks.json'), 'utf8'),
) as { vectors: Record<string, string>[] };

describe('the signature', () => {
  it.each(vectors)('of $secret matches the test vectors', (vector) => {
    const { id = '', timestamp, body = '', secret = '' } = vector;
    const headers = signedHeaders(id, Number(timestamp), body, signingKeys(secret));
    expect(headers['webhook-id']).toBe(id);
    expect(headers['webhook-timestamp']).toBe(String(timestamp));
    const [standard, whole] = headers['webhook-signature']?.split(' ') ?? [];
    expect(whole).toBe(vector['whole_secret']);
    if (vector['standard_webhooks']) expect(standard).toBe(vector['standard_webhooks']);
  });

  it('is given twice for each valid secret', () => {
    const headers = signedHeaders('id', 1, '{}', [newSecret(), newSecret()].flatMap(signingKeys));
    const signatures = headers['webhook-signature']?.split(' ') ?? [];
    expect(new Set(signatures).size).toBe(4);
    expect(signatures.every((signature) => /^v1,[\w+/]{43}=$/.test(signature))).toBe(true);
  });
});

describe('a secret', () => {
  const secret = (bytes: number) => `whsec_${Buffer.alloc(bytes, 7).toString('base64')}`;

  it.each([newSecret(), secret(24), secret(64), secret(25).replace(/=+$/, '')])('may be %s', (it) =>
    expect(isSecret(it)).toBe(true),
  );

  it.each([
    secret(23),
    secret(65),
    secret(32).slice(6),
    'whsec_',
    'whsec_testsecret',
    `${secret(32)} `,
    secret(32).replace('B', '-'),
  ])('may not be "%s"', (it) => expect(isSecret(it)).toBe(false));
});

describe('the schedule', () => {
  const delays = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];

  it.each(delays.map((seconds, index) => [index + 1, seconds]))(
    'after try %i waits %i s, and up to a tenth more',
    (attempt, seconds) => {
      expect(retryDelay(attempt, undefined, 0)).toBe(seconds * 1000);
      expect(retryDelay(attempt, undefined, 1)).toBeCloseTo(seconds * 1100, 3);
    },
  );

  it('ends after the tenth try', () => {
    expect(retryDelay(10, undefined, 0)).toBeUndefined();
    expect(retryDelay(10, 60, 0)).toBeUndefined();
  });

  it('waits as long as the receiver asks, at most a day, and never less than scheduled', () => {
    expect(retryDelay(1, 60, 0)).toBe(60_000);
    expect(retryDelay(2, 60, 0)).toBe(300_000);
    expect(retryDelay(1, 999_999_999, 0)).toBe(86_400_000);
  });
});

describe('Retry-After', () => {
  const now = new Date('2026-01-01T00:00:00Z');

  it.each([
    ['120', 120],
    ['Thu, 01 Jan 2026 00:01:00 GMT', 60],
    ['Wed, 31 Dec 2025 00:00:00 GMT', undefined],
    ['0', undefined],
    ['-5', undefined],
    ['soon', undefined],
    [undefined, undefined],
  ])('%s is %s seconds', (header, seconds) => {
    expect(retryAfterSeconds(header, now)).toBe(seconds);
  });
});
