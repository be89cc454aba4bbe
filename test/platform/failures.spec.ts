import { isDuplicate, isRetryable, isUnavailable } from '../../src/platform/database/failures.js';

/** A failure of a raw query, as Prisma's adapter for pg tells it. */
const rawFailure = (cause: object) => ({ code: 'P2010', meta: { driverAdapterError: { cause } } });
/** The same of a call of a model. */
const modelFailure = (cause: object) => ({ name: 'DriverAdapterError', cause });

describe.each([
  ['a raw query', rawFailure],
  ['a call of a model', modelFailure],
])('what fails %s', (_, failure) => {
  it.each([
    ['40001', 'a lost race'],
    ['40P01', 'a deadlock'],
  ])('with %s, %s, is tried again, and is a 503 when that does not help', (originalCode) => {
    const error = failure({ kind: 'postgres', originalCode });
    expect([isRetryable(error), isUnavailable(error)]).toEqual([true, true]);
  });

  it.each([
    ['08001', 'no connection'],
    ['08006', 'a lost connection'],
    ['53300', 'too many connections'],
    ['57P01', 'a server that shuts down'],
    ['57P03', 'a server that starts'],
    ['57014', 'a statement that took too long'],
    ['55P03', 'a lock that took too long'],
  ])('with %s, %s, is a 503, and not tried again', (originalCode) => {
    const error = failure({ kind: 'postgres', originalCode });
    expect([isRetryable(error), isUnavailable(error)]).toEqual([false, true]);
  });

  it.each([
    'DatabaseNotReachable',
    'ConnectionClosed',
    'SocketTimeout',
    'TlsConnectionError',
    'TooManyConnections',
  ])('with %s, which is all that is left of a failed socket, is a 503', (kind) => {
    const error = failure({ kind });
    expect([isRetryable(error), isUnavailable(error)]).toEqual([false, true]);
  });

  it.each(['23505', '23503', '23514', '42P01', '22P02', '25P02', 'P0001', '57P06', '58030'])(
    'with %s is neither',
    (originalCode) => {
      const error = failure({ kind: 'postgres', originalCode });
      expect([isRetryable(error), isUnavailable(error)]).toEqual([false, false]);
    },
  );

  it('with 23505 is a duplicate, of the index that the message names', () => {
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

describe('without an answer of PostgreSQL', () => {
  it.each(['P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'P2028'])(
    'Prisma’s %s is a 503',
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
  ])('the driver’s “%s” is a 503', (message) => {
    expect(isUnavailable(new Error('Raw query failed', { cause: new Error(message) }))).toBe(true);
  });

  it.each([new Error('relation x'), { code: 'P2025' }, 'a text', null, undefined])(
    '%p is none',
    (error) => {
      expect([isRetryable(error), isUnavailable(error)]).toEqual([false, false]);
    },
  );
});
