import { Injectable } from '@nestjs/common';
import { Clock } from '../platform/clock.js';
import { isToken, Keys } from '../platform/crypto.js';
import { Database } from '../platform/database/database.js';
import type { Principal } from '../platform/http/access.js';

export const CUSTOMER_SESSION_PREFIX = 'seat_cst_';
export const MEMBER_SESSION_PREFIX = 'seat_mst_';

/** Tells whose session token this is. */
@Injectable()
export class SessionAuthenticator {
  constructor(
    private readonly database: Database,
    private readonly keys: Keys,
    private readonly clock: Clock,
  ) {}

  /** Undefined: malformed, unknown or expired, or its person was deleted. */
  async authenticate(token: string): Promise<Principal | undefined> {
    if (!isToken(token, CUSTOMER_SESSION_PREFIX) && !isToken(token, MEMBER_SESSION_PREFIX)) {
      return undefined;
    }
    const session = await this.database.db.customer_sessions.findFirst({
      where: {
        token_hash: { in: this.keys.signatures('token', token) },
        expires_at: { gt: this.clock.now() },
        customer: { deleted_at: null },
        OR: [{ member_id: null }, { member: { deleted_at: null } }],
      },
    });
    if (session === null) return undefined;
    return {
      kind: 'session',
      id: session.id,
      organizationId: session.organization_id,
      customerId: session.customer_id,
      memberId: session.member_id,
    };
  }
}
