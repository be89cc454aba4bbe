import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const ROOT = join(import.meta.dirname, '../..');
const START_MS = 60_000;

export type Env = Record<string, string>;

/** What a process said and how it ended. */
export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Builds dist if it is stale; every test file that starts the service says so once. */
export function ensureBuild(): void {
  execFileSync(process.execPath, ['src/cli/ensure-build.ts'], { cwd: ROOT });
}

/** A directory for the embedded database, and the way to remove it. */
export async function dataDirectory(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'seats-process-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

// Only this and what the test says: the settings of whoever runs the tests are not the test's.
function environment(env: Env): Env {
  return { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', PORT: '0', ...env };
}

/** A started service. */
export class ServiceProcess {
  stdout = '';
  stderr = '';
  readonly ended: Promise<Ended>;
  private readonly child: ChildProcess;

  private constructor(env: Env) {
    this.child = spawn(process.execPath, ['dist/main.js'], { cwd: ROOT, env: environment(env) });
    this.child.stdout?.on('data', (text) => (this.stdout += text));
    this.child.stderr?.on('data', (text) => (this.stderr += text));
    this.ended = new Promise((resolve) => {
      this.child.once('close', (code) =>
        resolve({ code, stdout: this.stdout, stderr: this.stderr }),
      );
    });
  }

  /** Starts it, whatever becomes of it. */
  static spawn(env: Env): ServiceProcess {
    return new ServiceProcess(env);
  }

  /** Starts it and waits until it has said where it is. */
  static async start(env: Env): Promise<ServiceProcess> {
    const service = new ServiceProcess(env);
    const limit = setTimeout(() => service.kill('SIGKILL'), START_MS);
    const said = new Promise<'said'>((resolve) => {
      service.child.stdout?.on('data', () => {
        if (/"msg":"started"/.test(service.stdout)) resolve('said');
      });
    });
    const first = await Promise.race([said, service.ended]);
    clearTimeout(limit);
    if (first !== 'said') throw new Error(`it did not start: ${service.stdout}${service.stderr}`);
    return service;
  }

  get url(): string {
    const [, port] = /"port":(\d+),"msg":"started"/.exec(this.stdout) ?? [];
    return `http://127.0.0.1:${port}`;
  }

  /** The command to paste. */
  get curl(): string {
    return /^curl .*$/m.exec(this.stdout)?.[0] ?? '';
  }

  get token(): string {
    return /Bearer (seat_oat_\w+)/.exec(this.curl)?.[1] ?? '';
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Asks it to stop, and tells how it ended. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ended> {
    this.kill(signal);
    return this.ended;
  }
}

/** Runs the command line, as npm does. */
export async function cli(env: Env, ...args: string[]): Promise<Ended> {
  try {
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      ['dist/cli/main.js', ...args],
      { cwd: ROOT, env: environment(env) },
    );
    return { code: 0, stdout, stderr };
  } catch (error) {
    return error as Ended;
  }
}

/** The processes that have this text, a data directory say, in their command line. */
export async function processesOf(text: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)('ps', ['-eo', 'pid,args']);
  return stdout.split('\n').filter((line) => line.includes(text));
}

/** Runs a line in a shell, as a person does who pastes it. */
export async function shell(line: string): Promise<string> {
  return (await promisify(execFile)('sh', ['-c', line])).stdout;
}
