import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSettings } from '../../src/platform/config.js';
import { isToken, Keys, newToken, tokenChecksum } from '../../src/platform/crypto.js';

const OLD = 'an-old-key-of-more-than-32-characters';
const NEW = 'a-new-key-of-more-than-32-characters!';

const keysOf = (...keys: string[]) => new Keys(readSettings({ SECRET_KEYS: keys.join(',') }));

const { vectors } = JSON.parse(
  readFileSync(join(import.meta.dirname, '../vectors/tokens.json'), 'utf8'),
) as { vectors: { prefix: string; body: string; checksum: string }[] };

describe('tokens', () => {
  it.each(vectors)('have the checksum $checksum for $body', ({ prefix, body, checksum }) => {
    expect(tokenChecksum(body)).toBe(checksum);
    expect(isToken(`${prefix}${body}${checksum}`, prefix)).toBe(true);
  });

  it('are refused unread when one character is wrong, missing or too many', () => {
    const token = newToken('seat_oat_');
    expect(token).toMatch(/^seat_oat_[A-Za-z0-9]{43}$/);
    expect(isToken(token, 'seat_oat_')).toBe(true);
    const wrong = token[12] === 'x' ? 'y' : 'x';
    expect(isToken(token.slice(0, 12) + wrong + token.slice(13), 'seat_oat_')).toBe(false);
    expect(isToken(token.slice(0, -1), 'seat_oat_')).toBe(false);
    expect(isToken(`${token}0`, 'seat_oat_')).toBe(false);
  });

  it('are refused with the prefix of another kind', () => {
    expect(isToken(newToken('seat_cst_'), 'seat_oat_')).toBe(false);
  });

  it('favour none of their characters', () => {
    const tokens = Array.from({ length: 2_000 }, () => newToken(''));
    const random = tokens.map((token) => token.slice(0, 37)).join('');
    const first = [...random].filter((character) => character < '8').length / random.length;
    // A byte modulo 62 would give the first eight a quarter more; chance alone stays far below that.
    expect(first).toBeGreaterThan((8 / 62) * 0.9);
    expect(first).toBeLessThan((8 / 62) * 1.1);
  });
});

describe('hashes', () => {
  it('made with an old key are still good after a new one was put in front', () => {
    const hash = keysOf(OLD).sign('token', 'text');
    expect(keysOf(NEW, OLD).verify('token', 'text', hash)).toBe(true);
    expect(keysOf(NEW, OLD).sign('token', 'text')).not.toBe(hash);
  });

  it('are worthless under another key, for another purpose or another text', () => {
    const hash = keysOf(OLD).sign('token', 'text');
    expect(keysOf(NEW).verify('token', 'text', hash)).toBe(false);
    expect(keysOf(OLD).verify('client-secret', 'text', hash)).toBe(false);
    expect(keysOf(OLD).verify('token', 'other', hash)).toBe(false);
  });

  it.each(['', 'xx', 'é'])(
    'are not good with another length: %j in the place of the last',
    (end) => {
      const hash = keysOf(OLD).sign('token', 'text');
      expect(keysOf(OLD).verify('token', 'text', `${hash.slice(0, -1)}${end}`)).toBe(false);
    },
  );
});

describe('encryption', () => {
  it('gives back the text, also with an old key', () => {
    const sealed = keysOf(OLD).encrypt('webhook-secret', 'whsec_text');
    expect(sealed).not.toContain('whsec');
    expect(keysOf(NEW, OLD).decrypt('webhook-secret', sealed)).toBe('whsec_text');
  });

  it('is refused without its key, and when it was tampered with', () => {
    const sealed = keysOf(OLD).encrypt('webhook-secret', 'whsec_text');
    expect(() => keysOf(NEW).decrypt('webhook-secret', sealed)).toThrow('SECRET_KEYS');
    const bytes = Buffer.from(sealed, 'base64');
    bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 1;
    expect(() => keysOf(OLD).decrypt('webhook-secret', bytes.toString('base64'))).toThrow();
  });
});
