import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

describe.each(['SECURITY.md', 'CONTRIBUTING.md', 'docs/reliability.md'])('%s', (document) => {
  it('names only tests that exist', async () => {
    const text = await readFile(document, 'utf8');
    const named = [...text.matchAll(/`(?:test\/)?([\w./-]+\.spec\.ts)`/g)].map(([, path]) => path);
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((path) => !existsSync(`test/${path}`))).toEqual([]);
  });
});
