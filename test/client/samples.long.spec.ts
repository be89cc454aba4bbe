import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Demo } from '../../src/demo/demo.service.js';
import { type Server, startServer } from '../../src/boot/server.js';
import { createLogger } from '../../src/platform/logger.js';
import { testSettings } from '../support/app.js';
import { installClient } from '../support/client-package.js';
import { type TestDatabase, testDatabase } from '../support/database.js';
import { runProgram } from '../support/guides.js';
import { describeWith } from '../support/programs.js';

/*
 * Runs the code samples of the API description, in its order, against a fresh demo for each language.
 */

interface Sample {
  lang: string;
  source: string;
}

interface Operation {
  operationId: string;
  'x-codeSamples'?: Sample[];
}

const hasRequests = spawnSync('python3', ['-c', 'import requests']).status === 0;

/** How a reader runs a sample. */
const RUNNERS: Record<string, { file: string; program: string; args: string[] }> = {
  Shell: { file: 'sample.sh', program: 'bash', args: ['-e'] },
  TypeScript: { file: 'sample.mts', program: process.execPath, args: [] },
  Python: { file: 'sample.py', program: 'python3', args: [] },
};

let folder: string;
let database: TestDatabase;
let server: Server;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'seats-samples-'));
  await installClient(folder);
}, 60_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

beforeEach(async () => {
  database = await testDatabase();
  const env = { DATABASE_URL: database.url, PORT: '0', DEMO: 'true' };
  server = await startServer(testSettings(env), createLogger('silent'));
}, 60_000);
afterEach(async () => {
  await server?.stop();
  await database?.drop();
});

const origin = () => `http://127.0.0.1:${server.settings.port}`;

async function samples(lang: string): Promise<[operation: string, source: string][]> {
  const description: any = await (await fetch(`${origin()}/docs/openapi.json`)).json();
  return Object.values<Record<string, Operation>>(description.paths)
    .flatMap((path) => Object.values(path))
    .flatMap(({ operationId, 'x-codeSamples': all = [] }) =>
      all
        .filter((sample) => sample.lang === lang)
        .map(({ source }): [string, string] => [operationId, source]),
    );
}

/** Runs all samples of a language. @returns those that failed, with their output. */
async function failuresOf(lang: string): Promise<unknown[]> {
  const { file, program, args } = RUNNERS[lang] as (typeof RUNNERS)[string];
  const env = {
    PATH: process.env['PATH'] ?? '',
    SEATS_URL: origin(),
    SEATS_TOKEN: (server.demo as Demo).token,
  };
  const failures: unknown[] = [];
  const all = await samples(lang);
  expect(all.length).toBeGreaterThan(14);
  for (const [operation, source] of all) {
    // curl ends with 0 even if the service refuses, and a stream does not end.
    const code =
      lang === 'Shell' ? source.replace(/^curl -s (-N )?/, 'curl -sf --max-time 5 ') : source;
    await writeFile(join(folder, file), `${code}\n`);
    const result = await runProgram(program, [...args, file], { cwd: folder, env });
    const isEndless = operation === 'streamClaim' && result.code === 28;
    if (result.code !== 0 && !isEndless) failures.push([operation, result.code, result.output]);
  }
  return failures;
}

describeWith('curl', 'the samples of curl', () => {
  it('are answered with a 2xx', async () => {
    expect(await failuresOf('Shell')).toEqual([]);
  });
});

describe('the samples of TypeScript', () => {
  it('run with the published form of the client', async () => {
    expect(await failuresOf('TypeScript')).toEqual([]);
  });
});

(hasRequests ? describe : describe.skip)('the samples of Python', () => {
  it('run with requests', async () => {
    expect(await failuresOf('Python')).toEqual([]);
  });
});
