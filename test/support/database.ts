import { randomBytes } from 'node:crypto';
import { Client, Pool } from 'pg';

export interface TestDatabase {
  url: string;
  /** Runs a statement directly, without the service. @returns its rows. */
  sql<Row extends object = Record<string, any>>(text: string, params?: unknown[]): Promise<Row[]>;
  /** Empties every table except _prisma_migrations. */
  truncate(): Promise<void>;
  /** Ends all connections and removes the database. */
  drop(): Promise<void>;
}

/** Creates a database for a test file: a migrated one (the default), or an empty one. */
export async function testDatabase(
  template: 'template_seats' | 'template0' = 'template_seats',
): Promise<TestDatabase> {
  const server = process.env['TEST_POSTGRES_URL'];
  if (server === undefined) throw new Error('Jest did not run global-setup.');
  const name = `test_${randomBytes(6).toString('hex')}`;
  await execute(server, `CREATE DATABASE ${name} TEMPLATE ${template}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  const pool = new Pool({ connectionString: url.href, max: 4 });
  pool.on('error', () => undefined); // A test may kill a connection; its next query fails.
  let truncation: string | undefined;
  return {
    url: url.href,
    sql: async (text, params) => (await pool.query(text, params)).rows,
    truncate: async () => {
      truncation ??= await truncationOf(pool);
      await pool.query(truncation);
    },
    drop: async () => {
      await pool.end();
      await execute(server, `DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}

async function truncationOf(pool: Pool): Promise<string> {
  const { rows } = await pool.query(
    `SELECT 'TRUNCATE ' || string_agg(format('%I', tablename), ', ') || ' RESTART IDENTITY' AS text
     FROM pg_tables WHERE schemaname = 'public' AND tablename <> '_prisma_migrations'`,
  );
  return rows[0].text;
}

async function execute(url: string, statement: string): Promise<void> {
  const client = new Client(url);
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
