/*
 * The receiver of mails and webhooks: a separate process that counts them. The parent
 * process sends any message to learn the count.
 */
import { type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { run } from '../lib/processes.ts';

export interface Sink {
  process: ChildProcess;
  ports: number[];
  /** How many it has got so far. */
  count(): Promise<number>;
}

/** Starts a sink. @param program a file of this folder. */
export async function startSink(program: string, ...args: string[]): Promise<Sink> {
  const child = run([`bench/sinks/${program}`, ...args]);
  const [ports] = (await once(child, 'message')) as [number[]];
  return {
    process: child,
    ports,
    async count() {
      child.send('count');
      const [count] = (await once(child, 'message')) as [number];
      return count;
    },
  };
}

/** The sink's side: reports its ports once, and its count whenever the parent asks. */
export function report(ports: number[], count: () => number): void {
  process.on('message', () => process.send?.(count()));
  process.send?.(ports);
}
