/** The explanation of an error in the catalogue, beside its example. */
export interface Explanation {
  /** When the error occurs. */
  cause: string;
  /** The next step of the client. */
  remedy: string;
}

/** An error as the API description and the catalogue of errors show it. */
export interface ErrorDefinition extends Explanation {
  readonly status: number;
  readonly error: string;
  readonly example: Record<string, unknown>;
}

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

  /** The keys of this error. {@link traced} adds those that every error has. */
  body(): Record<string, unknown> {
    return { error: this.error, detail: this.detail, ...this.extra };
  }
}

/** A class of errors with its definition. */
export interface ApiErrorClass extends ErrorDefinition {
  new (detail?: string, extra?: Record<string, unknown>): ApiError;
}

/** The path of the catalogue of errors. Its anchors are the names of the errors. */
export const CATALOGUE_PATH = '/docs/errors';

const EXAMPLE_TRACE = {
  requestId: '0b7d2c1e-5f4a-4c39-9d53-8a6e1f0c7b42',
  publicUrl: 'https://seats.example.com',
};

const definitions: ErrorDefinition[] = [];

/** The definitions of all errors. Every class is here once its file was imported. */
export function errorDefinitions(): readonly ErrorDefinition[] {
  return definitions;
}

/** The body of an error with the keys that every error has: the request, and a link to the catalogue. */
export function traced(
  body: Record<string, unknown>,
  { requestId, publicUrl }: { requestId: string; publicUrl: string },
): Record<string, unknown> {
  const doc_url = `${publicUrl}${CATALOGUE_PATH}#${String(body['error'])}`;
  return { ...body, request_id: requestId, doc_url };
}

/** Enters an error into the catalogue. @returns its definition, with a whole example. */
export function define(
  status: number,
  body: Record<string, unknown> & { error: string },
  explanation: Explanation,
): ErrorDefinition {
  const example = traced(body, EXAMPLE_TRACE);
  const definition = { status, error: body.error, example, ...explanation };
  definitions.push(definition);
  return definition;
}

/** Defines the class of an error. `sentence` is its usual detail, and that of its example. */
export function defineError(
  status: number,
  error: string,
  sentence: string,
  explanation: Explanation,
): ApiErrorClass {
  const { example, cause, remedy } = define(status, { error, detail: sentence }, explanation);
  return class extends ApiError {
    static readonly status = status;
    static readonly error = error;
    static readonly example = example;
    static readonly cause = cause;
    static readonly remedy = remedy;

    constructor(detail = sentence, extra: Record<string, unknown> = {}) {
      super(status, error, detail, extra);
    }
  };
}

/** Defines an error in the OAuth shape of RFC 6750, section 3: `error_description` replaces `detail`. */
export function defineOAuthError(
  status: number,
  error: string,
  sentence: string,
  explanation: Explanation,
): ApiErrorClass {
  const { example, cause, remedy } = define(
    status,
    { error, error_description: sentence },
    explanation,
  );
  return class extends ApiError {
    static readonly status = status;
    static readonly error = error;
    static readonly example = example;
    static readonly cause = cause;
    static readonly remedy = remedy;
    override readonly headers = { 'www-authenticate': `Bearer error="${error}"` };

    constructor(detail = sentence) {
      super(status, error, detail);
    }

    override body() {
      return { error, error_description: this.detail };
    }
  };
}
