import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { eventually } from './eventually.js';

const ROOT = join(import.meta.dirname, '../..');
const LOADER = join(import.meta.dirname, 'typescript.js');

type Environment = Record<string, string>;

/** A started process. */
export interface RunningProcess {
  /** Standard output and standard error so far. */
  output(): string;
  /** Sends SIGKILL, which has the effect of a crash. */
  kill(): Promise<void>;
  /** Sends SIGTERM and waits until the process has ended. @returns its exit code. */
  stop(): Promise<number | null>;
}

export interface RunningService extends RunningProcess {
  url: string;
}

/**
 * Starts the service in its own process. Without DATABASE_URL, it uses the embedded database, as
 * `npm start` does. Resolves when the service has started.
 */
export async function startService(env: Environment): Promise<RunningService> {
  const program = env['DATABASE_URL'] === undefined ? 'tools/start.ts' : 'src/main.ts';
  const child = run([program], { PORT: '0', LOG_LEVEL: 'trace', ...env });
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

/** Runs a program and waits until it has ended. @returns its output. @throws when it fails. */
async function runToEnd(args: string[], env: Environment = {}): Promise<string> {
  const child = run(args, env);
  const code = await child.ended;
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}:\n${child.output()}`);
  return child.output();
}

/** Creates an organization and a token with all scopes, through the command line. */
export async function createTenant(
  slug: string,
  env: Environment,
): Promise<{ id: string; token: string }> {
  const program = env['DATABASE_URL'] === undefined ? 'tools/cli.ts' : 'src/cli/main.ts';
  const cli = async (...args: string[]) =>
    JSON.parse(await runToEnd([program, ...args, '--json'], env));
  const { id } = await cli('org', 'create', '--slug', slug, '--name', `The ${slug} company`);
  const { token } = await cli('token', 'create', '--org', slug, '--all-scopes');
  return { id, token };
}

/** A port that is free now. */
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
    // Do not inherit this machine's settings.
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], NODE_ENV: 'test', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return watch(child);
}

/** Collects the output of a child process, and offers functions that end it. */
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
