import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';
import { crc32 } from 'node:zlib';
import { Injectable } from '@nestjs/common';
import { Settings } from './config.js';

/** Each use of a key has its own name, so that a value of one use is worthless in another. */
export type Purpose =
  'token' | 'invitation' | 'invitation-hash' | 'client-secret' | 'webhook-secret';

const ALPHANUMERIC = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/**
 * The service's secret keys. The first one signs and encrypts; all of them verify and decrypt,
 * so that a key can be replaced while tokens and secrets made with the old one are still about.
 */
@Injectable()
export class Keys {
  private readonly derived = new Map<string, KeyObject>();

  constructor(private readonly settings: Settings) {}

  /** HMAC-SHA256 under the first key, base64url: 43 characters. */
  sign(purpose: Purpose, text: string): string {
    return this.signatures(purpose, text)[0] as string;
  }

  /** The same under every key, the first one first. A stored hash is looked for among these. */
  signatures(purpose: Purpose, text: string): string[] {
    return this.settings.secretKeys.map((key) =>
      createHmac('sha256', this.derive(key, purpose)).update(text).digest('base64url'),
    );
  }

  /** Whether `hash` is the keyed hash of `text`, in constant time. */
  verify(purpose: Purpose, text: string, hash: string): boolean {
    return this.signatures(purpose, text).some((candidate) => equal(candidate, hash));
  }

  /** AES-256-GCM: nonce, tag and ciphertext, base64. */
  encrypt(purpose: Purpose, text: string): string {
    const nonce = randomBytes(12);
    const key = this.derive(this.settings.secretKeys[0] as string, purpose);
    const cipher = createCipheriv('aes-256-gcm', key, nonce);
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64');
  }

  /** @throws when no key opens it. */
  decrypt(purpose: Purpose, sealed: string): string {
    const bytes = Buffer.from(sealed, 'base64');
    for (const secret of this.settings.secretKeys) {
      const decipher = createDecipheriv(
        'aes-256-gcm',
        this.derive(secret, purpose),
        bytes.subarray(0, 12),
      );
      decipher.setAuthTag(bytes.subarray(12, 28));
      try {
        return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString();
      } catch {
        // Sealed with another key of the list.
      }
    }
    throw new Error(`no key in SECRET_KEYS opens this ${purpose}`);
  }

  private derive(secret: string, purpose: Purpose): KeyObject {
    const name = `${purpose}:${secret}`;
    let key = this.derived.get(name);
    if (key === undefined) {
      key = createSecretKey(Buffer.from(hkdfSync('sha256', secret, '', `seats:${purpose}`, 32)));
      this.derived.set(name, key);
    }
    return key;
  }
}

/** Constant-time comparison of two strings. */
function equal(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

/** `prefix`, 37 random characters, and 6 of checksum, which lets a mistyped token be refused unread. */
export function newToken(prefix: string): string {
  const body = randomText(37);
  return `${prefix}${body}${tokenChecksum(body)}`;
}

/** Whether `token` has the form of {@link newToken} with this prefix. */
export function isToken(token: string, prefix: string): boolean {
  const text = token.slice(prefix.length);
  return (
    token.startsWith(prefix) &&
    /^[A-Za-z0-9]{43}$/.test(text) &&
    tokenChecksum(text.slice(0, 37)) === text.slice(37)
  );
}

/** Base62 (0-9A-Za-z, zero-padded to 6) of the CRC-32 of `body`. */
export function tokenChecksum(body: string): string {
  let rest = crc32(body);
  let text = '';
  for (let digit = 0; digit < 6; digit += 1) {
    text = ALPHANUMERIC.charAt(rest % 62) + text;
    rest = Math.floor(rest / 62);
  }
  return text;
}

/** Random text of `[0-9A-Za-z]`, every character equally likely. */
function randomText(length: number): string {
  let text = '';
  while (text.length < length) {
    for (const byte of randomBytes(length)) {
      // 248 is the largest multiple of 62 in a byte: what lies above would favour some characters.
      if (byte < 248 && text.length < length) text += ALPHANUMERIC.charAt(byte % 62);
    }
  }
  return text;
}
