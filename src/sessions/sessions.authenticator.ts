import { Injectable } from '@nestjs/common';
import { Clock } from '../platform/clock.js';
import { Keys } from '../platform/crypto.js';
import type { Principal } from '../platform/http/access.js';
import { formProblem, hasForm } from '../platform/token-form.js';
import { type SessionRow, SessionsRepository } from './sessions.repository.js';

// Before every expiry.
const EVER = new Date(0);

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
    return hasForm(token, 'session');
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

  /** The reason why a token was refused, as a sentence for its sender. */
  async explain(token: string): Promise<string> {
    if (!this.isWellFormed(token)) return formProblem(token, 'session');
    const hashes = this.keys.signatures('token', token);
    const [row] = await this.sessions.findByHashes(hashes, EVER);
    const reason = row === undefined ? 'is unknown or was ended' : 'has expired';
    return `This session ${reason}. Open a new one with POST /v1/customer-sessions.`;
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
