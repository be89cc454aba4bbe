import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  blocksOf,
  createReadersFolder,
  GUIDES,
  readGuide,
  ROOT,
  runProgram,
  saveFiles,
} from './support/guides.js';

/* guides.long.spec.ts runs the snippets. */

/** The beginnings of the `sh` snippets, which are not run, and the reason. */
const NOT_RUN = [
  ['npm install && npm start', 'The test has started the service.'],
  ['export SEATS_URL=', 'The test sets both variables from the output of the service.'],
  ['npm install @polar-sh/sdk@1', 'The test links the installed package.'],
  ['npm install standardwebhooks', 'The test links the installed package.'],
  ['WEBHOOK_ALLOW_PRIVATE=true npm start', 'The test has started the service with this setting.'],
  ['NODE_ENV=production', 'These are settings of a server, not commands.'],
  ['node dist/cli/main.js org create', 'The command runs on a production server.'],
] as const;

const LANGUAGES = ['bash', 'sh', 'ts', 'python', 'json', 'text'];

describe('the guides', () => {
  it('contain only blocks that are run, compared, or excepted with a reason', async () => {
    const blocks = (await Promise.all(GUIDES.map(readGuide))).flatMap(blocksOf);
    const others = blocks.filter(({ language }) => !LANGUAGES.includes(language));
    expect(others).toEqual([]);
    const beginnings = NOT_RUN.map(([beginning]) => beginning);
    const excepted = blocks
      .filter(({ language }) => language === 'sh')
      .map(({ code }) => beginnings.find((beginning) => code.startsWith(beginning)) ?? code);
    expect(new Set(excepted)).toEqual(new Set(beginnings));
  });

  it('link only to files and headings that exist', async () => {
    const slugOf = (heading: string) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\w\s-]/g, '')
        .replaceAll(' ', '-');
    const broken: string[] = [];
    for (const guide of GUIDES) {
      const document = await readGuide(guide);
      for (const [, target = ''] of document.matchAll(/\]\((?!https?:)([^)]+)\)/g)) {
        const [path = '', anchor] = target.split('#');
        const file = join(ROOT, 'docs/guides', path === '' ? `${guide}.md` : path);
        const headings =
          anchor === undefined || !existsSync(file)
            ? []
            : [...(await readFile(file, 'utf8')).matchAll(/^#+ (.*)$/gm)];
        const isFound =
          existsSync(file) &&
          (anchor === undefined || headings.some(([, text = '']) => slugOf(text) === anchor));
        if (!isFound) broken.push(`${guide}: ${target}`);
      }
    }
    expect(broken).toEqual([]);
  });

  it('have TypeScript that compiles under strict', async () => {
    const folder = await createReadersFolder();
    try {
      for (const guide of GUIDES) {
        await saveFiles(join(folder, guide), blocksOf(await readGuide(guide)));
      }
      const compilerOptions = {
        target: 'es2024',
        lib: ['es2024'],
        module: 'nodenext',
        types: ['node'],
        strict: true,
        noUncheckedIndexedAccess: true,
        skipLibCheck: true,
        noEmit: true,
      };
      const config = { compilerOptions, include: ['*/*.mts'] };
      await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config));
      const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
      const result = await runProgram(process.execPath, [tsc, '-p', '.'], { cwd: folder, env: {} });
      expect(result).toEqual({ code: 0, output: '' });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }, 60_000);
});
