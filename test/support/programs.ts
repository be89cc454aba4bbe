import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * Tests that need a program of the machine. Where it is missing they are skipped and one line says
 * so; in CI, which installs it, that would hide something: there it is a failure.
 */
export function describeWith(program: string, name: string, tests: (path: string) => void): void {
  const path = findProgram(program);
  if (path !== undefined) {
    describe(name, () => tests(path));
  } else if (process.env['CI'] === 'true') {
    it(`${name}: finds ${program} in PATH`, () => {
      throw new Error(`${program} is not installed, and a skipped test counts as a failure here`);
    });
  } else {
    process.stderr.write(`skipped, because ${program} is not in PATH: ${name}\n`);
    describe.skip(name, () => tests(program));
  }
}

function findProgram(name: string): string | undefined {
  const directories = (process.env['PATH'] ?? '').split(delimiter).filter((path) => path !== '');
  return directories.map((directory) => join(directory, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
