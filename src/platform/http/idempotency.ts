import { createHash } from 'node:crypto';
import {
  type CallHandler,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
} from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { Clock } from '../clock.js';
import { Database, sql } from '../database/database.js';
import { problem, ApiError, defineError, RequestValidationError } from '../errors.js';

export const IdempotencyKeyInUse = defineError(
  409,
  'IdempotencyKeyInUse',
  'A request with this Idempotency-Key is still running.',
);

/** The methods whose requests may carry a key. */
export const KEYED_METHODS = ['POST', 'PATCH', 'DELETE'];
/** Characters that a key may have. */
export const KEY_LENGTH = 255;
const KEPT_MS = 24 * 60 * 60 * 1000;
const LOC = ['header', 'idempotency-key'];
// What the work itself answers. The rest may come out otherwise the next time.
const KEPT_ERRORS = [400, 404];
const SECRETS = [
  'invitation',
  'token',
  'secret',
  'client_secret',
  'customer_session_token',
  'customer_portal_url',
];
const OF_CLIENTS = ['metadata', 'seat_metadata'];

interface Request {
  organizationId: string;
  owner: string;
  method: string;
  path: string;
  key: string;
  fingerprint: string;
}

/**
 * Requests with an Idempotency-Key are done once: the record of the answer and the work commit
 * together, so a crash leaves both or neither. A lock that ends with the transaction, and so with
 * the process, tells a key in flight; nothing has to be cleaned up after a crash.
 */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const keyed = readKey(request);
    if (keyed === undefined) return next.handle();
    const reply = http.getResponse<FastifyReply>();
    return from(this.database.transaction(() => this.once(keyed, reply, next)));
  }

  private async once(request: Request, reply: FastifyReply, next: CallHandler): Promise<unknown> {
    const { organizationId, owner, method, path, key } = request;
    const name = ['idempotency', organizationId, owner, method, path, key];
    if (!(await this.database.tryLockName(...name))) throw new IdempotencyKeyInUse();
    const record = await this.find(request);
    if (record !== undefined) {
      if (record.fingerprint !== request.fingerprint) {
        throw invalid('This key was used with another body or query');
      }
      void reply.status(record.status).header('idempotent-replayed', 'true');
      return record.body === null ? undefined : record.body;
    }
    return this.work(request, reply, next);
  }

  /** Does the work, and keeps the answer if it is one that the work itself gave. */
  private async work(request: Request, reply: FastifyReply, next: CallHandler): Promise<unknown> {
    const { db } = this.database;
    await db.$executeRaw`SAVEPOINT work`;
    try {
      const body: unknown = await lastValueFrom(next.handle(), { defaultValue: undefined });
      await this.keep(request, reply.statusCode, body);
      return body;
    } catch (error) {
      if (!(error instanceof ApiError) || !KEPT_ERRORS.includes(error.status)) throw error;
      // What the work did before it failed is undone; that it failed is kept.
      await db.$executeRaw`ROLLBACK TO SAVEPOINT work`;
      await this.keep(request, error.status, error.body());
      void reply.status(error.status);
      return error.body();
    }
  }

  private async find(request: Request) {
    const { organizationId, owner, method, path, key } = request;
    const record = await this.database.db.idempotency_keys.findUnique({
      where: {
        organization_id_owner_method_path_key: {
          organization_id: organizationId,
          owner,
          method,
          path,
          key,
        },
      },
    });
    const oldest = new Date(this.clock.now().getTime() - KEPT_MS);
    return record !== null && record.created_at > oldest ? record : undefined;
  }

  private async keep(request: Request, status: number, body: unknown): Promise<void> {
    const { organizationId, owner, method, path, key, fingerprint } = request;
    const sent: unknown = JSON.parse(JSON.stringify(body ?? null));
    const json = JSON.stringify(withoutSecrets(sent));
    await this.database.query(sql`
      INSERT INTO idempotency_keys
        (organization_id, owner, method, path, key, created_at, fingerprint, status, body)
      VALUES (${organizationId}::uuid, ${owner}::uuid, ${method}, ${path}, ${key},
        ${this.clock.now()}::timestamptz, ${fingerprint}, ${status}, ${json}::jsonb)
      ON CONFLICT (organization_id, owner, method, path, key) DO UPDATE SET
        created_at = excluded.created_at, fingerprint = excluded.fingerprint,
        status = excluded.status, body = excluded.body`);
  }
}

/** Forgets keys that are older than a day. */
@Injectable()
export class IdempotencyPruner {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** @returns how many were forgotten; call again while it is not 0. */
  runOnce(): Promise<number> {
    const oldest = new Date(this.clock.now().getTime() - KEPT_MS);
    return this.database.db.$executeRaw(
      sql`DELETE FROM idempotency_keys WHERE ctid IN (
        SELECT ctid FROM idempotency_keys WHERE created_at < ${oldest}::timestamptz LIMIT 1000)`,
    );
  }
}

function readKey(request: FastifyRequest): Request | undefined {
  const { principal, method, url } = request;
  const key = request.headers['idempotency-key'];
  if (principal === undefined || !KEYED_METHODS.includes(method) || key === undefined)
    return undefined;
  if (typeof key !== 'string' || key.length === 0 || key.length > KEY_LENGTH) {
    throw invalid(`The key should have 1 to ${KEY_LENGTH} characters`);
  }
  const [address = '', query = ''] = url.split('?');
  const path = address.replace(/\/$/, '');
  const text = JSON.stringify([query, request.body ?? null]);
  return {
    organizationId: principal.organizationId,
    owner: principal.kind === 'token' ? principal.organizationId : principal.customerId,
    method,
    path,
    key,
    fingerprint: createHash('sha256').update(text).digest('base64url'),
  };
}

function invalid(msg: string) {
  return RequestValidationError.at(LOC, problem('value_error', msg));
}

/** The answer as a replay shows it: null where it showed a secret. Clients' own data stays as it is. */
function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => {
      if (SECRETS.includes(name)) return [name, null];
      return [name, OF_CLIENTS.includes(name) ? item : withoutSecrets(item)];
    }),
  );
}
