/** An answer that is not a success: status, name, a sentence for a person, perhaps more keys. */
export class ApiError extends Error {
  readonly headers: Record<string, string> = {};

  constructor(
    readonly status: number,
    readonly error: string,
    readonly detail: string,
    readonly extra: Record<string, unknown> = {},
  ) {
    super(detail);
    this.name = error;
  }

  body(): Record<string, unknown> {
    return { error: this.error, detail: this.detail, ...this.extra };
  }
}

/** A class of errors as the API documents it: its status, its name, an example of its sentence. */
export interface ApiErrorClass {
  new (detail?: string, extra?: Record<string, unknown>): ApiError;
  readonly status: number;
  readonly error: string;
  readonly example: Record<string, unknown>;
}

/** Defines an error once: what is thrown, and what the OpenAPI description shows. */
export function defineError(status: number, error: string, sentence: string): ApiErrorClass {
  return class extends ApiError {
    static readonly status = status;
    static readonly error = error;
    static readonly example = { error, detail: sentence };

    constructor(detail = sentence, extra: Record<string, unknown> = {}) {
      super(status, error, detail, extra);
    }
  };
}

/** The OAuth shape of RFC 6750, section 3: `error_description` where others have `detail`. */
function defineOAuthError(status: number, error: string, sentence: string): ApiErrorClass {
  return class extends ApiError {
    static readonly status = status;
    static readonly error = error;
    static readonly example = { error, error_description: sentence };
    override readonly headers = { 'www-authenticate': `Bearer error="${error}"` };

    constructor(detail = sentence) {
      super(status, error, detail);
    }

    override body() {
      return { error, error_description: this.detail };
    }
  };
}

export const BadRequest = defineError(400, 'BadRequest', 'Name a subscription_id or an order_id.');
export const NotPermitted = defineError(403, 'NotPermitted', 'This is not permitted.');
export const ResourceNotFound = defineError(404, 'ResourceNotFound', 'Not found.');
export const Conflict = defineError(409, 'Conflict', 'This is in use already.');
export const RequestBodyTooLarge = defineError(
  413,
  'RequestBodyTooLarge',
  'The request body is larger than this route takes.',
);
export const InternalServerError = defineError(
  500,
  'InternalServerError',
  'Something went wrong here. The request id tells us where to look.',
);
export const InvalidToken = defineOAuthError(
  401,
  'invalid_token',
  'The access token is unknown, expired, revoked or malformed, or not meant for this route.',
);
export const InsufficientScope = defineOAuthError(
  403,
  'insufficient_scope',
  'The access token does not have the scope of this route.',
);

export class Unauthorized extends defineError(
  401,
  'Unauthorized',
  'Send a token in the header Authorization: Bearer <token>.',
) {
  override readonly headers = { 'www-authenticate': 'Bearer' };
}

export class TooManyRequests extends defineError(
  429,
  'TooManyRequests',
  'Too many requests. Try again in 12 seconds.',
) {
  override readonly headers: Record<string, string>;

  /** @param seconds until the next try may succeed; rounded up to whole ones, at least 1. */
  constructor(seconds = 1) {
    const wait = Math.max(1, Math.ceil(seconds));
    super(`Too many requests. Try again in ${wait} ${wait === 1 ? 'second' : 'seconds'}.`);
    this.headers = { 'retry-after': String(wait) };
  }
}

export class ServiceUnavailable extends defineError(
  503,
  'ServiceUnavailable',
  'The service cannot do this right now. Try again in a few seconds.',
) {
  override readonly headers = { 'retry-after': '5' };
}

/** The names that a validation problem can have; clients branch on them. */
export type ProblemType =
  | 'missing'
  | 'value_error'
  | 'uuid_parsing'
  | 'uuid_version'
  | 'string_type'
  | 'string_too_short'
  | 'string_too_long'
  | 'bool_type'
  | 'bool_parsing'
  | 'int_parsing'
  | 'greater_than_equal'
  | 'less_than_equal'
  | 'dict_type'
  | 'list_type'
  | 'too_short'
  | 'too_long'
  | 'enum'
  | 'datetime_parsing'
  | 'json_invalid'
  | 'extra_forbidden';

/** What is wrong with one value. */
export interface Problem {
  type: ProblemType;
  msg: string;
  /** Which item of a list it is, when it is not the list as a whole. */
  index?: number;
}

export function problem(type: ProblemType, msg: string): Problem {
  return { type, msg };
}

/** A problem with its place: `loc` starts with body, query, path or header. */
export interface LocatedProblem extends Problem {
  loc: (string | number)[];
  input: unknown;
}

/** 422: the request does not fit its schema. The only error whose detail is a list. */
export class RequestValidationError extends ApiError {
  static readonly status = 422;
  static readonly error = 'RequestValidationError';
  static readonly example = {
    error: 'RequestValidationError',
    detail: [
      {
        type: 'value_error',
        loc: ['body'],
        msg: 'Exactly one of subscription_id, order_id and checkout_id must be given',
        input: {},
      },
    ],
  };

  constructor(readonly problems: LocatedProblem[]) {
    super(422, 'RequestValidationError', 'The request does not fit the schema.');
  }

  /** One problem at one place. */
  static at(loc: (string | number)[], problem: Problem, input: unknown = null) {
    return new RequestValidationError([{ type: problem.type, loc, msg: problem.msg, input }]);
  }

  override body() {
    return { error: this.error, detail: this.problems };
  }
}
