import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * Tests that need a program of the machine. Where it is missing they are skipped and one line says
 * so; in CI, which installs it, that would hide something: there it is a failure.
 */
export function describeWith(program: string, name: string, tests: (path: string) => void): void {
  const path = findProgram(program);
  switch (decide(path !== undefined)) {
    case 'run':
      describe(name, () => tests(path as string));
      break;
    case 'fail':
      it(`${name}: finds ${program} in PATH`, () => {
        throw new Error(`${program} is not installed, and a skipped test counts as a failure here`);
      });
      break;
    case 'skip':
      saySkipped(`${program} is not in PATH`, name);
      describe.skip(name, () => tests(program));
  }
}

/** What becomes of tests whose program is there or not. */
export function decide(found: boolean, env = process.env): 'run' | 'fail' | 'skip' {
  if (found) return 'run';
  return env['CI'] === 'true' ? 'fail' : 'skip';
}

/** Tests that are skipped say so, and why. */
export function saySkipped(why: string, name: string): void {
  process.stderr.write(`skipped, because ${why}: ${name}\n`);
}

export function findProgram(name: string, path = process.env['PATH']): string | undefined {
  const directories = (path ?? '').split(delimiter).filter((each) => each !== '');
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
