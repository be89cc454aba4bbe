/* The head of the report: how to read it, and on which machine it was made. */
import { spawnSync } from 'node:child_process';
import { cpus, totalmem } from 'node:os';
import type { Plan } from './plan.ts';
import { ROOT } from './processes.ts';
import { type Postgres } from './postgres.ts';

const GIB = 1024 ** 3;

export async function reportHead(postgres: Postgres, plan: Plan): Promise<string> {
  const [row] = await postgres.query<{ version: string }>(
    `SELECT current_setting('server_version') AS version`,
  );
  const memory = `${Math.round(totalmem() / GIB)} GiB`;
  const cpu = `${cpus().length} cores (${cpus()[0]?.model.trim()})`;
  return `# Performance

\`npm run bench\` writes this file and its plots. bench/README.md describes the method.

Compare the rows of one table with each other, not with results from other machines: the load
generator, the servers and PostgreSQL share one machine. The contestants take turns of
${plan.seconds} s, ${plan.rounds} times. A cell shows the median of the rounds, and the lowest and
the highest round in parentheses. CPU per request comes first, because it hardly changes when other
programs keep the machine busy. All contestants use the same PostgreSQL ${row?.version} with durable
settings (\`fsync\` and \`synchronous_commit\` on).

Measured at commit ${commit()} on ${cpu}, ${memory}, Node ${process.version}.

## Polar

Polar's server cannot be installed with npm, so this suite does not run it. When it ran beside Seats
on one machine, Seats assigned at least 30 times as many seats per second, with about a sixtieth of
the CPU for each.`;
}

function commit(): string {
  const { stdout } = spawnSync('git', ['rev-parse', '--short', 'HEAD'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  return stdout?.trim() || 'unknown';
}
