import { hash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Clock } from '../platform/clock.js';
import { Keys } from '../platform/crypto.js';
import type { Principal } from '../platform/http/access.js';
import { formProblem, hasForm } from '../platform/token-form.js';
import { type HashedToken, TokensRepository } from './tokens.repository.js';

// Other processes accept a revoked token for at most this long. The API promises 5 s.
const CACHE_MS = 3_000;
const CACHE_SIZE = 10_000;
const LAST_USED_MS = 60_000;

interface CachedToken {
  principal: Extract<Principal, { kind: 'token' }>;
  expiresAt: Date | null;
  readAt: number;
  /** The hash under the first key. */
  hash: string;
  /** Whether the row has a hash under another key, or does not name its key. */
  outdated: boolean;
}

/** Authenticates access tokens. Caches valid ones for 3 s, because every request asks for one. */
@Injectable()
export class TokenAuthenticator {
  private readonly cache = new Map<string, CachedToken>();
  private readonly lastUsed = new Map<string, number>();

  constructor(
    private readonly tokens: TokensRepository,
    private readonly keys: Keys,
    private readonly clock: Clock,
  ) {}

  /** Whether the string has the form of an access token. */
  isWellFormed(token: string): boolean {
    return hasForm(token, 'token');
  }

  /** @returns undefined when the token is malformed, unknown, expired or revoked. */
  async authenticate(token: string): Promise<Principal | undefined> {
    return this.cached(token) ?? (await this.lookUp([token])).get(token);
  }

  /**
   * Like {@link authenticate}, but checks only the cache, so it also returns undefined for a token
   * that was not used recently.
   */
  cached(token: string): Principal | undefined {
    if (!this.isWellFormed(token)) return undefined;
    const entry = this.cache.get(fingerprint(token));
    if (entry === undefined || this.clock.now().getTime() - entry.readAt > CACHE_MS) {
      return undefined;
    }
    return this.use(entry);
  }

  /** Looks these tokens up in one statement. @returns the principals of the valid ones. */
  async lookUp(tokens: string[]): Promise<Map<string, Principal>> {
    const wellFormed = tokens.filter((token) => this.isWellFormed(token));
    if (wellFormed.length === 0) return new Map();
    const hashesOf = new Map(
      wellFormed.map((token) => [token, this.keys.signatures('token', token)]),
    );
    const rows = await this.tokens.findByHashes([...hashesOf.values()].flat());
    const byHash = new Map(rows.map((row) => [row.token_hash, row]));
    const found = new Map<string, Principal>();
    for (const [token, hashes] of hashesOf) {
      const firstHash = hashes[0] as string;
      const row = hashes.map((hash) => byHash.get(hash)).find((each) => each !== undefined);
      const principal = row && this.use(this.store(token, firstHash, row));
      if (principal === undefined) this.cache.delete(fingerprint(token));
      else found.set(token, principal);
    }
    return found;
  }

  /** The reason why a token was refused, as a sentence for its sender. */
  async explain(token: string): Promise<string> {
    if (!this.isWellFormed(token)) return formProblem(token, 'token');
    const [row] = await this.tokens.findByHashes(this.keys.signatures('token', token));
    return row?.expires_at && row.expires_at <= this.clock.now()
      ? `This token expired at ${row.expires_at.toISOString()}. Create a new one.`
      : 'This token is unknown or was revoked. Create a new one.';
  }

  /** Removes tokens that this process has just revoked from the cache. */
  forget(tokenIds: string[]): void {
    for (const [key, { principal }] of this.cache) {
      if (tokenIds.includes(principal.id)) this.cache.delete(key);
    }
  }

  private store(token: string, firstHash: string, row: HashedToken): CachedToken {
    const { id, organization_id: organizationId, scopes } = row;
    const entry: CachedToken = {
      principal: { kind: 'token', id, organizationId, scopes },
      expiresAt: row.expires_at,
      readAt: this.clock.now().getTime(),
      hash: firstHash,
      outdated: row.token_hash !== firstHash || row.key_id !== this.keys.firstId,
    };
    if (this.cache.size >= CACHE_SIZE) this.cache.clear();
    this.cache.set(fingerprint(token), entry);
    return entry;
  }

  /** @returns undefined when the token has expired. */
  private use(entry: CachedToken): Principal | undefined {
    const now = this.clock.now();
    if (entry.expiresAt !== null && entry.expiresAt <= now) return undefined;
    this.recordUse(entry, now);
    return entry.principal;
  }

  /**
   * Writes `last_used_at` at most once a minute. An outdated hash is replaced by the one under the
   * first key, so that older keys can leave the settings. Never delays a request or makes it fail.
   */
  private recordUse({ principal, outdated, hash }: CachedToken, now: Date): void {
    const { id, organizationId } = principal;
    const last = this.lastUsed.get(id) ?? 0;
    if (now.getTime() - last < LAST_USED_MS) return;
    if (this.lastUsed.size >= CACHE_SIZE) this.lastUsed.clear();
    this.lastUsed.set(id, now.getTime());
    const renewed = outdated ? { token_hash: hash, key_id: this.keys.firstId } : {};
    this.tokens.recordUse(organizationId, id, now, renewed).catch(() => this.lastUsed.delete(id));
  }
}

/**
 * The key of a token in the cache, which lives in memory only. A token has 220 random bits, so a plain
 * hash cannot be reversed. The keyed hash of the database would cost more CPU.
 */
function fingerprint(token: string): string {
  return hash('sha256', token, 'base64url');
}
