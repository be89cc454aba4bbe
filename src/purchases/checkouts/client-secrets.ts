import { Injectable } from '@nestjs/common';
import { Keys } from '../../platform/crypto.js';
import type { Caller } from '../../platform/caller.js';
import type { CheckoutRow } from './checkouts.repository.js';

const PREFIX = 'seat_cs_';
const PURPOSE = 'client-secret';

type CheckoutKey = Pick<CheckoutRow, 'organization_id' | 'id'>;

/**
 * The secret that a checkout shares with its payment page. It is computed from the checkout's id
 * and the service's key, so it can be shown again although only its hash is stored.
 */
@Injectable()
export class ClientSecrets {
  constructor(private readonly keys: Keys) {}

  /** The hash of a new checkout's secret, to be stored. */
  hash(checkout: CheckoutKey): string {
    return this.keys.sign(PURPOSE, this.candidates(checkout)[0] as string);
  }

  /** The secret if the caller's token created the checkout; null for other callers. */
  revealTo(caller: Caller, checkout: CheckoutRow): string | null {
    const isCreator = caller.actor.type === 'token' && caller.actor.id === checkout.created_by;
    return isCreator ? (this.secretOf(checkout) ?? null) : null;
  }

  /** The secret; undefined when its key was removed from the settings. */
  secretOf(checkout: CheckoutKey & Pick<CheckoutRow, 'client_secret_hash'>): string | undefined {
    // The keys may have been rotated since; the stored hash shows which key made the secret.
    return this.candidates(checkout).find((candidate) =>
      this.keys.verify(PURPOSE, candidate, checkout.client_secret_hash),
    );
  }

  /**
   * The secret under each key. It depends on the organization: two tenants may choose the same id,
   * and must not learn each other's secret that way.
   */
  private candidates({ organization_id, id }: CheckoutKey): string[] {
    const signatures = this.keys.signatures(PURPOSE, `${organization_id}:${id}`);
    return signatures.map((signature) => `${PREFIX}${signature}`);
  }
}
