import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * Defines tests that need a program. They are skipped, with one line of output, where the program is
 * missing. In CI, which installs the program, they fail instead.
 */
export function describeWith(program: string, name: string, tests: (path: string) => void): void {
  const path = findProgram(program);
  switch (decide(path !== undefined)) {
    case 'run':
      describe(name, () => tests(path as string));
      break;
    case 'fail':
      it(`${name}: finds ${program} in PATH`, () => {
        throw new Error(`${program} is not installed, and tests must not be skipped in CI`);
      });
      break;
    case 'skip':
      saySkipped(`${program} is not in PATH`, name);
      describe.skip(name, () => tests(program));
  }
}

/** Decides whether tests run, fail or are skipped. */
export function decide(found: boolean, env = process.env): 'run' | 'fail' | 'skip' {
  if (found) return 'run';
  return env['CI'] === 'true' ? 'fail' : 'skip';
}

/** Reports on standard error that tests are skipped, and why. */
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
