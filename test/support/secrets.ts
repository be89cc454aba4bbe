import type { TestDatabase } from './database.js';

/** Every row of every table of a schema; without one, of all schemas, which includes the queue. */
export async function dumpDatabase(sql: TestDatabase['sql'], schema?: string): Promise<string> {
  const tables = await sql<{ name: string }>(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
     WHERE schemaname NOT IN ('pg_catalog', 'information_schema') AND schemaname = coalesce($1, schemaname)`,
    [schema ?? null],
  );
  const dumps: string[] = [];
  for (const { name } of tables) {
    const rows = await sql<{ row: string }>(`SELECT t::text AS row FROM ${name} AS t`);
    dumps.push(name, ...rows.map(({ row }) => row));
  }
  return dumps.join('\n');
}

/** Finds the places that contain a secret in plain text. The result does not contain the secret. */
export function leaks(places: Record<string, string>, secrets: Record<string, string[]>): string[] {
  return Object.entries(places).flatMap(([place, text]) =>
    Object.entries(secrets).flatMap(([kind, values]) =>
      values.flatMap((value, index) =>
        text.includes(value) ? [`${kind} ${index} is in ${place}`] : [],
      ),
    ),
  );
}
