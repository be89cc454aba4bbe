import type { TestDatabase } from './database.js';

/** Every row of every table of a schema; if none is named of all: ours and that of the queue. */
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

/** Which of the places show which of the secrets in the clear. Names them without showing them. */
export function leaks(places: Record<string, string>, secrets: Record<string, string[]>): string[] {
  return Object.entries(places).flatMap(([place, text]) =>
    Object.entries(secrets).flatMap(([kind, values]) =>
      values.flatMap((value, index) =>
        text.includes(value) ? [`${kind} ${index} is in ${place}`] : [],
      ),
    ),
  );
}
