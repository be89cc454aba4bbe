import { Settings } from '../../src/platform/config.js';
import { Keys } from '../../src/platform/crypto.js';
import type { CheckoutRow } from '../../src/purchases/checkouts/checkouts.repository.js';
import { ClientSecrets } from '../../src/purchases/checkouts/client-secrets.js';

const [OLD, NEW] = ['o'.repeat(32), 'n'.repeat(32)];
const caller = {
  organizationId: 'org',
  actor: { type: 'token' as const, id: 'tok' },
  requestId: null,
};

function secretsWith(...secretKeys: string[]): ClientSecrets {
  return new ClientSecrets(new Keys(Object.assign(new Settings(), { secretKeys })));
}

function checkoutOf(secrets: ClientSecrets): CheckoutRow {
  const owned = { organization_id: 'org', id: 'checkout' };
  return { ...owned, created_by: 'tok', client_secret_hash: secrets.hash(owned) } as CheckoutRow;
}

test('a client secret stays the same when a new key is put before the old one', () => {
  const before = secretsWith(OLD);
  const checkout = checkoutOf(before);
  const shown = before.shownTo(caller, checkout);
  expect(shown).toMatch(/^seat_cs_/);
  expect(secretsWith(NEW, OLD).shownTo(caller, checkout)).toBe(shown);
});

test('a client secret whose key is gone is not shown, rather than a wrong one', () => {
  const checkout = checkoutOf(secretsWith(OLD));
  expect(secretsWith(NEW).shownTo(caller, checkout)).toBeNull();
});

test('a client secret is not shown to a session that has the id of the token', () => {
  const secrets = secretsWith(OLD);
  const session = { ...caller, actor: { type: 'session' as const, id: 'tok' } };
  expect(secrets.shownTo(session, checkoutOf(secrets))).toBeNull();
});
