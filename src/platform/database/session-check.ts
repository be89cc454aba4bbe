import { Client } from 'pg';
import { connectionOptions, WRONG_SETTINGS } from './connection.js';

const OLDEST_VERSION = 15;
const RIGHTS = ['SELECT', 'INSERT', 'UPDATE', 'DELETE'];
const PREPARED = { name: 'check', text: 'SELECT pg_backend_pid() AS pid' };
// undefined_prepared_statement, and duplicate_prepared_statement.
const NOT_PREPARED = ['26000', '42P05'];

/**
 * Checks that sessions on the migrated database are as the code needs them.
 * @returns a sentence that says what is wrong; undefined when nothing is.
 */
export async function sessionProblem(databaseUrl: string): Promise<string | undefined> {
  const [first, second] = [newClient(databaseUrl), newClient(databaseUrl)];
  try {
    await first.connect();
    await second.connect();
    return (
      (await settingsProblem(first)) ??
      (await poolerProblem(first, second)) ??
      (await serverProblem(first)) ??
      (await rightsProblem(first))
    );
  } finally {
    await Promise.all([first, second].map((client) => client.end().catch(() => undefined)));
  }
}

function newClient(databaseUrl: string): Client {
  const client = new Client({
    ...connectionOptions(databaseUrl, 'seats (start)'),
    connectionTimeoutMillis: 5_000,
    query_timeout: 5_000,
  });
  client.on('error', () => undefined); // The next query on the connection reports the failure.
  return client;
}

async function settingsProblem(client: Client): Promise<string | undefined> {
  const { rows } = await client.query<{ name: string; value: string }>(WRONG_SETTINGS);
  if (rows.length === 0) return undefined;
  const found = rows.map(({ name, value }) => `${name} is ${value}`).join(', ');
  return (
    `the settings of its sessions are not those that the service needs: ${found}. ` +
    'Connect to PostgreSQL itself, or to a pooler that keeps the option `options`'
  );
}

/** A pooler in transaction mode gives the process of the first session to the second one. */
async function poolerProblem(first: Client, second: Client): Promise<string | undefined> {
  const problem =
    'it leads to a pooler that does not keep sessions. Connect to PostgreSQL itself, or use the ' +
    'session mode of the pooler';
  try {
    const before = await first.query<{ pid: number }>(PREPARED);
    await second.query('BEGIN');
    await second.query('SELECT 1');
    const after = await first.query<{ pid: number }>(PREPARED);
    await second.query('ROLLBACK');
    return before.rows[0]?.pid === after.rows[0]?.pid ? undefined : problem;
  } catch (error) {
    if (NOT_PREPARED.includes((error as { code?: string }).code ?? '')) return problem;
    throw error;
  }
}

async function serverProblem(client: Client): Promise<string | undefined> {
  const { rows } = await client.query<{ version: number; read_only: boolean }>(
    `SELECT current_setting('server_version_num')::int / 10000 AS version,
      current_setting('transaction_read_only') = 'on' AS read_only`,
  );
  const [row] = rows;
  if (row === undefined || row.read_only)
    return 'the database is read-only. Point DATABASE_URL at the primary';
  if (row.version >= OLDEST_VERSION) return undefined;
  return `it is PostgreSQL ${row.version}. The service needs ${OLDEST_VERSION} or newer`;
}

/** Only the tables of the role that applied the migrations are the service's. */
async function rightsProblem(client: Client): Promise<string | undefined> {
  const { rows } = await client.query<{ missing: string }>(
    `SELECT rights.name || ' on ' || relname AS missing
     FROM pg_class, unnest($1::text[]) AS rights (name)
     WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
       AND relname <> '_prisma_migrations'
       AND relowner = (SELECT relowner FROM pg_class WHERE oid = '_prisma_migrations'::regclass)
       AND NOT has_table_privilege(oid, rights.name)
     UNION ALL SELECT 'USAGE on ' || relname
     FROM pg_sequence JOIN pg_class ON pg_class.oid = seqrelid
     WHERE relnamespace = 'public'::regnamespace
       AND relowner = (SELECT relowner FROM pg_class WHERE oid = '_prisma_migrations'::regclass)
       AND NOT has_sequence_privilege(seqrelid, 'USAGE')`,
    [RIGHTS],
  );
  if (rows.length === 0) return undefined;
  const missing = rows.map((row) => row.missing);
  const more = missing.length > 3 ? ` and ${missing.length - 3} more` : '';
  return `its user lacks rights: ${missing.slice(0, 3).join(', ')}${more}. Grant them to the user`;
}
