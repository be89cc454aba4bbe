import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { watch } from './process.js';

/*
 * The guides, README and their code blocks, for the tests that check and run them:
 *
 * - The TypeScript and Python snippets are files. Their first line has the name.
 * - A `json` or `text` block right after a `bash` block is its output, apart from white space.
 * - A block with the mark `bash fails` shows a request that is refused.
 * - `sh` blocks are not run.
 */

export const ROOT = join(import.meta.dirname, '../..');

/** The names of the guides, in the order in which a reader meets them. */
export const GUIDES = [
  'README',
  'first-seat',
  'life-of-a-seat',
  'gate-your-app',
  'your-own-mails',
  'bulk',
  'webhooks',
  'portal',
  'moving-from-polar',
  'going-live',
];

/** A code block of a guide. */
export interface Block {
  language: string;
  /** Whether the snippet shows a request that is refused. */
  fails: boolean;
  code: string;
  /** Of a `bash` snippet: the output that the guide shows. */
  output: string | undefined;
}

/** The code blocks of a document, in order. Blocks in lists are indented. */
export function blocksOf(document: string): Block[] {
  const fences = [...document.matchAll(/^( *)```(\w*)( fails)?\n([\s\S]*?)^\1```$/gm)];
  return fences.map((fence, index) => {
    const [text, indent = '', language = '', fails, code = ''] = fence;
    const next = fences[index + 1];
    const between = document.slice(fence.index + text.length, next?.index);
    const isOutput = ['json', 'text'].includes(next?.[2] ?? '') && between.trim() === '';
    const dedent = (block = '') => block.replaceAll(new RegExp(`^${indent}`, 'gm'), '');
    return {
      language,
      fails: fails !== undefined,
      code: dedent(code),
      output: language === 'bash' && isOutput ? dedent(next?.[4]) : undefined,
    };
  });
}

/** The file of a guide. */
export function fileOf(name: string): string {
  return join(ROOT, name === 'README' ? 'README.md' : `docs/guides/${name}.md`);
}

/** The text of a guide. */
export function readGuide(name: string): Promise<string> {
  return readFile(fileOf(name), 'utf8');
}

/** Creates the folder of a reader who has installed the packages that the guides name. */
export async function createReadersFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'seats-guides-'));
  const modules = join(folder, 'node_modules');
  await mkdir(join(modules, '@polar-sh'), { recursive: true });
  await mkdir(join(modules, '@types'));
  const link = (from: string, to: string) =>
    symlink(join(ROOT, 'node_modules', from), join(modules, to));
  await link('polar-sdk-1', '@polar-sh/sdk');
  await link('standardwebhooks', 'standardwebhooks');
  await link('@types/node', '@types/node');
  return folder;
}

/** Saves the TypeScript and Python snippets in a folder. @throws {Error} for one without a name. */
export async function saveFiles(folder: string, blocks: Block[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const { language, code } of blocks) {
    if (language !== 'ts' && language !== 'python') continue;
    const [, name] = /^(?:\/\/|#) ([\w-]+\.(?:mts|py))\n/.exec(code) ?? [];
    if (name === undefined) throw new Error(`no file name in the first line of:\n${code}`);
    await writeFile(join(folder, name), code);
  }
}

/** Runs a program, at most 100 s. @returns its exit code and what it wrote. */
export async function runProgram(
  program: string,
  args: string[],
  { cwd, env }: { cwd: string; env: Record<string, string> },
): Promise<{ code: number | null; output: string }> {
  const options = { cwd, env, timeout: 100_000 };
  const child = watch(spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] }));
  return { code: await child.ended, output: child.output() };
}
