import { randomUUID } from 'node:crypto';
import { Settings } from '../../src/platform/settings.js';
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

describe('The token of an invitation', () => {
  it('A token has 43 characters that need no escaping in a URL', () => {
    expect(createInvitation(keysOf(OLD), seatId).token).toMatch(/^[A-Za-z0-9_-]{43}$/);
  });

  it('Every invitation of a seat has a new token', () => {
    const keys = keysOf(OLD);
    expect(createInvitation(keys, seatId).token).not.toBe(createInvitation(keys, seatId).token);
  });

  it('A token can be computed again from the columns of the seat', () => {
    const { nonce, hash, token } = createInvitation(keysOf(OLD), seatId);
    expect(recoverToken(keysOf(OLD), seatId, nonce, hash)).toBe(token);
  });

  it('A token cannot be computed from the nonce of another seat', () => {
    const { nonce, hash } = createInvitation(keysOf(OLD), seatId);
    expect(recoverToken(keysOf(OLD), randomUUID(), nonce, hash)).toBeUndefined();
  });

  it('A token can still be computed after a new key was added in front of its key', () => {
    const { nonce, hash, token } = createInvitation(keysOf(OLD), seatId);
    expect(recoverToken(keysOf(NEW, OLD), seatId, nonce, hash)).toBe(token);
  });

  it('A token cannot be computed without its key', () => {
    const { nonce, hash } = createInvitation(keysOf(OLD), seatId);
    expect(recoverToken(keysOf(NEW), seatId, nonce, hash)).toBeUndefined();
  });

  it('The hashes of a token include the stored hash while its key is in the settings', () => {
    const { token, hash } = createInvitation(keysOf(OLD), seatId);
    expect(hashesOf(keysOf(NEW, OLD), token)).toContain(hash);
  });
});

describe('The link of an invitation', () => {
  const base = 'https://seats.example.com';
  it.each([
    ['no template', null, `${base}/claim?token=T`],
    ['the placeholder {token}', 'https://acme.example/in/{token}', 'https://acme.example/in/T'],
    [
      'the placeholder {invitation_token}',
      'https://acme.example/#/in?t={invitation_token}',
      'https://acme.example/#/in?t=T',
    ],
    ['no placeholder', 'https://acme.example/in', 'https://acme.example/in?token=T'],
    ['a query', 'https://acme.example/?a=1', 'https://acme.example/?a=1&token=T'],
    ['an empty query', 'https://acme.example/?', 'https://acme.example/?token=T'],
    ['a fragment', 'https://acme.example/in#x', 'https://acme.example/in?token=T#x'],
    ['the scheme javascript:', 'javascript:alert({token})', `${base}/claim?token=T`],
  ])('A link contains the token if the template has %s', (_, template, url) => {
    expect(claimUrl(base, template, 'T')).toBe(url);
  });

  it('A link escapes the token', () => {
    expect(claimUrl(base, 'https://acme.example/{token}', "a/b$&'")).toBe(
      "https://acme.example/a%2Fb%24%26'",
    );
  });
});
