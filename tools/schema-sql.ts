import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  ColumnTypeEnum,
  type SqlDriverAdapter,
  type SqlMigrationAwareDriverAdapterFactory,
} from '@prisma/driver-adapter-utils';
import { FILTERS, loadEngine } from '../src/platform/database/schema-engine.ts';

const path = join(import.meta.dirname, '../prisma/schema.prisma');

/** The SQL that creates the tables of prisma/schema.prisma, as the first draft of a migration. */
export async function schemaSql(): Promise<string> {
  const content = await readFile(path, 'utf8');
  const engine = await loadEngine(withoutDatabase, [[path, content]]);
  const { stdout } = await engine.diff({
    from: { tag: 'empty' },
    to: { tag: 'schemaDatamodel', files: [{ path, content }] },
    script: true,
    exitCode: null,
    filters: FILTERS,
  });
  return stdout ?? '';
}

/** A stand-in for PostgreSQL. The engine only queries the version before it compares schemas. */
const withoutDatabase: SqlMigrationAwareDriverAdapterFactory = (() => {
  const { Boolean: boolean, Text: text, Int32: int } = ColumnTypeEnum;
  const answer = {
    columnNames: ['exists', 'version', 'numeric_version'],
    columnTypes: [boolean, text, int],
    rows: [[true, 'PostgreSQL 18', 180_000]],
  };
  const names = { provider: 'postgres', adapterName: '@prisma/adapter-pg' } as const;
  const unneeded = () => Promise.reject(new Error('There is no database.'));
  const connect = async (): Promise<SqlDriverAdapter> => ({
    ...names,
    queryRaw: async () => answer,
    executeRaw: unneeded,
    executeScript: unneeded,
    startTransaction: unneeded,
    dispose: async () => undefined,
  });
  return { ...names, connect, connectToShadowDb: connect };
})();

if (import.meta.main) process.stdout.write(`${await schemaSql()}\n`);
