import type { ErrorBody } from './operations.ts';

/** The names of all errors. */
export type ErrorName = ErrorBody['error'];

/** The body of the error with this name. */
export type ErrorBodyOf<Name extends ErrorName> = Extract<ErrorBody, { error: Name }>;

/**
 * The service refused a request. Branch on {@link SeatsError.error}, or narrow the body with
 * {@link SeatsError.is}:
 *
 * ```ts
 * try {
 *   await seats.bulkAssignSeats({ subscription_id, mode: 'atomic', seats: people });
 * } catch (error) {
 *   if (error instanceof SeatsError && error.is('BulkAssignmentFailed')) {
 *     console.log(error.body.failed);
 *   } else throw error;
 * }
 * ```
 */
export class SeatsError extends Error {
  /** The status of the response. */
  readonly status: number;
  /** The name of the error; undefined if a proxy answered instead of the service. */
  readonly error: ErrorName | undefined;
  /** The body of the response; undefined if a proxy answered instead of the service. */
  readonly body: ErrorBody | undefined;
  /** The id of the request in the logs of the service. */
  readonly requestId: string | undefined;
  /** Seconds to wait before the next request, if the service asks for it (429 and 503). */
  readonly retryAfter: number | undefined;

  constructor(response: Response, body: unknown) {
    const known = isErrorBody(body) ? body : undefined;
    super(`${response.status} ${known ? sentenceOf(known) : response.statusText}`.trim());
    this.name = 'SeatsError';
    this.status = response.status;
    this.error = known?.error;
    this.body = known;
    this.requestId = response.headers.get('x-request-id') ?? undefined;
    const wait = Number(response.headers.get('retry-after') ?? NaN);
    this.retryAfter = Number.isFinite(wait) ? wait : undefined;
  }

  /** Whether it is the error with this name. If so, `body` has the type of its body. */
  is<Name extends ErrorName>(
    name: Name,
  ): this is SeatsError & { error: Name; body: ErrorBodyOf<Name> } {
    return this.error === name;
  }
}

function isErrorBody(body: unknown): body is ErrorBody {
  return (
    typeof body === 'object' && body !== null && 'error' in body && typeof body.error === 'string'
  );
}

function sentenceOf(body: ErrorBody): string {
  const text = 'detail' in body ? body.detail : body.error_description;
  if (typeof text === 'string') return `${body.error}: ${text}`;
  const problems = text.map(({ loc, msg }) => `${loc.join('.')}: ${msg}`);
  return `${body.error}: ${problems.join('; ')}`;
}
