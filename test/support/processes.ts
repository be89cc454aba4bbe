import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const ROOT = join(import.meta.dirname, '../..');
const LIMIT_MS = 60_000;

export type Env = Record<string, string>;

/** The output and the exit code of a process. */
export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Builds dist if it is stale. Every test file that starts the service calls it once. */
export function ensureBuild(): void {
  execFileSync(process.execPath, ['tools/ensure-build.ts'], { cwd: ROOT });
}

/** A temporary directory for the embedded database. */
export async function dataDirectory(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'seats-process-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

// Do not inherit this machine's settings.
function environment(env: Env): Env {
  return { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', PORT: '0', ...env };
}

/**
 * The service in its own process. Without DATABASE_URL, it runs on the embedded database as with
 * `npm start`, and otherwise as in the image.
 */
export class ServiceProcess {
  stdout = '';
  stderr = '';
  readonly ended: Promise<Ended>;
  private readonly child: ChildProcess;

  private constructor(env: Env, root = ROOT) {
    const program = env['DATABASE_URL'] === undefined ? 'tools/start.ts' : 'dist/main.js';
    this.child = spawn(process.execPath, [program], { cwd: root, env: environment(env) });
    this.child.stdout?.on('data', (text) => (this.stdout += text));
    this.child.stderr?.on('data', (text) => (this.stderr += text));
    this.ended = new Promise((resolve) => {
      this.child.once('close', (code) =>
        resolve({ code, stdout: this.stdout, stderr: this.stderr }),
      );
    });
  }

  /**
   * Starts the service without waiting for it.
   * @param root the folder of another release's build. Default: this one's.
   */
  static spawn(env: Env, root?: string): ServiceProcess {
    return new ServiceProcess(env, root);
  }

  /** Starts the service and waits until it listens. */
  static async start(env: Env): Promise<ServiceProcess> {
    const service = new ServiceProcess(env);
    const limit = setTimeout(() => service.kill('SIGKILL'), LIMIT_MS);
    // In development, a text with the commands to try follows the log line.
    const isStarted =
      env['NODE_ENV'] === 'production' ? /"msg":"started"/ : /"msg":"started"[^]*is running at/;
    const started = new Promise<'started'>((resolve) => {
      service.child.stdout?.on('data', () => {
        if (isStarted.test(service.stdout)) resolve('started');
      });
    });
    const first = await Promise.race([started, service.ended]);
    clearTimeout(limit);
    if (first !== 'started')
      throw new Error(`it did not start: ${service.stdout}${service.stderr}`);
    return service;
  }

  get url(): string {
    const [, port] = /"port":(\d+),"msg":"started"/.exec(this.stdout) ?? [];
    return `http://127.0.0.1:${port}`;
  }

  /** The commands that the service has printed: they set variables and assign a seat. */
  get curl(): string {
    return /^export [^]*^ +-d .*$/m.exec(this.stdout)?.[0] ?? '';
  }

  get token(): string {
    return /SEATS_TOKEN=(seat_oat_\w+)/.exec(this.curl)?.[1] ?? '';
  }

  get subscriptionId(): string {
    return /SEATS_SUBSCRIPTION=(\S+)/.exec(this.curl)?.[1] ?? '';
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Sends the signal and waits until the service has ended. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ended> {
    this.kill(signal);
    return this.ended;
  }
}

/** Runs the command line. Without DATABASE_URL, it uses the embedded database as `npm run cli` does. */
export async function cli(env: Env, ...args: string[]): Promise<Ended> {
  const program = env['DATABASE_URL'] === undefined ? 'tools/cli.ts' : 'dist/cli/main.js';
  return await runToEnd([program, ...args], env);
}

/** Runs a program and waits until it has ended. Sends it SIGTERM after a minute. */
export async function runToEnd(args: string[], env: Env): Promise<Ended> {
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args, {
      cwd: ROOT,
      env: environment(env),
      timeout: LIMIT_MS,
    });
    return { code: 0, stdout, stderr };
  } catch (error) {
    return error as Ended;
  }
}

/** The processes whose command line contains `text`, for example a data directory. */
export async function processesOf(text: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)('ps', ['-eo', 'pid,args']);
  return stdout.split('\n').filter((line) => line.includes(text));
}

/** Runs a line in a shell. @returns its standard output. */
export async function shell(line: string): Promise<string> {
  return (await promisify(execFile)('sh', ['-c', line])).stdout;
}
