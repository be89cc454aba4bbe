import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import {
  bindMigrationAwareSqlAdapterFactory,
  type SqlMigrationAwareDriverAdapterFactory,
} from '@prisma/driver-adapter-utils';
import type { SchemaEngine } from '@prisma/schema-engine-wasm';

/*
 * Prisma's schema engine as WebAssembly. The prisma command line downloads the same engine as a
 * binary, from a host that many machines cannot reach. tools/schema-sql.ts runs this file without a
 * build, so it imports packages only.
 */

/** The engine includes every table and type. */
export const FILTERS = { externalTables: [], externalEnums: [] };

// TypeScript declares WebAssembly only in the browser's types.
declare const WebAssembly: {
  instantiate(
    bytes: Uint8Array,
    imports: object,
  ): Promise<{ instance: { exports: { __wbindgen_start?: () => void } } }>;
};

/** Starts Prisma's schema engine on the database of `adapter`, or on `datamodels` ([name, text]). */
export async function loadEngine(
  adapter: SqlMigrationAwareDriverAdapterFactory,
  datamodels: [string, string][] | undefined,
): Promise<SchemaEngine> {
  const { SchemaEngine } = await (bindings ??= instantiateEngine());
  const silent = () => undefined;
  const bound = bindMigrationAwareSqlAdapterFactory(adapter);
  return await SchemaEngine.new({ datamodels }, silent, bound);
}

// One instance per process, because the bindings can refer to one only.
let bindings: ReturnType<typeof instantiateEngine> | undefined;

async function instantiateEngine() {
  const glue = '@prisma/schema-engine-wasm/schema_engine_bg';
  const bindings = await import('@prisma/schema-engine-wasm/schema_engine_bg');
  const folder = dirname(createRequire(import.meta.url).resolve(glue));
  // The engine never clears the timer that limits its wait for a lock. Without unref that timer keeps
  // the process alive for ten seconds.
  const imports = Object.entries(bindings).map(([name, binding]) => [
    name,
    name.startsWith('__wbg_setTimeout_')
      ? (callback: () => void, ms: number) => setTimeout(callback, ms).unref()
      : binding,
  ]);
  const { instance } = await WebAssembly.instantiate(
    await readFile(join(folder, 'schema_engine_bg.wasm')),
    { './schema_engine_bg.js': Object.fromEntries(imports) },
  );
  bindings.__wbg_set_wasm(instance.exports);
  instance.exports.__wbindgen_start?.();
  return bindings;
}
