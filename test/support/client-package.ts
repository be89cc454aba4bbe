import { spawnSync } from 'node:child_process';
import { cp, mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from './guides.js';

/** Builds clients/typescript, and installs it into a folder as npm would. */
export async function installClient(folder: string): Promise<void> {
  const source = join(ROOT, 'clients/typescript');
  const target = join(folder, 'node_modules/@seats/client');
  await mkdir(target, { recursive: true });
  await cp(join(source, 'package.json'), join(target, 'package.json'));
  await symlink(
    join(ROOT, 'node_modules/openapi-fetch'),
    join(folder, 'node_modules/openapi-fetch'),
  );
  const tsc = join(ROOT, 'node_modules/.bin/tsc');
  const args = ['-p', source, '--outDir', join(target, 'dist')];
  const { status, stdout } = spawnSync(tsc, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`the client does not compile:\n${stdout}`);
}
