import {
  isDuplicate,
  isRetryable,
  isUnavailable,
} from '../../../src/platform/database/database-errors.js';

/** An error of a raw query, as Prisma's pg adapter reports it. */
const rawFailure = (cause: object) => ({ code: 'P2010', meta: { driverAdapterError: { cause } } });
/** An error of a model call, as Prisma's pg adapter reports it. */
const modelFailure = (cause: object) => ({ name: 'DriverAdapterError', cause });

describe.each([
  ['a raw query', rawFailure],
  ['a model call', modelFailure],
])('an error of %s', (_, failure) => {
  it.each([
    ['40001', 'a serialization failure'],
    ['40P01', 'a deadlock'],
  ])('with %s, %s, can be retried, and is a 503 after the last attempt', (originalCode) => {
    const error = failure({ kind: 'postgres', originalCode });
    expect([isRetryable(error), isUnavailable(error)]).toEqual([true, true]);
  });

  it.each([
    ['08001', 'no connection'],
    ['08006', 'a lost connection'],
    ['25006', 'a read-only database'],
    ['53100', 'a full disk'],
    ['53200', 'too little memory'],
    ['53300', 'too many connections'],
    ['57P01', 'a server that is shutting down'],
    ['57P03', 'a server that is starting'],
    ['57014', 'a statement that took too long'],
    ['55P03', 'a lock that took too long'],
  ])('with %s, %s, is a 503 and cannot be retried', (originalCode) => {
    const error = failure({ kind: 'postgres', originalCode });
    expect([isRetryable(error), isUnavailable(error)]).toEqual([false, true]);
  });

  it.each([
    'DatabaseNotReachable',
    'ConnectionClosed',
    'SocketTimeout',
    'TlsConnectionError',
    'TooManyConnections',
  ])('with %s, the kind of a failed socket, is a 503', (kind) => {
    const error = failure({ kind });
    expect([isRetryable(error), isUnavailable(error)]).toEqual([false, true]);
  });

  it.each(['23505', '23503', '23514', '42P01', '22P02', '25P02', 'P0001', '57P06', '58030'])(
    'with %s is neither a 503 nor can it be retried',
    (originalCode) => {
      const error = failure({ kind: 'postgres', originalCode });
      expect([isRetryable(error), isUnavailable(error)]).toEqual([false, false]);
    },
  );

  it('with 23505 is a duplicate of the index in its message', () => {
    const originalMessage = 'duplicate key value violates unique constraint "seats_email_key"';
    const error = failure({
      kind: 'UniqueConstraintViolation',
      originalCode: '23505',
      originalMessage,
    });
    expect(isDuplicate(error)).toBe(true);
    expect(isDuplicate(error, 'seats_email_key')).toBe(true);
    expect(isDuplicate(error, 'email_key')).toBe(false);
    expect(isDuplicate(failure({ originalCode: '23503', originalMessage }))).toBe(false);
  });
});

describe('an error without an answer of PostgreSQL', () => {
  it.each(['P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'P2028'])(
    'is a 503 with Prisma’s code %s',
    (code) => {
      expect(isUnavailable({ code, message: 'what Prisma says' })).toBe(true);
    },
  );

  it.each([
    'connect ECONNREFUSED 127.0.0.1:5432',
    'read ECONNRESET',
    'write EPIPE',
    'connect ETIMEDOUT 192.0.2.1:5432',
    'connect EHOSTUNREACH 192.0.2.1:5432',
    'getaddrinfo ENOTFOUND db.example.com',
    'getaddrinfo EAI_AGAIN db.example.com',
    'timeout exceeded when trying to connect',
    'Connection terminated unexpectedly',
    'Client has encountered a connection error and is not queryable',
    'Query read timeout',
  ])('is a 503 with the driver’s message “%s”', (message) => {
    expect(isUnavailable(new Error('Raw query failed', { cause: new Error(message) }))).toBe(true);
  });

  it.each([new Error('relation x'), { code: 'P2025' }, 'a text', null, undefined])(
    'is neither a 503 nor can it be retried: %p',
    (error) => {
      expect([isRetryable(error), isUnavailable(error)]).toEqual([false, false]);
    },
  );
});
