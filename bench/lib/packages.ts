/* The packages that only the benchmarks need. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './processes.ts';

/** Installs bench/package.json if that has not happened. @throws {Error} when npm fails. */
export function installPackages(): void {
  const cwd = join(ROOT, 'bench');
  if (existsSync(join(cwd, 'node_modules/better-auth'))) return;
  process.stderr.write('Installing the packages of bench/package.json …\n');
  const args = ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
  const { status } = spawnSync('npm', args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) throw new Error('npm could not install the packages of bench/package.json');
}
