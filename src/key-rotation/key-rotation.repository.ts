import { Injectable } from '@nestjs/common';
import { Database, sql } from '../platform/database/database.js';

/** Rows are read and written in pages of this many. */
const PAGE = 1_000;

/** The keys of a row, and its secret as stored. */
interface Stored {
  organization_id: string;
  id: string;
  /** The keyed hash, or the encrypted text. */
  stored: string;
}

export interface StoredSecret extends Stored {
  key_id: string | null;
}

export interface StoredInvitation extends Stored {
  nonce: string;
  expires_at: Date;
}

export type StoredCheckout = Stored;

/** A row with its secret as it is to be stored. */
export interface Renewed extends Stored {
  renewed: string;
}

/** The SQL of everything that depends on a key of the service, over all organizations. */
@Injectable()
export class KeyRotationRepository {
  constructor(private readonly database: Database) {}

  /** The number of live access tokens for each key that hashed them. */
  accessTokens(now: Date): Promise<{ key_id: string | null; count: number }[]> {
    return this.database.query(sql`
      SELECT key_id, count(*)::int AS count FROM access_tokens
      WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ${now}::timestamptz)
      GROUP BY key_id ORDER BY key_id`);
  }

  /** The number of portal sessions that have not expired. */
  async sessions(now: Date): Promise<number> {
    const [row] = await this.database.query<{ count: number }>(sql`
      SELECT count(*)::int AS count FROM customer_sessions
      WHERE expires_at > ${now}::timestamptz`);
    return row?.count ?? 0;
  }

  /** The next page of valid webhook secrets. */
  webhookSecrets(now: Date, after: StoredSecret | undefined): Promise<StoredSecret[]> {
    return this.database.query(sql`
      SELECT organization_id, id, sealed AS stored, key_id FROM webhook_secrets
      WHERE (expires_at IS NULL OR expires_at > ${now}::timestamptz) AND ${beyond(after)}
      ORDER BY organization_id, id LIMIT ${PAGE}`);
  }

  /** Stores these re-encrypted secrets. @returns how many were updated. */
  resealWebhookSecrets(rows: Renewed[], keyId: string): Promise<number> {
    return this.renew(
      rows,
      sql`webhook_secrets`,
      sql`SET sealed = given.renewed, key_id = ${keyId}`,
      sql`row.sealed = given.stored`,
    );
  }

  /** The next page of pending invitations, in the order in which they expire. */
  invitations(after: StoredInvitation | undefined): Promise<StoredInvitation[]> {
    const rest =
      after === undefined
        ? sql`true`
        : sql`(invitation_expires_at, id) > (${after.expires_at}::timestamptz, ${after.id}::uuid)`;
    return this.database.query(sql`
      SELECT organization_id, id, invitation_hash AS stored, invitation_nonce AS nonce,
        invitation_expires_at AS expires_at
      FROM seats WHERE status = 'pending' AND ${rest}
      ORDER BY invitation_expires_at, seats.id LIMIT ${PAGE}`);
  }

  /**
   * Stores these hashes of invitations, except for those that were renewed or claimed since.
   * @returns how many were updated.
   */
  rehashInvitations(rows: Renewed[]): Promise<number> {
    return this.renew(
      rows,
      sql`seats`,
      sql`SET invitation_hash = given.renewed`,
      sql`row.status = 'pending' AND row.invitation_hash = given.stored`,
    );
  }

  /** The next page of checkouts whose client secret may be sent. */
  checkouts(after: StoredCheckout | undefined): Promise<StoredCheckout[]> {
    return this.database.query(sql`
      SELECT organization_id, id, client_secret_hash AS stored FROM checkouts
      WHERE status NOT IN ('failed', 'expired') AND ${beyond(after)}
      ORDER BY organization_id, id LIMIT ${PAGE}`);
  }

  /** Stores these hashes of client secrets. @returns how many were updated. */
  rehashCheckouts(rows: Renewed[]): Promise<number> {
    return this.renew(
      rows,
      sql`checkouts`,
      sql`SET client_secret_hash = given.renewed`,
      sql`row.client_secret_hash = given.stored`,
    );
  }

  private async renew(
    rows: Renewed[],
    table: ReturnType<typeof sql>,
    change: ReturnType<typeof sql>,
    unchanged: ReturnType<typeof sql>,
  ): Promise<number> {
    if (rows.length === 0) return 0;
    const updated = await this.database.query(sql`
      UPDATE ${table} AS row ${change}
      FROM unnest(${rows.map((row) => row.organization_id)}::uuid[],
        ${rows.map((row) => row.id)}::uuid[], ${rows.map((row) => row.stored)}::text[],
        ${rows.map((row) => row.renewed)}::text[]) AS given (organization_id, id, stored, renewed)
      WHERE row.organization_id = given.organization_id AND row.id = given.id AND ${unchanged}
      RETURNING row.id`);
    return updated.length;
  }
}

function beyond(after: Stored | undefined) {
  return after === undefined
    ? sql`true`
    : sql`(organization_id, id) > (${after.organization_id}::uuid, ${after.id}::uuid)`;
}
