import type { DatabaseProvider } from '../../src/boot/preflight.js';
import { startEmbeddedPostgres } from './embedded-postgres.ts';

/**
 * Opens the embedded PostgreSQL of DATA_DIR, for a process without DATABASE_URL.
 * @throws {Error} when it does not start. The first line of the message is for people.
 */
export const openEmbeddedDatabase: DatabaseProvider = async () => {
  try {
    return await startEmbeddedPostgres(process.env['DATA_DIR']?.trim() || '.data');
  } catch (error) {
    throw new Error(
      `DATA_DIR: the embedded PostgreSQL did not start. ${firstLine(error)} ` +
        '(Alternatively set DATABASE_URL to another PostgreSQL.)',
      { cause: error },
    );
  }
};

function firstLine(error: unknown): string {
  return String((error as Error).message).split('\n')[0] as string;
}
