import { spawnSync } from 'node:child_process';
import {
  closeSync,
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
import { setTimeout as sleep } from 'node:timers/promises';

/*
 * Builds dist when it is missing or older than the sources; says nothing unless the build fails,
 * so that what is run after it can be piped. Runs as it is, without a build: it imports nothing
 * of ours.
 */

const ROOT = join(import.meta.dirname, '../..');
const STAMP = join(ROOT, 'dist/.built');
const LOCK = join(ROOT, 'node_modules/.cache/seats-build.lock');
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
const LOOK_AGAIN_MS = 100;
const TELL_MS = 2_000;

function newest(path: string): number {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined || path === GENERATED) return 0;
  if (!found.isDirectory()) return found.mtimeMs;
  // A directory's own time tells of deleted files; that of src changes with every generate.
  const own = path === join(ROOT, 'src') ? 0 : found.mtimeMs;
  return Math.max(own, ...readdirSync(path).map((name) => newest(join(path, name))));
}

function isFresh(): boolean {
  const built = statSync(STAMP, { throwIfNoEntry: false });
  return (
    built !== undefined &&
    SOURCES.every((source) => newest(join(ROOT, source)) <= built.mtimeMs) &&
    statSync(GENERATED, { throwIfNoEntry: false }) !== undefined
  );
}

/** Of processes that find dist stale at once, one builds and the others wait. */
async function lock(): Promise<void> {
  mkdirSync(join(LOCK, '..'), { recursive: true });
  for (let waited = 0; ; waited += LOOK_AGAIN_MS) {
    try {
      writeFileSync(LOCK, String(process.pid), { flag: 'wx' });
      return;
    } catch {
      if (isAbandoned()) rmSync(LOCK, { force: true });
      if (waited === TELL_MS) process.stderr.write('Waiting for another build of this folder …\n');
      await sleep(LOOK_AGAIN_MS);
    }
  }
}

/** Whether the process that holds the lock was ended in the middle of its build. */
function isAbandoned(): boolean {
  try {
    const pid = Number(readFileSync(LOCK, 'utf8'));
    // Empty: made this very moment.
    if (pid > 0) process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

function build(): number {
  const begun = new Date();
  const { status, stdout, stderr } = spawnSync('npm', ['run', '-s', 'build'], { cwd: ROOT });
  if (status !== 0) {
    process.stderr.write(stdout);
    process.stderr.write(stderr);
    return 1;
  }
  // As old as the sources it was made of: what changed during the build is built the next time.
  closeSync(openSync(STAMP, 'w'));
  utimesSync(STAMP, begun, begun);
  return 0;
}

if (!isFresh()) {
  // Who is told to end while the build runs does so after it, with the lock given back.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => process.exit(1));
  }
  await lock();
  try {
    if (!isFresh()) process.exitCode = build();
  } finally {
    rmSync(LOCK, { force: true });
  }
}
