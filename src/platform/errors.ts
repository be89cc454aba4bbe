import { excerpt } from './excerpt.js';

/** An error response: its status, its name, a sentence for people, and further keys. */
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

/** A class of errors with its example for the API description. */
export interface ApiErrorClass {
  new (detail?: string, extra?: Record<string, unknown>): ApiError;
  readonly status: number;
  readonly error: string;
  readonly example: Record<string, unknown>;
}

/** Defines the class of an error, with its example for the API description. */
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

/** Defines an error in the OAuth shape of RFC 6750, section 3: `error_description` replaces `detail`. */
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
/** 431: Node refuses the request before any route sees it, so every route can answer it. */
export const HeadersTooLarge = defineError(
  431,
  'BadRequest',
  'The URL and the headers must not exceed 16 KiB in total.',
);
export const NotPermitted = defineError(403, 'NotPermitted', 'This is not permitted.');
/** 405: the path exists, but not with this method. */
export class MethodNotAllowed extends defineError(
  405,
  'MethodNotAllowed',
  'This path takes only GET, HEAD.',
) {
  override readonly headers: Record<string, string>;

  constructor(methods: string[]) {
    const allowed = methods.join(', ');
    super(`This path takes only ${allowed}.`);
    this.headers = { allow: allowed };
  }
}

export const ResourceNotFound = defineError(404, 'ResourceNotFound', 'Not found.');
// Shared because several domains look up people: seats their recipients, sessions their owners.
export const CustomerNotFound = defineError(404, 'CustomerNotFound', 'There is no such customer.');
export const MemberNotFound = defineError(404, 'MemberNotFound', 'The buyer has no such member.');
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

  /** @param seconds until the next request may succeed; rounded up, at least 1. */
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

/** The types of validation problems, which clients branch on. */
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

/** A problem with one value. */
export interface Problem {
  type: ProblemType;
  msg: string;
}

export function problem(type: ProblemType, msg: string): Problem {
  return { type, msg };
}

/** A problem with its place and value. `loc` starts with body, query, path or header. */
export interface LocatedProblem extends Problem {
  loc: (string | number)[];
  input: unknown;
}

/** The most problems that one error lists. */
export const MAX_PROBLEMS = 100;
const MAX_NAME = 255;

/** 422: the request does not match its schema. No other error has a list as its detail. */
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

  readonly problems: LocatedProblem[];

  /**
   * Keeps the first 100 problems, at most 1 KB of each input, and at most 255 characters of each name
   * in a path. A body can have any number of problems, and keys of any length.
   */
  constructor(problems: LocatedProblem[]) {
    super(422, 'RequestValidationError', 'The request does not fit the schema.');
    this.problems = problems
      .slice(0, MAX_PROBLEMS)
      .map((each) => ({ ...each, loc: each.loc.map(cutName), input: excerpt(each.input) }));
  }

  /** One problem at one place. */
  static at(loc: (string | number)[], problem: Problem, input: unknown = null) {
    return new RequestValidationError([{ type: problem.type, loc, msg: problem.msg, input }]);
  }

  override body() {
    return { error: this.error, detail: this.problems };
  }
}

function cutName(name: string | number): string | number {
  return typeof name === 'string' ? name.slice(0, MAX_NAME) : name;
}
