/*
 * The PostgreSQL of all contestants, with durable settings and one database for each measurement.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, type QueryResultRow } from 'pg';
import { startEmbeddedPostgres } from '../../tools/embedded-postgres/embedded-postgres.ts';
import { familyCpuMs } from './usage.ts';

export class Postgres {
  readonly directory: string;
  private readonly address: string;
  private readonly closeServer: () => Promise<void>;

  private constructor(directory: string, address: string, closeServer: () => Promise<void>) {
    this.directory = directory;
    this.address = address;
    this.closeServer = closeServer;
  }

  static async start(): Promise<Postgres> {
    const directory = await mkdtemp(join(tmpdir(), 'seats-bench-'));
    const { url, close } = await startEmbeddedPostgres(directory);
    return new Postgres(directory, url, close);
  }

  /** The address of a database of this server. */
  url(database: string): string {
    const url = new URL(this.address);
    url.pathname = `/${database}`;
    return url.href;
  }

  async createDatabase(name: string, template = 'template1'): Promise<string> {
    await this.query(`CREATE DATABASE ${name} TEMPLATE ${template}`);
    return this.url(name);
  }

  async dropDatabase(name: string): Promise<void> {
    await this.query(`DROP DATABASE ${name} WITH (FORCE)`);
  }

  /** Sends a statement from a database that no measurement uses. */
  query<Row extends QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]> {
    return query<Row>(this.url('postgres'), text, values);
  }

  /**
   * Brings the statistics of all databases up to date, so that autovacuum has little to do during a
   * round. @param quick does nothing: the figures mean nothing, and other measurements run.
   */
  async settle(quick: boolean): Promise<void> {
    if (quick) return;
    const names = await this.query<{ datname: string }>(
      'SELECT datname FROM pg_database WHERE NOT datistemplate',
    );
    for (const { datname } of names) {
      await query(this.url(datname), 'VACUUM ANALYZE');
    }
    await this.query('CHECKPOINT');
  }

  /** The CPU time that all processes of PostgreSQL have used so far, in ms. */
  async cpuMs(): Promise<number> {
    const text = await readFile(join(this.directory, 'postgres/postmaster.pid'), 'utf8');
    return familyCpuMs(Number(text.split('\n')[0]));
  }

  /** The bytes of WAL that have been written so far. */
  async walBytes(): Promise<number> {
    const [row] = await this.query<{ bytes: number }>(
      `SELECT (pg_current_wal_insert_lsn() - '0/0')::float8 AS bytes`,
    );
    return row?.bytes ?? NaN;
  }

  /** The server's log so far. */
  log(): Promise<string> {
    return readFile(join(this.directory, 'postgres.log'), 'utf8');
  }

  async close(): Promise<void> {
    await this.closeServer();
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** Sends one statement over a new connection. Without values, the text may contain several statements. */
export async function query<Row extends QueryResultRow>(
  url: string,
  text: string,
  values?: unknown[],
): Promise<Row[]> {
  const client = new Client(url);
  // The statement fails as well. Without a listener the error would end the process before it has
  // cleaned up.
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rows } = await client.query<Row>(text, values);
    return rows;
  } finally {
    await client.end();
  }
}
