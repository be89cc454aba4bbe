/*
 * How the service connects to PostgreSQL. Every connection uses these options: Prisma's pool, the
 * queue's pool, the migrations and the probe.
 */

/**
 * The settings on which the code relies, as `SHOW` returns them. A server, a database, a role or a
 * pooler can have other defaults. The session sets them itself, so the defaults have no effect.
 */
const SESSION: Record<string, string> = {
  array_nulls: 'on',
  bytea_output: 'hex',
  check_function_bodies: 'on',
  client_encoding: 'UTF8',
  DateStyle: 'ISO, MDY',
  default_transaction_deferrable: 'off',
  default_transaction_isolation: 'read committed',
  default_transaction_read_only: 'off',
  // A plan that was made while a table was small stays in the session. It must not scan the table when
  // the table has grown.
  enable_seqscan: 'off',
  extra_float_digits: '1',
  idle_session_timeout: '0',
  IntervalStyle: 'postgres',
  // Above a cost that bulk calls exceed, JIT compiles each statement for seconds.
  jit: 'off',
  // One plan for all values. A plan for the values of a tenant relies on statistics, which may be from
  // before the tenant had rows: PostgreSQL then considers every index equally good, and could read all
  // members of the tenant for each of 10,000 seats.
  plan_cache_mode: 'force_generic_plan',
  // BullMQ sets the schema of its queue after these options.
  search_path: 'public',
  standard_conforming_strings: 'on',
  // The driver reads and writes times without an offset. Another zone would shift every time.
  TimeZone: 'UTC',
  transform_null_equals: 'off',
};

// The service cannot set the last three itself: server_encoding is read-only,
// session_replication_role requires a superuser, and transaction_timeout does not exist before
// PostgreSQL 17.
const CHECKED: Record<string, string> = {
  ...SESSION,
  server_encoding: 'UTF8',
  // Otherwise the triggers that count seats do not run.
  session_replication_role: 'origin',
  transaction_timeout: '0',
};

/** Limits of a session in milliseconds; 0 is no limit. Options in DATABASE_URL override them. */
export interface SessionLimits {
  lock_timeout: number;
  statement_timeout: number;
  idle_in_transaction_session_timeout: number;
}

/** What `pg` needs to connect. */
export interface ConnectionOptions {
  connectionString: string;
  options: string;
  application_name: string;
}

const NO_LIMITS: SessionLimits = {
  lock_timeout: 0,
  statement_timeout: 0,
  idle_in_transaction_session_timeout: 0,
};

/**
 * The options of a connection to `databaseUrl`. Options in the address override the limits, but not
 * the settings on which the code relies.
 * @param name shown in pg_stat_activity.
 */
export function connectionOptions(
  databaseUrl: string,
  name: string,
  limits: Partial<SessionLimits> = {},
): ConnectionOptions {
  const url = new URL(databaseUrl);
  const own = url.searchParams.get('options') ?? '';
  // The driver prefers the address to these options.
  url.searchParams.delete('options');
  const options = [flags({ ...NO_LIMITS, ...limits }), own, flags(SESSION)].join(' ');
  return { connectionString: url.href, options, application_name: name };
}

/** A statement that returns the checked settings that differ, as rows of `name` and `value`. */
export const WRONG_SETTINGS = {
  text: `SELECT name, current_setting(name, true) AS value
    FROM unnest($1::text[], $2::text[]) AS wanted (name, value)
    WHERE current_setting(name, true) <> wanted.value ORDER BY name`,
  values: [Object.keys(CHECKED), Object.values(CHECKED)],
};

function flags(settings: object): string {
  return Object.entries(settings)
    .map(([name, value]) => `-c ${name}=${String(value).replaceAll(' ', '\\ ')}`)
    .join(' ');
}
