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
import { Settings } from './settings.js';

/** The use of a key. Each use derives its own key, so a value for one use is invalid for another. */
export type Purpose =
  | 'token'
  | 'portal-code'
  | 'invitation'
  | 'invitation-hash'
  | 'client-secret'
  | 'webhook-secret'
  | 'event-cursor';

const ALPHANUMERIC = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/**
 * The service's secret keys. The first key signs and encrypts. All keys verify and decrypt, so that a
 * key can be replaced while tokens and secrets of the old key are still in use.
 */
@Injectable()
export class Keys {
  private readonly derived = new Map<string, KeyObject>();
  private readonly names = new Map<string, string>();

  constructor(private readonly settings: Settings) {}

  /**
   * The name of each key, in the order of the settings: 12 hexadecimal digits, which are stored with
   * the values that the key signed or encrypted. They are derived from the key but do not reveal it.
   */
  get ids(): string[] {
    return this.settings.secretKeys.map((secret) => this.idOf(secret));
  }

  /** The name of the key that signs and encrypts. */
  get firstId(): string {
    return this.ids[0] as string;
  }

  /** HMAC-SHA256 under the first key, base64url: 43 characters. */
  sign(purpose: Purpose, text: string): string {
    return this.signatures(purpose, text)[0] as string;
  }

  /** The same under every key, in their order. A stored hash is compared with each of them. */
  signatures(purpose: Purpose, text: string): string[] {
    return this.settings.secretKeys.map((key) =>
      createHmac('sha256', this.derive(key, purpose)).update(text).digest('base64url'),
    );
  }

  /** Whether `hash` is the keyed hash of `text`, in constant time. */
  verify(purpose: Purpose, text: string, hash: string): boolean {
    return this.signerOf(purpose, text, hash) !== undefined;
  }

  /** The name of the key for which `hash` is the keyed hash of `text`; undefined if there is none. */
  signerOf(purpose: Purpose, text: string, hash: string): string | undefined {
    const index = this.signatures(purpose, text).findIndex((candidate) => equal(candidate, hash));
    return this.ids[index];
  }

  /** AES-256-GCM: nonce, tag and ciphertext, base64. */
  encrypt(purpose: Purpose, text: string): string {
    const nonce = randomBytes(12);
    const key = this.derive(this.settings.secretKeys[0] as string, purpose);
    const cipher = createCipheriv('aes-256-gcm', key, nonce);
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64');
  }

  /** @throws {Error} when no key decrypts it. */
  decrypt(purpose: Purpose, sealed: string): string {
    return this.open(purpose, sealed).text;
  }

  /** The text, and the name of the key that decrypted it. @throws {Error} when no key decrypts it. */
  open(purpose: Purpose, sealed: string): { text: string; keyId: string } {
    const bytes = Buffer.from(sealed, 'base64');
    for (const secret of this.settings.secretKeys) {
      const decipher = createDecipheriv(
        'aes-256-gcm',
        this.derive(secret, purpose),
        bytes.subarray(0, 12),
        // Without it, a shortened tag would count, and a tag of 4 bytes can be guessed.
        { authTagLength: 16 },
      );
      try {
        decipher.setAuthTag(bytes.subarray(12, 28));
        const text = Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]);
        return { text: text.toString(), keyId: this.idOf(secret) };
      } catch {
        // Another key of the list may have encrypted it.
      }
    }
    throw new Error(`no key in SECRET_KEYS opens this ${purpose}`);
  }

  private idOf(secret: string): string {
    let id = this.names.get(secret);
    if (id === undefined) {
      id = Buffer.from(hkdfSync('sha256', secret, '', 'seats:key-id', 6)).toString('hex');
      this.names.set(secret, id);
    }
    return id;
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

/**
 * `prefix`, 37 random characters, and a checksum of 6. The checksum lets a mistyped token be refused
 * without a look-up.
 */
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
      // 248 is the largest multiple of 62 in a byte. Higher values would favor some characters.
      if (byte < 248 && text.length < length) text += ALPHANUMERIC.charAt(byte % 62);
    }
  }
  return text;
}
