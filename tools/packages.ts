import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Package {
  version?: string;
  dependencies?: Record<string, string>;
}

/**
 * Installs the packages of a folder with its own package.json, unless they are installed. They are
 * not packages of the project, so that `npm install` stays small.
 * @throws {Error} when npm fails.
 */
export function installPackages(folder: string): void {
  const read = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as Package;
  const isInstalled = ([name, version]: [string, string]) => {
    const path = join(folder, 'node_modules', name, 'package.json');
    return existsSync(path) && read(path).version === version;
  };
  const { dependencies = {} } = read(join(folder, 'package.json'));
  if (Object.entries(dependencies).every(isInstalled)) return;
  process.stderr.write(`Installing the packages of ${folder} …\n`);
  const args = ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
  const { status } = spawnSync('npm', args, {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0) throw new Error(`npm could not install the packages of ${folder}`);
}
