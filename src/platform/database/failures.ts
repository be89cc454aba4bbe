/*
 * What went wrong in the database, read off the errors of Prisma's pg adapter. Raw queries and
 * model calls wrap PostgreSQL's error differently; both keep its SQLSTATE and its constraint.
 */

interface Cause {
  originalCode?: string;
  code?: string;
  kind?: string;
  constraint?: { index?: string; fields?: string[] };
  originalMessage?: string;
}

function causesOf(error: unknown): Cause[] {
  const causes: Cause[] = [];
  let next: unknown = error;
  for (let depth = 0; typeof next === 'object' && next !== null && depth < 6; depth += 1) {
    causes.push(next);
    const { cause, meta } = next as { cause?: unknown; meta?: Record<string, unknown> };
    next = cause ?? meta?.['driverAdapterError'];
  }
  return causes;
}

/** The SQLSTATE of the failure, such as 23505, when PostgreSQL gave one. */
function sqlState(error: unknown): string | undefined {
  const codes = causesOf(error).flatMap((cause) => [cause.originalCode, cause.code]);
  return codes.find(
    (code) => typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && !/^P[12]/.test(code),
  );
}

/** Whether a unique index refused the row; `index` narrows it to one. */
export function isDuplicate(error: unknown, index?: string): boolean {
  if (sqlState(error) !== '23505') return false;
  return index === undefined || messageOf(error).includes(`"${index}"`);
}

/** Whether the whole transaction may simply be tried again: deadlock, or lost a race. */
export function isRetryable(error: unknown): boolean {
  return ['40001', '40P01'].includes(sqlState(error) ?? '');
}

function messageOf(error: unknown): string {
  return causesOf(error)
    .map((cause) => cause.originalMessage ?? (cause as { message?: string }).message ?? '')
    .join('\n');
}

const UNREACHABLE =
  /ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENOTFOUND|EAI_AGAIN|timeout exceeded when trying to connect|Connection terminated|Client has encountered a connection error|Query read timeout/;
// Connection exceptions, too many connections, shutting down, starting up; waited for too long.
const UNREACHABLE_STATES = /^(08...|53300|57P0[1-5]|57014|55P03)$/;
const UNREACHABLE_PRISMA = ['P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'P2028'];
// What the adapter makes of a failed socket; the socket's own code is gone by then.
const UNREACHABLE_KINDS = [
  'DatabaseNotReachable',
  'ConnectionClosed',
  'SocketTimeout',
  'TlsConnectionError',
  'TooManyConnections',
];

/** Whether the database could not be reached, or was too busy: the caller should come again, 503. */
export function isUnavailable(error: unknown): boolean {
  if (isRetryable(error)) return true;
  if (UNREACHABLE_STATES.test(sqlState(error) ?? '')) return true;
  return causesOf(error).some(
    (cause) =>
      UNREACHABLE_PRISMA.includes(cause.code ?? '') ||
      UNREACHABLE_KINDS.includes(cause.kind ?? '') ||
      UNREACHABLE.test(`${cause.code} ${(cause as { message?: string }).message}`),
  );
}
