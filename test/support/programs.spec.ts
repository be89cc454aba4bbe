import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { decide, findProgram } from './programs.js';

describe('decide', () => {
  it.each<[string, boolean, NodeJS.ProcessEnv, string]>([
    ['run where the program is installed', true, {}, 'run'],
    ['run in CI where the program is installed', true, { CI: 'true' }, 'run'],
    ['skip where the program is missing', false, {}, 'skip'],
    ['fail in CI where the program is missing', false, { CI: 'true' }, 'fail'],
  ])('makes tests %s', (_, found, env, decision) => {
    expect(decide(found, env)).toBe(decision);
  });
});

describe('findProgram', () => {
  it('returns the first executable file of that name in PATH', async () => {
    const root = await mkdtemp(join(tmpdir(), 'seats-programs-'));
    const [empty, plain, good] = ['empty', 'plain', 'good'].map((name) => join(root, name));
    for (const directory of [empty, plain, good] as string[]) await mkdir(directory);
    await writeFile(join(plain as string, 'thing'), '');
    await writeFile(join(good as string, 'thing'), '');
    await chmod(join(good as string, 'thing'), 0o755);
    expect(findProgram('thing', [empty, plain, '', good].join(delimiter))).toBe(
      join(good as string, 'thing'),
    );
    expect(findProgram('thing', [empty, plain, ''].join(delimiter))).toBeUndefined();
    await rm(root, { recursive: true });
  });
});
