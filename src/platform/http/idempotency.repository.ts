import { Injectable } from '@nestjs/common';
import { Database, sql } from '../database/database.js';

// The most rows that one statement deletes, so that it does not hold its locks for long.
const DELETED_AT_ONCE = 1_000;

/** The identity of a request with an Idempotency-Key. */
export interface IdempotentRequest {
  organizationId: string;
  /** The organization, or the customer of a session. Each has its own keys. */
  owner: string;
  method: string;
  path: string;
  key: string;
  /** Hash of query and body, whatever the order of the body's keys. */
  fingerprint: string;
  /**
   * Computes the hash of query and body with the keys as they were sent. The previous release recorded
   * this one, so the next release can remove it.
   */
  rawFingerprint: () => string;
}

/** The recorded response of a request. */
export interface RecordedResponse {
  status: number;
  /** JSON text. */
  body: string;
  at: Date;
}

/** The SQL of idempotency keys. */
@Injectable()
export class IdempotencyRepository {
  constructor(private readonly database: Database) {}

  /**
   * Locks the key until the transaction ends.
   * @returns false when a request with this key is running.
   */
  tryLock({ organizationId, owner, method, path, key }: IdempotentRequest): Promise<boolean> {
    return this.database.tryLockName('idempotency', organizationId, owner, method, path, key);
  }

  find({ organizationId, owner, method, path, key }: IdempotentRequest) {
    const id = { organization_id: organizationId, owner, method, path, key };
    return this.database.db.idempotencyKey.findUnique({
      where: { organization_id_owner_method_path_key: id },
    });
  }

  /** Records the response, in place of an expired one. */
  async upsert(request: IdempotentRequest, { status, body, at }: RecordedResponse): Promise<void> {
    const { organizationId, owner, method, path, key, fingerprint } = request;
    await this.database.query(sql`
      INSERT INTO idempotency_keys
        (organization_id, owner, method, path, key, created_at, fingerprint, status, body)
      VALUES (${organizationId}::uuid, ${owner}::uuid, ${method}, ${path}, ${key},
        ${at}::timestamptz, ${fingerprint}, ${status}, ${body}::jsonb)
      ON CONFLICT (organization_id, owner, method, path, key) DO UPDATE SET
        created_at = excluded.created_at, fingerprint = excluded.fingerprint,
        status = excluded.status, body = excluded.body`);
  }

  /** Marks the point in the transaction to which {@link rollbackToSavepoint} goes back. */
  async savepoint(): Promise<void> {
    await this.database.query(sql`SAVEPOINT work`);
  }

  async rollbackToSavepoint(): Promise<void> {
    await this.database.query(sql`ROLLBACK TO SAVEPOINT work`);
  }

  /** Deletes at most 1,000 keys that were recorded before `time`, the oldest first. @returns how many. */
  deleteBefore(time: Date): Promise<number> {
    return this.database.db.$executeRaw(sql`
      DELETE FROM idempotency_keys WHERE ctid IN (
        SELECT ctid FROM idempotency_keys WHERE created_at < ${time}::timestamptz
        ORDER BY created_at LIMIT ${DELETED_AT_ONCE}::int)`);
  }
}
