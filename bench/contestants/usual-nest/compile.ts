/* Generates the Prisma client of the usual Nest contestant and compiles both. */
import { copyFile, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { transformFile } from '@swc/core';
import { output, ROOT, run } from '../../lib/processes.ts';

// Below bench/node_modules, so that its imports find the packages of the benchmarks.
const CACHE = join(ROOT, 'bench/node_modules/.cache/usual-nest');

/** @returns the program to run. */
export async function compileUsualNest(): Promise<string> {
  await rm(CACHE, { recursive: true, force: true });
  const source = join(CACHE, 'source');
  await mkdir(source, { recursive: true });
  await copyFile(join(import.meta.dirname, 'main.ts'), join(source, 'main.ts'));
  await output(
    run(
      [
        join(ROOT, 'node_modules/prisma/build/index.js'),
        'generate',
        `--schema=${join(import.meta.dirname, 'schema.prisma')}`,
      ],
      // `prisma generate` does not use the engine, but asks for an existing file.
      { PRISMA_SCHEMA_ENGINE_BINARY: 'package.json', HOME: CACHE },
    ),
  );
  const target = join(CACHE, 'compiled');
  const files = await readdir(source, { recursive: true, withFileTypes: true });
  for (const { name, parentPath } of files.filter((file) => file.name.endsWith('.ts'))) {
    const folder = parentPath.replace(source, target);
    await mkdir(folder, { recursive: true });
    const { code } = await transformFile(join(parentPath, name), {
      configFile: join(ROOT, '.swcrc'),
    });
    await writeFile(join(folder, name.replace(/\.ts$/, '.js')), code);
  }
  await writeFile(join(target, 'package.json'), '{ "type": "module" }\n');
  return join(target, 'main.js');
}
