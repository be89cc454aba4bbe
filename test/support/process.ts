import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { eventually } from './eventually.js';

const ROOT = join(import.meta.dirname, '../..');
const LOADER = join(import.meta.dirname, 'typescript.js');

type Environment = Record<string, string>;

/** A process of ours, with everything it has written. */
export interface RunningProcess {
  /** Standard output and standard error so far. */
  output(): string;
  /** Ends it without a warning, as a crash does. */
  kill(): Promise<void>;
  /** Asks it to end, and waits until it has. @returns its exit code. */
  stop(): Promise<number | null>;
}

export interface RunningService extends RunningProcess {
  url: string;
}

/** The service as `npm start` runs it, in a process of its own; resolves when it has started. */
export async function startService(env: Environment): Promise<RunningService> {
  const child = run(['src/main.ts'], { PORT: '0', LOG_LEVEL: 'trace', ...env });
  try {
    const port = await eventually(
      'the service has started',
      () => {
        if (child.exitCode() !== null) throw new Error(`it did not start:\n${child.output()}`);
        return /"port":(\d+),"msg":"started"/.exec(child.output())?.[1];
      },
      60,
    );
    return { ...child, url: `http://localhost:${port}` };
  } catch (error) {
    await child.kill();
    throw error;
  }
}

/** Runs a program to its end. @returns what it wrote. @throws when it fails. */
async function runToEnd(args: string[], env: Environment = {}): Promise<string> {
  const child = run(args, env);
  const code = await child.ended;
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}:\n${child.output()}`);
  return child.output();
}

/** An organization and a token for everything, made by the command line. */
export async function createTenant(
  slug: string,
  env: Environment,
): Promise<{ id: string; token: string }> {
  const cli = async (...args: string[]) =>
    JSON.parse(await runToEnd(['src/cli/main.ts', ...args, '--json'], env));
  const { id } = await cli('org', 'create', '--slug', slug, '--name', `The ${slug} company`);
  const { token } = await cli('token', 'create', '--org', slug, '--all-scopes');
  return { id, token };
}

/** A port that nobody uses right now. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

function run(args: string[], env: Environment) {
  const child = spawn(process.execPath, ['--import', LOADER, ...args], {
    cwd: ROOT,
    // Nothing of this machine's settings: only what the test says, and where programs are.
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], NODE_ENV: 'test', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return watch(child);
}

/** Collects what a child process writes, and ends it. */
export function watch(child: ChildProcess) {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  }
  const ended = once(child, 'close').then(([code]) => code as number | null);
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    return ended;
  };
  return {
    output: () => text,
    exitCode: () => child.exitCode,
    ended,
    kill: async () => void (await end('SIGKILL')),
    stop: () => end('SIGTERM'),
  };
}
