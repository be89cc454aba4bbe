import { Injectable } from '@nestjs/common';
import { Keys } from '../../platform/crypto.js';
import type { Caller } from '../../platform/http/access.js';
import type { CheckoutRow } from './checkouts.repository.js';

const PREFIX = 'seat_cs_';
const PURPOSE = 'client-secret';

type Owned = Pick<CheckoutRow, 'organization_id' | 'id'>;

/**
 * The secret that a checkout shares with the page it is paid on. It is computed from the checkout
 * and the service's key, so it can be shown again although only its hash is stored.
 */
@Injectable()
export class ClientSecrets {
  constructor(private readonly keys: Keys) {}

  /** What to store of a new checkout's secret. */
  hash(checkout: Owned): string {
    return this.keys.sign(PURPOSE, this.candidates(checkout)[0] as string);
  }

  /** The secret, for the token that created the checkout; null for everybody else. */
  shownTo(caller: Caller, checkout: CheckoutRow): string | null {
    const isCreator = caller.actor.type === 'token' && caller.actor.id === checkout.created_by;
    if (!isCreator) return null;
    // The key that signed it first may have been replaced since: its hash tells which one it was.
    const secret = this.candidates(checkout).find((candidate) =>
      this.keys.verify(PURPOSE, candidate, checkout.client_secret_hash),
    );
    return secret ?? null;
  }

  /**
   * One for each key. The organization is part of it: two tenants may choose the same id, and
   * must not learn each other's secret by it.
   */
  private candidates({ organization_id, id }: Owned): string[] {
    const signatures = this.keys.signatures(PURPOSE, `${organization_id}:${id}`);
    return signatures.map((signature) => `${PREFIX}${signature}`);
  }
}
