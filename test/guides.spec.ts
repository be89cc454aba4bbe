import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { startApp } from './support/app.js';
import {
  blocksOf,
  createReadersFolder,
  fileOf,
  GUIDES,
  readGuide,
  ROOT,
  runProgram,
  saveFiles,
} from './support/guides.js';
import { startWorker } from './support/worker.js';

/* guides.long.spec.ts runs the snippets. */

/** The beginnings of the `sh` and `sql` snippets, which are not run, and the reason. */
const NOT_RUN = [
  ['npm install && npm start', 'The test has started the service.'],
  ['npm install && npm test', 'This is the test.'],
  ['export SEATS_URL=', 'The test takes the variables from the output of the service.'],
  ['npm install @polar-sh/sdk@1', 'The test links the installed package.'],
  [
    'cp .env.example .env',
    'The commands need Docker. The tests of the command line run the last two.',
  ],
  ['UPDATE effects', 'The test below runs the statements.'],
  ['npm install standardwebhooks', 'The test links the installed package.'],
  ['WEBHOOK_ALLOW_PRIVATE=true npm start', 'The test has started the service with this setting.'],
  ['NODE_ENV=production', 'These are settings of a server, not commands.'],
  ['node dist/cli/main.js org create', 'The command runs on a production server.'],
] as const;

const LANGUAGES = ['bash', 'sh', 'sql', 'ts', 'python', 'json', 'text', 'mermaid'];

describe('the guides', () => {
  it('contain only blocks that are run, compared, or excepted with a reason', async () => {
    const blocks = (await Promise.all(GUIDES.map(readGuide))).flatMap(blocksOf);
    const others = blocks.filter(({ language }) => !LANGUAGES.includes(language));
    expect(others).toEqual([]);
    const beginnings = NOT_RUN.map(([beginning]) => beginning);
    const excepted = blocks
      .filter(({ language }) => ['sh', 'sql'].includes(language))
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
        const file = path === '' ? fileOf(guide) : join(dirname(fileOf(guide)), path);
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

describe('the statements in README that discard what a copy of production holds back', () => {
  it('leave no mail and no webhook to send', async () => {
    const api = await startApp();
    const worker = await startWorker({ DATABASE_URL: api.database.url, HOLD_OUTBOX: 'true' });
    try {
      const tenant = await api.tenant();
      const { id } = await tenant.subscription(1);
      await tenant.create('webhooks/endpoints', { url: 'https://shop.example.com/webhooks' });
      const body = { subscription_id: id, email: 'ada@example.com' };
      await tenant.call('POST', '/v1/customer-seats', { body });
      await worker.relay.runOnce();
      const waiting = async () => [
        ...(await api.database.sql('SELECT FROM effects WHERE done_at IS NULL')),
        ...(await api.database.sql('SELECT FROM webhook_messages')),
      ];
      expect(await waiting()).toHaveLength(2);

      const [block] = blocksOf(await readGuide('README')).filter(
        ({ language }) => language === 'sql',
      );
      await api.database.sql(block?.code as string);
      expect(await waiting()).toEqual([]);
    } finally {
      await worker.close();
      await api.close();
    }
  }, 30_000);
});
