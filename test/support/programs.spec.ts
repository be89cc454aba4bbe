import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { decide, findProgram } from './programs.js';

test.each<[string, boolean, NodeJS.ProcessEnv, string]>([
  ['run where it is there', true, {}, 'run'],
  ['run in CI, where it is there', true, { CI: 'true' }, 'run'],
  ['are skipped where it is missing', false, {}, 'skip'],
  ['fail in CI where it is missing', false, { CI: 'true' }, 'fail'],
])('tests that need a program %s', (_, found, env, decision) => {
  expect(decide(found, env)).toBe(decision);
});

test('a program is the first of its name in PATH that can be run', async () => {
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
