/* Starts and stops the processes of a benchmark. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export const ROOT = join(import.meta.dirname, '../..');
/** The path that the service answers with 200 when it is ready. */
export const READY = '/health/ready';
const START_MS = 90_000;
const STOP_MS = 15_000;
const POLL_MS = 10;

export interface Server {
  port: number;
  pid: number;
  process: ChildProcess;
}

const running = new Set<ChildProcess>();

/** Starts a Node program with nothing in its environment but PATH and `env`. */
export function run(args: string[], env: Record<string, string> = {}): ChildProcess {
  return launch(process.execPath, args, env);
}

/** The programs of the benchmarks can send messages to this process. */
const sendsMessages = (path = '') => path.startsWith('bench/');

/** Starts a program. It is stopped by {@link stopAll} at the latest. */
export function launch(
  program: string,
  args: string[],
  env: Record<string, string> = {},
): ChildProcess {
  const child = spawn(program, args, {
    cwd: ROOT,
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['pipe', 'pipe', 'inherit', ...(sendsMessages(args[0]) ? (['ipc'] as const) : [])],
  });
  running.add(child);
  child.once('close', () => running.delete(child));
  // A program may end before it has read its input. Its exit code says what happened.
  child.stdin?.on('error', () => undefined);
  return child;
}

/** Waits for the end of a program. @returns its output. @throws {Error} if it fails. */
export async function output(child: ChildProcess): Promise<string> {
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${child.spawnargs.join(' ')} ended with ${code}: ${text}`);
  return text;
}

/**
 * Starts a server on a free port, and waits until it answers.
 * @param path the server is ready when this path is answered with 200; '' accepts any answer.
 * @throws {Error} if it ends first, or is not ready after 90 seconds.
 */
export async function start(
  args: string[],
  env: Record<string, string>,
  path = '',
): Promise<Server> {
  const port = await freePort();
  const child = run(args, { ...env, PORT: String(port) });
  child.stdout?.resume();
  await untilReady(child, port, path);
  return { port, pid: child.pid as number, process: child };
}

/** Waits until the server of a process answers. @throws as {@link start}. */
export async function untilReady(child: ChildProcess, port: number, path: string): Promise<void> {
  const end = performance.now() + START_MS;
  while (performance.now() < end && child.exitCode === null) {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`).catch(() => null);
    await answer?.arrayBuffer();
    if (answer !== null && (path === '' || answer.status === 200)) return;
    await sleep(POLL_MS);
  }
  throw new Error(`${child.spawnargs.slice(1).join(' ')} did not start`);
}

/** Stops a process, and kills it if it does not stop in time. */
export async function stop(child: ChildProcess): Promise<void> {
  if (!running.has(child)) return;
  const closed = once(child, 'close');
  child.kill();
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await closed;
  clearTimeout(timer);
}

/** Stops every process that is still running. */
export async function stopAll(): Promise<void> {
  await Promise.all([...running].map(stop));
}

/** A port on the loopback interface that is free now. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
