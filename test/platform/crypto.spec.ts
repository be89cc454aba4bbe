import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSettings } from '../../src/platform/settings.js';
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

  it('are refused without a lookup when a character is wrong, missing or extra', () => {
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

  it('use every character equally often', () => {
    const tokens = Array.from({ length: 2_000 }, () => newToken(''));
    const random = tokens.map((token) => token.slice(0, 37)).join('');
    const first = [...random].filter((character) => character < '8').length / random.length;
    // A byte modulo 62 would produce the first eight characters 25% more often. Chance stays below 10%.
    expect(first).toBeGreaterThan((8 / 62) * 0.9);
    expect(first).toBeLessThan((8 / 62) * 1.1);
  });
});

describe('hashes', () => {
  it('of an old key stay valid after a new key was put before it', () => {
    const hash = keysOf(OLD).sign('token', 'text');
    expect(keysOf(NEW, OLD).verify('token', 'text', hash)).toBe(true);
    expect(keysOf(NEW, OLD).sign('token', 'text')).not.toBe(hash);
  });

  it('are invalid for another key, purpose or text', () => {
    const hash = keysOf(OLD).sign('token', 'text');
    expect(keysOf(NEW).verify('token', 'text', hash)).toBe(false);
    expect(keysOf(OLD).verify('client-secret', 'text', hash)).toBe(false);
    expect(keysOf(OLD).verify('token', 'other', hash)).toBe(false);
  });

  it.each(['', 'xx', 'é'])('are invalid with %j in place of the last character', (end) => {
    const hash = keysOf(OLD).sign('token', 'text');
    expect(keysOf(OLD).verify('token', 'text', `${hash.slice(0, -1)}${end}`)).toBe(false);
  });
});

describe('the names of keys', () => {
  it('tell keys apart and do not show them', () => {
    const keys = keysOf(NEW, OLD);
    expect(keys.ids).toEqual([keysOf(NEW).firstId, keysOf(OLD).firstId]);
    expect(new Set(keys.ids).size).toBe(2);
    for (const id of keys.ids) expect(id).toMatch(/^[0-9a-f]{12}$/);
  });

  it('say which key made a hash and which one opens a seal', () => {
    const old = keysOf(OLD);
    const keys = keysOf(NEW, OLD);
    expect(keys.signerOf('token', 'text', old.sign('token', 'text'))).toBe(old.firstId);
    expect(keys.signerOf('token', 'text', keys.sign('token', 'text'))).toBe(keys.firstId);
    expect(keysOf(NEW).signerOf('token', 'text', old.sign('token', 'text'))).toBeUndefined();
    const sealed = old.encrypt('webhook-secret', 'text');
    expect(keys.open('webhook-secret', sealed)).toEqual({ text: 'text', keyId: old.firstId });
  });
});

describe('encryption', () => {
  it('returns the original text, even with an old key', () => {
    const sealed = keysOf(OLD).encrypt('webhook-secret', 'whsec_text');
    expect(sealed).not.toContain('whsec');
    expect(keysOf(NEW, OLD).decrypt('webhook-secret', sealed)).toBe('whsec_text');
  });

  it('fails without its key, and after the text was changed', () => {
    const sealed = keysOf(OLD).encrypt('webhook-secret', 'whsec_text');
    expect(() => keysOf(NEW).decrypt('webhook-secret', sealed)).toThrow('SECRET_KEYS');
    const bytes = Buffer.from(sealed, 'base64');
    bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 1;
    expect(() => keysOf(OLD).decrypt('webhook-secret', bytes.toString('base64'))).toThrow();
  });

  it('refuses a shortened tag, which could be guessed', () => {
    const sealed = Buffer.from(keysOf(OLD).encrypt('event-cursor', ''), 'base64');
    const shortened = sealed.subarray(0, 12 + 4).toString('base64');
    expect(() => keysOf(OLD).decrypt('event-cursor', shortened)).toThrow('SECRET_KEYS');
  });
});
