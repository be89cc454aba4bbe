import { randomUUID } from 'node:crypto';
import { Settings } from '../../src/platform/config.js';
import { Keys } from '../../src/platform/crypto.js';
import {
  claimUrl,
  createInvitation,
  hashesOf,
  recoverToken,
} from '../../src/invitations/invitation.js';

const keysOf = (...secretKeys: string[]) => new Keys(Object.assign(new Settings(), { secretKeys }));
const OLD = 'old-key-old-key-old-key-old-key-old-key';
const NEW = 'new-key-new-key-new-key-new-key-new-key';
const seatId = randomUUID();

describe('the token of an invitation', () => {
  it('is 43 characters that need no escaping in a URL', () => {
    expect(createInvitation(keysOf(OLD), seatId).token).toMatch(/^[A-Za-z0-9_-]{43}$/);
  });

  it('is another one each time, also for the same seat', () => {
    const keys = keysOf(OLD);
    expect(createInvitation(keys, seatId).token).not.toBe(createInvitation(keys, seatId).token);
  });

  it('can be computed again from what the row keeps', () => {
    const { nonce, hash, token } = createInvitation(keysOf(OLD), seatId);
    expect(recoverToken(keysOf(OLD), seatId, nonce, hash)).toBe(token);
  });

  it('cannot be computed from the nonce of another seat', () => {
    const { nonce, hash } = createInvitation(keysOf(OLD), seatId);
    expect(recoverToken(keysOf(OLD), randomUUID(), nonce, hash)).toBeUndefined();
  });

  it('survives a new key in front of the one that made it', () => {
    const { nonce, hash, token } = createInvitation(keysOf(OLD), seatId);
    expect(recoverToken(keysOf(NEW, OLD), seatId, nonce, hash)).toBe(token);
  });

  it('dies with the key that made it', () => {
    const { nonce, hash } = createInvitation(keysOf(OLD), seatId);
    expect(recoverToken(keysOf(NEW), seatId, nonce, hash)).toBeUndefined();
  });

  it('is found by its stored hash while its key is in force', () => {
    const { token, hash } = createInvitation(keysOf(OLD), seatId);
    expect(hashesOf(keysOf(NEW, OLD), token)).toContain(hash);
  });
});

describe('the link of an invitation', () => {
  const base = 'https://seats.example.com';
  it.each([
    ['our own page without a template', null, `${base}/claim?token=T`],
    ['the place of {token}', 'https://acme.example/in/{token}', 'https://acme.example/in/T'],
    [
      'the place of {invitation_token}',
      'https://acme.example/#/in?t={invitation_token}',
      'https://acme.example/#/in?t=T',
    ],
    ['the query without a place', 'https://acme.example/in', 'https://acme.example/in?token=T'],
    ['the end of a query', 'https://acme.example/?a=1', 'https://acme.example/?a=1&token=T'],
    ['an empty query', 'https://acme.example/?', 'https://acme.example/?token=T'],
    ['before a fragment', 'https://acme.example/in#x', 'https://acme.example/in?token=T#x'],
    ['our own page instead of javascript:', 'javascript:alert({token})', `${base}/claim?token=T`],
  ])('has the token at %s', (_, template, url) => {
    expect(claimUrl(base, template, 'T')).toBe(url);
  });

  it('escapes the token', () => {
    expect(claimUrl(base, 'https://acme.example/{token}', "a/b$&'")).toBe(
      "https://acme.example/a%2Fb%24%26'",
    );
  });
});
