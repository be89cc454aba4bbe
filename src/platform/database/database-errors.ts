/*
 * Classifies the errors of Prisma's pg adapter. Raw queries and model calls wrap PostgreSQL's error
 * differently. Both keep its SQLSTATE and its constraint.
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

/** The SQLSTATE of the error, such as 23505; undefined when PostgreSQL did not report it. */
function sqlState(error: unknown): string | undefined {
  const codes = causesOf(error).flatMap((cause) => [cause.originalCode, cause.code]);
  return codes.find(
    (code) => typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && !/^P[12]/.test(code),
  );
}

/** Whether the statement violated a unique index: any of them, or the given one. */
export function isDuplicate(error: unknown, index?: string): boolean {
  if (sqlState(error) !== '23505') return false;
  return index === undefined || messageOf(error).includes(`"${index}"`);
}

/** Whether the transaction can be repeated: it ended by a deadlock or a serialization failure. */
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
// Connection errors; a read-only database (a standby); too few resources, such as connections or space
// on the disk; shutdown, startup, and timeouts of queries and locks.
const UNREACHABLE_STATES = /^(08...|25006|53...|57P0[1-5]|57014|55P03)$/;
const UNREACHABLE_PRISMA = ['P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'P2028'];
// The adapter replaces the error code of a socket by one of these kinds.
const UNREACHABLE_KINDS = [
  'DatabaseNotReachable',
  'ConnectionClosed',
  'SocketTimeout',
  'TlsConnectionError',
  'TooManyConnections',
];

/** Whether the database was unreachable or too busy. The client gets a 503 and can try again. */
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
