/*
 * Assigning seats: our service against a bare server that sends the same SQL. See README.md.
 */
import type { ChildProcess } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { measure, output, run, seed, type Server, serviceEnv, setting, start } from './harness.ts';

const SECONDS = setting('BENCH_SECONDS', 6);
const ROUNDS = setting('BENCH_ROUNDS', 3);
const CONNECTIONS = setting('BENCH_CONNECTIONS', 32);
const POOLS = setting('BENCH_POOLS', 200);
const WARM_UP_SECONDS = 3;

interface Contender extends Server {
  name: string;
  latencies: number[];
  seconds: number;
  cpuMs: number;
  rssMiB: number;
}

const contenders: Contender[] = [];
await measure(async (url) => {
  const service = serviceEnv(url, CONNECTIONS);
  const { token, tokenHash, organizationId, subscriptions } = await seed(url, service, POOLS);
  const bare = { ...service, BARE_ORGANIZATION: organizationId };
  await enter('service', 'dist/main.js', service);
  await enter('bare', 'bench/bare-server.ts', bare);
  await enter('bare + token', 'bench/bare-server.ts', { ...bare, BARE_TOKEN_HASH: tokenHash });

  const load = { token, subscriptions, connections: CONNECTIONS };
  for (const contender of contenders) await drive(contender, { ...load, seconds: WARM_UP_SECONDS });
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const contender of contenders) {
      const before = await usage(contender.process);
      const { latencies, seconds } = await drive(contender, { ...load, seconds: SECONDS });
      const after = await usage(contender.process);
      contender.latencies.push(...latencies);
      contender.seconds += seconds;
      contender.cpuMs += after.cpuMs - before.cpuMs;
      contender.rssMiB = after.rssMiB;
    }
  }
  report();
});

async function enter(name: string, program: string, env: Record<string, string>): Promise<void> {
  const server = await start(program, env);
  contenders.push({ ...server, name, latencies: [], seconds: 0, cpuMs: 0, rssMiB: 0 });
}

async function drive({ name, port }: Contender, load: object) {
  const child = run(['bench/load.ts', JSON.stringify({ port, ...load })], {});
  const { latencies, seconds, failures } = JSON.parse(await output(child));
  if (failures.length > 0) throw new Error(`${name} failed: ${failures[0]}`);
  return { latencies, seconds };
}

/** What a process has used so far. Only Linux tells; elsewhere it is NaN. */
async function usage({ pid }: ChildProcess): Promise<{ cpuMs: number; rssMiB: number }> {
  const read = (name: string) => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '');
  const [status, stat] = await Promise.all([read('status'), read('stat')]);
  // Counted behind the process's name, which may hold spaces: user and system time in 1/100 s.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return {
    cpuMs: (Number(fields[11]) + Number(fields[12])) * 10,
    rssMiB: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024,
  };
}

function report(): void {
  const line = (...cells: string[]) =>
    console.log(cells.map((cell, n) => (n === 0 ? cell.padEnd(14) : cell.padStart(12))).join(''));
  console.log(
    `assign over HTTP: ${CONNECTIONS} connections, ${POOLS} pools, ${ROUNDS} × ${SECONDS} s each, ` +
      `${cpus().length} cores, Node ${process.version}, durable PostgreSQL\n`,
  );
  line('', 'req/s', 'p50 ms', 'p95 ms', 'p99 ms', 'CPU ms/req', 'RSS MiB', '× bare');
  const rate = ({ latencies, seconds }: Contender) => latencies.length / seconds;
  const bare = rate(contenders[1] as Contender);
  for (const contender of contenders) {
    const sorted = contender.latencies.toSorted((a, b) => a - b);
    const percentile = (p: number) =>
      (sorted[Math.floor((sorted.length * p) / 100)] ?? 0).toFixed(1);
    line(
      contender.name,
      rate(contender).toFixed(0),
      percentile(50),
      percentile(95),
      percentile(99),
      (contender.cpuMs / contender.latencies.length).toFixed(2),
      contender.rssMiB.toFixed(0),
      (rate(contender) / bare).toFixed(2),
    );
  }
}
