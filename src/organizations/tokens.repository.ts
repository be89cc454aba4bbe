import { Injectable } from '@nestjs/common';
import type { AccessToken, Prisma } from '../generated/prisma/client.js';
import { Database, sql } from '../platform/database/database.js';
import {
  NEWEST_FIRST,
  type Paginated,
  type PageQuery,
  skipAndTake,
} from '../platform/http/pagination.js';

export type TokenRow = AccessToken;

/** A token as its authentication needs it. */
export interface HashedToken {
  organization_id: string;
  id: string;
  token_hash: string;
  /** The name of the key of the hash; null when the previous release wrote it. */
  key_id: string | null;
  scopes: string[];
  expires_at: Date | null;
}

/** The SQL of access tokens. A revoked token is never found; an expired one is. */
@Injectable()
export class TokensRepository {
  constructor(private readonly database: Database) {}

  insert(row: Prisma.AccessTokenUncheckedCreateInput): Promise<TokenRow> {
    return this.database.db.accessToken.create({ data: row });
  }

  /** The tokens of any organization with these hashes. The caller does not know its tenant yet. */
  findByHashes(hashes: string[]): Promise<HashedToken[]> {
    return this.database.query<HashedToken>(sql`
      SELECT organization_id, id, token_hash, key_id, scopes, expires_at FROM access_tokens
      WHERE token_hash = ANY(${hashes}::text[]) AND revoked_at IS NULL`);
  }

  /** Writes the time of the last use, and a new hash if one is given. */
  async recordUse(
    organizationId: string,
    id: string,
    at: Date,
    renewed: { token_hash?: string; key_id?: string },
  ): Promise<void> {
    await this.database.db.accessToken.updateMany({
      where: { organization_id: organizationId, id },
      data: { last_used_at: at, ...renewed },
    });
  }

  /** The tokens with this name, newest first. */
  listByName(organizationId: string, name: string): Promise<TokenRow[]> {
    return this.database.db.accessToken.findMany({
      where: { organization_id: organizationId, name, revoked_at: null },
      orderBy: NEWEST_FIRST,
    });
  }

  /** A page of the organization's tokens, newest first. */
  async list(organizationId: string, query: PageQuery): Promise<Paginated<TokenRow>> {
    const where = { organization_id: organizationId, revoked_at: null };
    const [rows, total] = await Promise.all([
      this.database.db.accessToken.findMany({
        where,
        orderBy: NEWEST_FIRST,
        ...skipAndTake(query),
      }),
      this.database.db.accessToken.count({ where }),
    ]);
    return { rows, total };
  }

  /** All tokens of the organization, newest first. */
  listAll(organizationId: string): Promise<TokenRow[]> {
    return this.database.db.accessToken.findMany({
      where: { organization_id: organizationId, revoked_at: null },
      orderBy: NEWEST_FIRST,
    });
  }

  /** Waits until no other transaction creates or revokes tokens of the organization. */
  lock(organizationId: string): Promise<void> {
    return this.database.lockName('access-tokens', organizationId);
  }

  /** A token that is not revoked. */
  find(organizationId: string, id: string): Promise<TokenRow | null> {
    return this.database.db.accessToken.findFirst({
      where: { organization_id: organizationId, id, revoked_at: null },
    });
  }

  /**
   * Revokes a token and the tokens that descend from it. The caller holds the {@link lock}, because
   * the statement does not see a descendant that another transaction is creating.
   * @returns the ids of the tokens that it revoked.
   */
  async revoke(organizationId: string, id: string, at: Date): Promise<string[]> {
    const rows = await this.database.query<{ id: string }>(sql`
      WITH RECURSIVE family AS (
        SELECT id FROM access_tokens
        WHERE organization_id = ${organizationId}::uuid AND id = ${id}::uuid
        UNION
        SELECT child.id FROM family
        JOIN access_tokens child ON child.organization_id = ${organizationId}::uuid
          AND child.parent_id = family.id
      )
      UPDATE access_tokens SET revoked_at = ${at}::timestamptz
      WHERE organization_id = ${organizationId}::uuid AND revoked_at IS NULL
        AND id IN (SELECT id FROM family)
      RETURNING id`);
    return rows.map((row) => row.id);
  }
}
