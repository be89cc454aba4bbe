/* The CPU time and memory of processes, from /proc. NaN on systems other than Linux. */
import { readdir, readFile } from 'node:fs/promises';

// Linux counts CPU time in 1/100 s.
const TICK_MS = 10;

interface Times {
  parent: number;
  /** Milliseconds of the process itself. */
  own: number;
  /** Milliseconds of its children that have ended. */
  ended: number;
}

/** The CPU time that a process has used so far, in ms. */
export async function cpuMs(pid: number): Promise<number> {
  return (await times(pid)).own;
}

/** The CPU time that a process and all its children have used so far, in ms. */
export async function familyCpuMs(pid: number): Promise<number> {
  const parent = await times(pid);
  const pids = await readdir('/proc').catch(() => []);
  const others = await Promise.all(
    pids.filter((name) => /^\d+$/.test(name)).map((name) => times(Number(name))),
  );
  const children = others.filter((each) => each.parent === pid);
  return children.reduce((sum, { own }) => sum + own, parent.own + parent.ended);
}

/** The memory that a process uses now, in MiB. */
export async function memoryMiB(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

async function times(pid: number): Promise<Times> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // Split after the name of the process, which may contain spaces.
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const ticks = (at: number) => (fields[at] ?? NaN) + (fields[at + 1] ?? NaN);
  return { parent: fields[1] ?? NaN, own: ticks(11) * TICK_MS, ended: ticks(13) * TICK_MS };
}
