import { Injectable } from '@nestjs/common';
import { Clock } from '../platform/clock.js';
import { isToken, Keys } from '../platform/crypto.js';
import { Database } from '../platform/database/database.js';
import type { Principal } from '../platform/http/access.js';

export const TOKEN_PREFIX = 'seat_oat_';

// A revoked token works for at most this long on the other processes; the contract allows 5 s.
const CACHE_MS = 3_000;
const CACHE_SIZE = 10_000;
const LAST_USED_MS = 60_000;

interface Known {
  principal: Extract<Principal, { kind: 'token' }>;
  expiresAt: Date | null;
  readAt: number;
}

/** Tells whose access token this is. Remembers good tokens for a moment, since every request asks. */
@Injectable()
export class TokenAuthenticator {
  private readonly known = new Map<string, Known>();
  private readonly lastUsed = new Map<string, number>();

  constructor(
    private readonly database: Database,
    private readonly keys: Keys,
    private readonly clock: Clock,
  ) {}

  /** Undefined: malformed, unknown, expired or revoked. */
  async authenticate(token: string): Promise<Principal | undefined> {
    if (!isToken(token, TOKEN_PREFIX)) return undefined;
    const hashes = this.keys.signatures('token', token);
    const known = this.remembered(hashes[0] as string) ?? (await this.lookUp(hashes));
    const now = this.clock.now();
    if (known === undefined || (known.expiresAt !== null && known.expiresAt <= now)) {
      return undefined;
    }
    this.noteUse(known.principal, now);
    return known.principal;
  }

  /** Forgets a token that was just revoked here. */
  forget(tokenId: string): void {
    for (const [hash, { principal }] of this.known) {
      if (principal.id === tokenId) this.known.delete(hash);
    }
  }

  private remembered(hash: string): Known | undefined {
    const known = this.known.get(hash);
    if (known === undefined || this.clock.now().getTime() - known.readAt > CACHE_MS) {
      return undefined;
    }
    return known;
  }

  private async lookUp(hashes: string[]): Promise<Known | undefined> {
    const row = await this.database.db.access_tokens.findFirst({
      where: { token_hash: { in: hashes }, revoked_at: null },
    });
    if (row === null) {
      this.known.delete(hashes[0] as string);
      return undefined;
    }
    const known: Known = {
      principal: {
        kind: 'token',
        id: row.id,
        organizationId: row.organization_id,
        scopes: row.scopes,
      },
      expiresAt: row.expires_at,
      readAt: this.clock.now().getTime(),
    };
    if (this.known.size >= CACHE_SIZE) this.known.clear();
    this.known.set(hashes[0] as string, known);
    return known;
  }

  /** `last_used_at` is exact to a minute, and never holds up or fails a request. */
  private noteUse(principal: Known['principal'], now: Date): void {
    const last = this.lastUsed.get(principal.id) ?? 0;
    if (now.getTime() - last < LAST_USED_MS) return;
    this.lastUsed.set(principal.id, now.getTime());
    this.database.db.access_tokens
      .updateMany({
        where: { organization_id: principal.organizationId, id: principal.id },
        data: { last_used_at: now },
      })
      .catch(() => this.lastUsed.delete(principal.id));
  }
}
