import { Settings } from '../../src/platform/settings.js';
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

describe('the client secret of a checkout', () => {
  it('stays the same after a new key was put before the old one', () => {
    const before = secretsWith(OLD);
    const checkout = checkoutOf(before);
    const shown = before.revealTo(caller, checkout);
    expect(shown).toMatch(/^seat_cs_/);
    expect(secretsWith(NEW, OLD).revealTo(caller, checkout)).toBe(shown);
  });

  it('is not shown when its key is gone', () => {
    const checkout = checkoutOf(secretsWith(OLD));
    expect(secretsWith(NEW).revealTo(caller, checkout)).toBeNull();
  });

  it('is not shown to a session whose id is that of the token', () => {
    const secrets = secretsWith(OLD);
    const session = { ...caller, actor: { type: 'session' as const, id: 'tok' } };
    expect(secrets.revealTo(session, checkoutOf(secrets))).toBeNull();
  });
});
