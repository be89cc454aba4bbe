import { type DatabaseError, Pool } from 'pg';
import { connectionOptions, WRONG_SETTINGS } from './connection.js';
import { migrationNames } from './migrate.js';

/** The state of the database. */
export interface ProbeResult {
  /** Whether it has every migration that this code needs. */
  migrated: boolean;
}

/**
 * Checks whether the database can be used, over its own connection. In the pool of the requests the
 * check would wait behind them, and a busy process would look like a broken one.
 */
export class DatabaseProbe {
  private readonly pool: Pool;
  private names: string[] | undefined;

  /** @param patienceMs the time limit for a connection and for a response. */
  constructor(databaseUrl: string, patienceMs: number) {
    this.pool = new Pool({
      ...connectionOptions(databaseUrl, 'seats (health)', { statement_timeout: patienceMs }),
      max: 1,
      connectionTimeoutMillis: patienceMs,
      query_timeout: patienceMs,
      // Longer than the interval between two checks of an orchestrator.
      idleTimeoutMillis: 60_000,
    });
    this.pool.on('error', () => undefined); // The next query reconnects or fails.
  }

  /** Reads the names of the migrations, which do not change while the process runs. */
  async open(): Promise<void> {
    this.names = await migrationNames();
  }

  /**
   * @throws when the database cannot be reached, does not respond in time, is read-only, or when its
   *   sessions are not as the code needs them.
   */
  async ask(): Promise<ProbeResult> {
    const names = this.names ?? [];
    const wrong = await this.pool.query<{ name: string; value: string }>(WRONG_SETTINGS);
    const [setting] = wrong.rows;
    if (setting !== undefined) throw new Error(`${setting.name} is ${setting.value}`);
    try {
      const { rows } = await this.pool.query<{ applied: number; read_only: boolean }>(
        `SELECT count(DISTINCT migration_name)::int AS applied,
           current_setting('transaction_read_only') = 'on' AS read_only FROM _prisma_migrations
         WHERE migration_name = ANY($1) AND finished_at IS NOT NULL AND rolled_back_at IS NULL`,
        [names],
      );
      if (rows[0]?.read_only) throw new Error('the database is read-only');
      return { migrated: rows[0]?.applied === names.length };
    } catch (error) {
      // The table does not exist, or the user may not read it.
      if ((error as DatabaseError).code?.startsWith('42')) return { migrated: false };
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.pool.end();
  }
}
