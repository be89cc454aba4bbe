import { Injectable } from '@nestjs/common';
import type { access_tokens, Prisma } from '../generated/prisma/client.js';
import { Database } from '../platform/database/database.js';
import { NEWEST_FIRST, type Page, type PageQuery, sliceOf } from '../platform/http/pages.js';

export type TokenRow = access_tokens;

/** The SQL of access tokens. Revoked ones are seen by none of it; expired ones are. */
@Injectable()
export class TokensRepository {
  constructor(private readonly database: Database) {}

  insert(row: Prisma.access_tokensUncheckedCreateInput): Promise<TokenRow> {
    return this.database.db.access_tokens.create({ data: row });
  }

  /** The live tokens of this name, newest first. */
  findNamed(organizationId: string, name: string): Promise<TokenRow[]> {
    return this.database.db.access_tokens.findMany({
      where: { organization_id: organizationId, name, revoked_at: null },
      orderBy: NEWEST_FIRST,
    });
  }

  async page(organizationId: string, query: PageQuery): Promise<Page<TokenRow>> {
    const where = { organization_id: organizationId, revoked_at: null };
    const [rows, total] = await Promise.all([
      this.database.db.access_tokens.findMany({ where, orderBy: NEWEST_FIRST, ...sliceOf(query) }),
      this.database.db.access_tokens.count({ where }),
    ]);
    return { rows, total };
  }

  all(organizationId: string): Promise<TokenRow[]> {
    return this.database.db.access_tokens.findMany({
      where: { organization_id: organizationId, revoked_at: null },
      orderBy: NEWEST_FIRST,
    });
  }

  /** Revokes the token if it is not revoked yet; says whether it did. */
  async revoke(organizationId: string, id: string, at: Date): Promise<boolean> {
    const { count } = await this.database.db.access_tokens.updateMany({
      where: { organization_id: organizationId, id, revoked_at: null },
      data: { revoked_at: at },
    });
    return count > 0;
  }
}
