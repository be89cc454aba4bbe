import { define, defineError, defineOAuthError, ApiError } from './api-error.js';
import { excerpt } from './excerpt.js';
import { fillIn, nameInSentence } from './sentences.js';

export { ApiError, type ApiErrorClass, defineError } from './api-error.js';

export const BadRequest = defineError(
  400,
  'BadRequest',
  'Name a subscription_id or an order_id in the query.',
  {
    cause: 'A list of seats names no container.',
    remedy: 'Add `subscription_id` or `order_id` to the query.',
  },
);
/** 431: Node refuses the request before any route sees it, so it can occur on every route. */
export const HeadersTooLarge = defineError(
  431,
  'BadRequest',
  'The URL and the headers must not exceed 16 KiB in total.',
  {
    cause: 'The URL and the headers together are larger than 16 KiB.',
    remedy: 'Send fewer or shorter headers, and large filters in several requests.',
  },
);
export const NotPermitted = defineError(403, 'NotPermitted', 'This is not permitted.', {
  cause:
    'The current state of the object or the role of the person forbids the request: a checkout that ' +
    'has not succeeded, another client secret, a final status, a portal session without the role of ' +
    'an owner or a billing manager.',
  remedy:
    'Read `detail`. The same request succeeds only after the named state or role has changed.',
});
/** 405: the path exists, but not with this method. */
export class MethodNotAllowed extends defineError(
  405,
  'MethodNotAllowed',
  'This path does not take DELETE. It takes GET, HEAD.',
  {
    cause: 'The path exists, but not with this method.',
    remedy: 'Use one of the methods in the header `Allow`.',
  },
) {
  override readonly headers: Record<string, string>;

  /** @param methods that the path takes. */
  constructor(method: string, methods: string[]) {
    const allowed = methods.join(', ');
    super(`This path does not take ${method}. It takes ${allowed}.`);
    this.headers = { allow: allowed };
  }
}

const NOT_FOUND = {
  cause:
    'The object does not exist, was deleted, or belongs to another organization; these look alike. ' +
    'Or there is no such route.',
  remedy:
    'Check the id or the path that `detail` names, and that the token belongs to the organization ' +
    'of the object.',
};
export const ResourceNotFound = defineError(
  404,
  'ResourceNotFound',
  'There is no subscription with the id 8a3f2c64-1b7e-4d0a-9c55-6e2f1a7b3d90.',
  NOT_FOUND,
);

/**
 * 404: no object of this kind has the id. The same whether the object never existed, was deleted, or
 * belongs to another tenant.
 * @param id as the client sent it.
 */
export function noSuch(kind: string, id: string, key = 'id'): ApiError {
  return new ResourceNotFound(`There is no ${kind} with the ${key} ${nameInSentence(id)}.`);
}

// Shared because several domains look up people: seats their recipients, sessions their owners.
export const CustomerNotFound = defineError(
  404,
  'CustomerNotFound',
  'There is no customer with the id 8a3f2c64-1b7e-4d0a-9c55-6e2f1a7b3d90.',
  {
    cause: 'The customer that the request names by id or external id does not exist.',
    remedy: 'Create the customer first, or name the person by `email`.',
  },
);
export const MemberNotFound = defineError(
  404,
  'MemberNotFound',
  'The buyer has no member with the id 8a3f2c64-1b7e-4d0a-9c55-6e2f1a7b3d90.',
  {
    cause: 'The member that the request names does not exist, or belongs to another customer.',
    remedy:
      'Name a member of the customer who bought the seats, or send `email` beside ' +
      '`external_member_id` to create one.',
  },
);
export const Conflict = defineError(
  409,
  'Conflict',
  'A customer with this email already exists. Use that customer, or send another email.',
  {
    cause:
      'The id, the external id or the e-mail is taken by another object, or another object still ' +
      'needs this one.',
    remedy: 'Read `detail`. Use the existing object, or choose another value.',
  },
);
export const RequestBodyTooLarge = defineError(
  413,
  'RequestBodyTooLarge',
  'The request body is larger than this route takes: 1 MiB, or 10 MiB for bulk routes.',
  {
    cause: 'The body is larger than 1 MiB, or than 10 MiB on a bulk route.',
    remedy: 'Send the data in several requests.',
  },
);
export const InternalServerError = defineError(
  500,
  'InternalServerError',
  'Something went wrong here. The request id tells us where to look.',
  {
    cause: 'The service failed in a way that it did not expect.',
    remedy:
      'Repeat the request, with the same Idempotency-Key if it had one. If it fails again, send ' +
      '`request_id` to the operator of the service.',
  },
);
export const InvalidToken = defineOAuthError(
  401,
  'invalid_token',
  'This token is unknown or was revoked. Create a new one.',
  {
    cause:
      'A token was sent, but it is not valid for this route: it is cut off or mistyped, unknown, revoked ' +
      'or expired, or it is a portal session where an access token is needed, or the reverse.',
    remedy:
      'Read `error_description`, which says which of these it is. A 401 does not go away by ' +
      'itself: send another token.',
  },
);
export const InsufficientScope = defineOAuthError(
  403,
  'insufficient_scope',
  'The access token lacks the scope customer_seats:write, which this route needs.',
  {
    cause: 'The token is good, but it lacks the scope of the route. Write does not include read.',
    remedy: 'Use a token with the scope that `error_description` names.',
  },
);

