import { spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';

const ROOT = join(import.meta.dirname, '..');
const STAMP = join(ROOT, 'dist/.built');
const LOCK = join(ROOT, 'node_modules/.cache/seats-build.lock');
const COMPILER = join(ROOT, 'node_modules/@nestjs/cli');
const SOURCES = [
  'package.json',
  'package-lock.json',
  'nest-cli.json',
  'tsconfig.build.json',
  '.swcrc',
  'prisma',
  'src',
];
const GENERATED = join(ROOT, 'src/generated');
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const RETRY_LOCK_MS = 100;
const REPORT_WAIT_MS = 2_000;

/**
 * Builds dist when it is missing or older than the sources. When several processes call this at the
 * same time, one builds and the others wait. Writes nothing to standard output, so that the output of
 * the program that runs next can be piped. Ends the process with exit code 1 when the build fails or
 * a signal arrives during it.
 */
export async function ensureBuild(): Promise<void> {
  if (isFresh()) return;
  if (!existsSync(COMPILER)) return requireBuild();
  const exit = () => process.exit(1);
  for (const signal of SIGNALS) process.on(signal, exit);
  await lock();
  let failure: string | undefined;
  try {
    if (!isFresh()) failure = build();
  } finally {
    rmSync(LOCK, { force: true });
  }
  // A signal that arrived while build() blocked the event loop ends the process here.
  await nextTurn();
  for (const signal of SIGNALS) process.off(signal, exit);
  if (failure !== undefined) fail(failure);
}

/** Without the compiler, which `npm install --omit=dev` leaves out, requires an existing build. */
function requireBuild(): void {
  if (existsSync(STAMP)) return;
  fail('dist is missing, and so is the compiler: run npm install without --omit=dev.\n');
}

function fail(reason: string): never {
  process.stderr.write(reason);
  process.exit(1);
}

function isFresh(): boolean {
  const built = statSync(STAMP, { throwIfNoEntry: false });
  return (
    built !== undefined &&
    SOURCES.every((source) => newest(join(ROOT, source)) <= built.mtimeMs) &&
    existsSync(GENERATED)
  );
}

/** The latest modification time of a file or of a folder's content, in ms; 0 if it is missing. */
function newest(path: string): number {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined || path === GENERATED) return 0;
  if (!found.isDirectory()) return found.mtimeMs;
  // A folder's own time shows deleted files. Not so for src, which every `prisma generate` changes.
  const own = path === join(ROOT, 'src') ? 0 : found.mtimeMs;
  return Math.max(own, ...readdirSync(path).map((name) => newest(join(path, name))));
}

async function lock(): Promise<void> {
  mkdirSync(join(LOCK, '..'), { recursive: true });
  for (let waited = 0; ; waited += RETRY_LOCK_MS) {
    try {
      writeFileSync(LOCK, String(process.pid), { flag: 'wx' });
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      if (isAbandoned()) rmSync(LOCK, { force: true });
      if (waited === REPORT_WAIT_MS) {
        process.stderr.write('Waiting for another build of this folder …\n');
      }
      await sleep(RETRY_LOCK_MS);
    }
  }
}

/** Whether the process that holds the lock was killed during its build. */
function isAbandoned(): boolean {
  try {
    const pid = Number(readFileSync(LOCK, 'utf8'));
    // The file is empty for a moment after its creation.
    if (pid > 0) process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

/** @returns the output of the build if it failed, and otherwise undefined. */
function build(): string | undefined {
  const begun = new Date();
  const options = { cwd: ROOT, encoding: 'utf8' } as const;
  const { status, stdout, stderr, error } = spawnSync('npm', ['run', '-s', 'build'], options);
  if (error !== undefined) return `npm did not run: ${error.message}\n`;
  if (status !== 0) return `The build failed.\n${stdout}${stderr}`;
  // The stamp gets the time before the build, so that a source that changed since is built next time.
  closeSync(openSync(STAMP, 'w'));
  utimesSync(STAMP, begun, begun);
  return undefined;
}

if (import.meta.main) await ensureBuild();
