import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { eventually } from './support/eventually.js';
import {
  type Block,
  blocksOf,
  createReadersFolder,
  GUIDES,
  readGuide,
  runProgram,
  saveFiles,
} from './support/guides.js';
import { freePort, type RunningService, startService } from './support/process.js';
import { describeWith, findProgram } from './support/programs.js';

/*
 * Runs the snippets of the guides as a reader does: in the order of the guides, against the demo
 * organization of a service that was started with the one setting that the guides name. Each guide
 * has its own shell and its own folder.
 */

// The port of the receivers and pages in the guides.
const GUIDE_PORT = /\b4000\b/g;

const PROGRAMS = ['bash', 'curl', 'jq', 'python3'];
const missing = PROGRAMS.find((name) => findProgram(name) === undefined);

const withoutSpace = (text: string) => text.replaceAll(/\s/g, '');

/** The variables that the service prints at its start; undefined if it has not yet. */
function exportsIn(output: string): Record<string, string> | undefined {
  const lines = output.split('\n').filter((line) => line.startsWith('export '));
  if (lines.length < 2) return undefined;
  const settings = lines.flatMap((line) => line.split(' ').slice(1));
  return Object.fromEntries(settings.map((setting) => setting.split('=') as [string, string]));
}

/** A script that runs the snippets in one shell and writes the output of each to `<index>.out`. */
function scriptOf(snippets: Block[]): string {
  const lines = snippets.map(({ code, fails }, index) =>
    fails
      ? `if (\n${code}) > ${index}.out; then echo 'snippet ${index} was not refused' >&2; exit 1; fi`
      : `{\n${code}} > ${index}.out`,
  );
  return [
    'set -e -o pipefail',
    // A receiver that a failed snippet leaves behind.
    "trap 'kill $(jobs -p) 2> /dev/null || true' EXIT",
    // A response that is not a 2xx fails the snippet.
    'curl() { command curl --fail-with-body "$@"; }',
    ...lines,
  ].join('\n');
}

describeWith(missing ?? 'bash', 'the snippets of the guides', () => {
  let dataDir: string;
  let folder: string;
  let service: RunningService;
  let env: Record<string, string>;
  let port: number;

  beforeAll(async () => {
    folder = await createReadersFolder();
    dataDir = await mkdtemp(join(tmpdir(), 'seats-guides-data-'));
    service = await startService({ DATA_DIR: dataDir, WEBHOOK_ALLOW_PRIVATE: 'true' });
    port = await freePort();
    const exported = await eventually('the printed variables', () => exportsIn(service.output()));
    const PATH = [dirname(process.execPath), process.env['PATH']].join(delimiter);
    env = { PATH, HOME: process.env['HOME'] ?? '', ...exported };
  }, 90_000);

  afterAll(async () => {
    await service?.stop();
    await rm(dataDir, { recursive: true, force: true });
    await rm(folder, { recursive: true, force: true });
  });

  // A reader of README tries its snippets again on the next day.
  it.each([...GUIDES, 'README'])(
    'run and print what the guide shows: %s',
    async (guide) => {
      const blocks = blocksOf((await readGuide(guide)).replaceAll(GUIDE_PORT, String(port)));
      const cwd = join(folder, guide);
      await saveFiles(cwd, blocks);
      const snippets = blocks.filter(isBash);

      const { code, output } = await runProgram('bash', ['-c', scriptOf(snippets)], { cwd, env });
      const printed = await Promise.all(
        snippets.map((_, index) => readFile(join(cwd, `${index}.out`), 'utf8').catch(() => '')),
      );
      if (code !== 0) throw new Error(`exit code ${code}\n${printed.join('')}\n${output}`);
      for (const [index, snippet] of snippets.entries()) {
        if (snippet.output === undefined) continue;
        expect(withoutSpace(printed[index] as string)).toBe(withoutSpace(snippet.output));
      }
    },
    120_000,
  );
});

function isBash({ language }: Block): boolean {
  return language === 'bash';
}
