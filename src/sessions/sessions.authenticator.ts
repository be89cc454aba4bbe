import { Injectable } from '@nestjs/common';
import { Clock } from '../platform/clock.js';
import { isToken, Keys } from '../platform/crypto.js';
import type { Principal } from '../platform/http/access.js';
import { type SessionRow, SessionsRepository } from './sessions.repository.js';

export const CUSTOMER_SESSION_PREFIX = 'seat_cst_';
export const MEMBER_SESSION_PREFIX = 'seat_mst_';
export const CODE_PREFIX = 'seat_cpc_';
const PREFIXES = [CUSTOMER_SESSION_PREFIX, MEMBER_SESSION_PREFIX];

/** Authenticates session tokens. */
@Injectable()
export class SessionAuthenticator {
  constructor(
    private readonly sessions: SessionsRepository,
    private readonly keys: Keys,
    private readonly clock: Clock,
  ) {}

  /** Whether the string has the form of a session token. */
  isWellFormed(token: string): boolean {
    return PREFIXES.some((prefix) => isToken(token, prefix));
  }

  /** @returns undefined when the token is malformed, unknown or expired, or its person was deleted. */
  async authenticate(token: string): Promise<Principal | undefined> {
    return (await this.lookUp([token])).get(token);
  }

  /** Sessions are not cached: one that was closed, or whose person was deleted, ends at once. */
  cached(_token: string): Principal | undefined {
    return undefined;
  }

  /** Looks these tokens up in one statement. @returns the principals of the valid ones. */
  async lookUp(tokens: string[]): Promise<Map<string, Principal>> {
    const hashes = new Map(
      tokens
        .filter((token) => this.isWellFormed(token))
        .flatMap((token) => this.keys.signatures('token', token).map((hash) => [hash, token])),
    );
    if (hashes.size === 0) return new Map();
    const rows = await this.sessions.findByHashes([...hashes.keys()], this.clock.now());
    return new Map(rows.map((row) => [hashes.get(row.token_hash) as string, principalOf(row)]));
  }
}

function principalOf(row: SessionRow): Principal {
  return {
    kind: 'session',
    id: row.id,
    organizationId: row.organization_id,
    customerId: row.customer_id,
    memberId: row.member_id,
  };
}
