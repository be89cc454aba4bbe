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
import { Database } from '../database/database.js';
import { problem, ApiError, defineError, RequestValidationError } from '../errors.js';
import { IdempotencyRepository, type IdempotentRequest } from './idempotency.repository.js';
import { FIELD } from '../sentences.js';
import { Settings } from '../settings.js';
import { errorBody } from './error.filter.js';

export const IdempotencyKeyInUse = defineError(
  409,
  'IdempotencyKeyInUse',
  'A request with this Idempotency-Key is still running. Repeat it in a moment.',
  {
    cause: 'The first request with this Idempotency-Key has not been answered yet.',
    remedy: 'Wait a moment, then repeat the request with the same key.',
  },
);

/** The methods whose requests may carry a key. */
export const KEYED_METHODS = ['POST', 'PATCH', 'DELETE'];
/** The greatest length of a key, in characters. */
export const KEY_LENGTH = 255;
const KEPT_MS = 24 * 60 * 60 * 1000;
const LOC = ['header', 'idempotency-key'];
// Errors of the work itself. A retry after another error may succeed.
const KEPT_ERRORS = [400, 404];
const SECRETS = [
  'invitation',
  'token',
  'secret',
  'client_secret',
  'customer_session_token',
  'customer_portal_url',
];
const CLIENT_DATA = ['metadata', 'seat_metadata'];

/** The work of a request, and the body of its response if the work fails. */
interface Job {
  work: () => Promise<unknown>;
  bodyOf: (error: ApiError) => Record<string, unknown>;
}

/**
 * Carries out requests with an Idempotency-Key once. The work and the record of its response commit
 * in one transaction, so a crash leaves both or neither. A lock marks a key whose request is
 * running; PostgreSQL releases it with the transaction, so a crash leaves nothing to clean up.
 */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  constructor(
    private readonly database: Database,
    private readonly records: IdempotencyRepository,
    private readonly clock: Clock,
    private readonly settings: Settings,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const keyed = readKey(request);
    if (keyed === undefined) return next.handle();
    const reply = http.getResponse<FastifyReply>();
    // A replay repeats the whole first response, so its request_id is that of the first request.
    const bodyOf = (error: ApiError) => errorBody(request, error, this.settings.publicUrl);
    const work = () => lastValueFrom(next.handle(), { defaultValue: undefined });
    return from(this.database.transaction(() => this.once(keyed, reply, { work, bodyOf })));
  }

  private async once(request: IdempotentRequest, reply: FastifyReply, job: Job): Promise<unknown> {
    if (!(await this.records.tryLock(request))) throw new IdempotencyKeyInUse();
    const record = await this.records.find(request);
    if (record === null || record.created_at <= oldestKept(this.clock)) {
      return this.work(request, reply, job);
    }
    const { fingerprint } = record;
    if (fingerprint !== request.fingerprint && fingerprint !== request.rawFingerprint()) {
      throw invalid(`${FIELD} was used with another body or query. Use a new key.`);
    }
    void reply.status(record.status).header('idempotent-replayed', 'true');
    return record.body === null ? undefined : record.body;
  }

  /** Does the work and records its response, unless a retry could have a different outcome. */
  private async work(
    request: IdempotentRequest,
    reply: FastifyReply,
    { work, bodyOf }: Job,
  ): Promise<unknown> {
    await this.records.savepoint();
    try {
      const body: unknown = await work();
      await this.record(request, reply.statusCode, body);
      return body;
    } catch (error) {
      if (!(error instanceof ApiError) || !KEPT_ERRORS.includes(error.status)) throw error;
      // Undoes the work but keeps the transaction, which records the error.
      await this.records.rollbackToSavepoint();
      const body = bodyOf(error);
      await this.record(request, error.status, body);
      void reply.status(error.status);
      return body;
    }
  }

  private async record(request: IdempotentRequest, status: number, body: unknown): Promise<void> {
    const sent: unknown = JSON.parse(JSON.stringify(body ?? null));
    const text = JSON.stringify(withoutSecrets(sent));
    await this.records.upsert(request, { status, body: text, at: this.clock.now() });
  }
}

/** Deletes keys that are older than a day. */
@Injectable()
export class IdempotencyPruner {
  constructor(
    private readonly records: IdempotencyRepository,
    private readonly clock: Clock,
  ) {}

  /** @returns how many were deleted; call again while it is not 0. */
  runOnce(): Promise<number> {
    return this.records.deleteBefore(oldestKept(this.clock));
  }
}

function oldestKept(clock: Clock): Date {
  return new Date(clock.now().getTime() - KEPT_MS);
}

/** The request, if it carries a key that counts. @throws RequestValidationError */
function readKey(request: FastifyRequest): IdempotentRequest | undefined {
  const { principal, method, url } = request;
  const key = request.headers['idempotency-key'];
  if (principal === undefined || !KEYED_METHODS.includes(method) || key === undefined)
    return undefined;
  if (typeof key !== 'string' || key.length === 0 || key.length > KEY_LENGTH) {
    throw invalid(`${FIELD} must have 1 to ${KEY_LENGTH} characters.`);
  }
  const [address = '', query = ''] = url.split('?');
  const path = address.replace(/\/$/, '');
  const body = request.body ?? null;
  return {
    organizationId: principal.organizationId,
    owner: principal.kind === 'token' ? principal.organizationId : principal.customerId,
    method,
    path,
    key,
    fingerprint: hash(JSON.stringify([query, body], withSortedKeys)),
    rawFingerprint: () => hash(JSON.stringify([query, body])),
  };
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

/** A replacer of JSON.stringify that writes the keys of every object in the same order. */
function withSortedKeys(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function invalid(msg: string) {
  return RequestValidationError.at(LOC, problem('value_error', msg));
}

/** The body with null in place of secrets. Data of the client stays as it is. */
function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => {
      if (SECRETS.includes(name)) return [name, null];
      return [name, CLIENT_DATA.includes(name) ? item : withoutSecrets(item)];
    }),
  );
}