export class Unauthorized extends defineError(
  401,
  'Unauthorized',
  'Send a token in the header Authorization: Bearer <token>.',
  {
    cause: 'The request carries no token, and the route needs one.',
    remedy:
      'Send `Authorization: Bearer <token>`: an access token of the organization, or a session ' +
      'token on the routes of the portal.',
  },
) {
  override readonly headers = { 'www-authenticate': 'Bearer' };
}

export class TooManyRequests extends defineError(
  429,
  'TooManyRequests',
  'Too many requests. Try again in 12 seconds.',
  {
    cause:
      'The organization, the session or the address has used up its requests of this minute, the ' +
      'address has sent too many wrong tokens, or the invitation was resent a moment ago.',
    remedy: 'Wait for the number of seconds in `Retry-After`, then repeat the request.',
  },
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
  {
    cause:
      'The database cannot be reached, the service is overloaded or stopping, or other requests ' +
      'changed the same objects again and again.',
    remedy:
      'Wait for the number of seconds in `Retry-After`, then repeat the request, with the same ' +
      'Idempotency-Key if it had one.',
  },
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
  /** A full sentence. It may start with {@link FIELD}, in place of the name of the value. */
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

const VALIDATION = define(
  422,
  {
    error: 'RequestValidationError',
    detail: [
      {
        type: 'value_error',
        loc: ['body'],
        msg: 'Send exactly one of subscription_id, order_id and checkout_id.',
        input: {},
      },
    ],
  },
  {
    cause:
      'The body, the query, the path or a header does not match the schema of the route. `detail` ' +
      'has one entry for each problem: `loc` is the place, `type` the rule, `input` your value.',
    remedy: 'Correct the request: each `msg` names a field and its rule.',
  },
);

/** 422: the request does not match its schema. No other error has a list as its detail. */
export class RequestValidationError extends ApiError {
  static readonly status = VALIDATION.status;
  static readonly error = VALIDATION.error;
  static readonly example = VALIDATION.example;

  readonly problems: LocatedProblem[];

  /**
   * Keeps the first 100 problems, at most 1 KB of each input, and at most 255 characters of each name
   * in a path. A body can have any number of problems, and keys of any length.
   */
  constructor(problems: LocatedProblem[]) {
    super(422, VALIDATION.error, 'The request does not fit the schema.');
    this.problems = problems
      .slice(0, MAX_PROBLEMS)
      .map((each) => ({ ...each, loc: each.loc.map(cutName), input: excerpt(each.input) }));
  }

  /** One problem at one place. */
  static at(loc: (string | number)[], problem: Problem, input: unknown = null) {
    return new RequestValidationError([{ type: problem.type, loc, msg: problem.msg, input }]);
  }

  override body() {
    const detail = this.problems.map(({ type, loc, msg, input }) => ({
      type,
      loc,
      msg: fillIn(msg, loc),
      input,
    }));
    return { error: this.error, detail };
  }
}

function cutName(name: string | number): string | number {
  return typeof name === 'string' ? name.slice(0, MAX_NAME) : name;
}
