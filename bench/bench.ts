/*
 * Runs the measurements and writes docs/performance.md with its plots. See README.md.
 *
 *   node bench/bench.ts [--quick] [--only <name>,<name>…] [--rounds <n>] [--seconds <n>]
 *
 * With any option it writes to .data/bench/ instead. It ends with exit code 1 when a request or a
 * measurement failed.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { installPackages } from '../tools/packages.ts';
import { fail, failures } from './lib/contest.ts';
import { reportHead } from './lib/head.ts';
import { planFor } from './lib/plan.ts';
import { Postgres } from './lib/postgres.ts';
import { ROOT, stopAll } from './lib/processes.ts';
import { type Section, tableText, writeReport } from './lib/report.ts';
import { createTemplate } from './lib/world.ts';
import { assign } from './measurements/assign.ts';
import { bulk } from './measurements/bulk.ts';
import { idle } from './measurements/idle.ts';
import { latency } from './measurements/latency.ts';
import { mails } from './measurements/mails.ts';
import { Bench, type Measurement } from './measurements/measurement.ts';
import { onePool } from './measurements/one-pool.ts';
import { poolSize } from './measurements/pool-size.ts';
import { access, claim, list } from './measurements/reads.ts';
import { relay } from './measurements/relay.ts';
import { repeats } from './measurements/repeats.ts';
import { startup } from './measurements/startup.ts';
import { storage } from './measurements/storage.ts';
import { webhooks } from './measurements/webhooks.ts';

const MEASUREMENTS: Record<string, Measurement> = {
  assign,
  access,
  list,
  claim,
  latency,
  'one-pool': onePool,
  'pool-size': poolSize,
  bulk,
  repeats,
  mails,
  webhooks,
  relay,
  idle,
  startup,
  storage,
};

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
  },
});
const chosen = values.only?.split(',') ?? Object.keys(MEASUREMENTS);
const unknown = chosen.filter((name) => !(name in MEASUREMENTS));
if (unknown.length > 0) {
  console.error(
    `No such measurement: ${unknown.join(', ')}. There are ${Object.keys(MEASUREMENTS).join(', ')}.`,
  );
  process.exit(1);
}
// With --quick the figures do not matter, so measurements can run at the same time.
const QUICK_AT_ONCE = 3;
const plan = planFor(values.quick);
plan.rounds = Number(values.rounds ?? plan.rounds);
plan.seconds = Number(values.seconds ?? plan.seconds);
let postgres: Postgres | undefined;

async function cleanUp(): Promise<void> {
  await stopAll();
  await postgres?.close();
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void cleanUp().finally(() => process.exit(130)));
}

/** @returns undefined if it failed. The other measurements go on. */
async function measure(bench: Bench, name: string): Promise<Section | undefined> {
  try {
    const begun = performance.now();
    const section = await (MEASUREMENTS[name] as Measurement)(bench);
    print(section, (performance.now() - begun) / 1000);
    return section;
  } catch (error) {
    fail(name, 1, [String((error as Error).stack)]);
    return undefined;
  }
}

function print({ title, tables, figures = [] }: Section, seconds: number): void {
  console.log(`\n# ${title} (${seconds.toFixed(0)} s)\n`);
  console.log(tables.map(tableText).join('\n\n'));
  for (const { what, measured } of figures) console.log(`${what}: ${measured}`);
}

try {
  installPackages(join(ROOT, 'bench'));
  postgres = await Postgres.start();
  const bench = new Bench(plan, postgres, await createTemplate(postgres, plan));
  const sections: (Section | undefined)[] = [];
  const rest = chosen.entries();
  const work = async () => {
    for (const [index, name] of rest) sections[index] = await measure(bench, name);
  };
  await Promise.all(Array.from({ length: values.quick ? QUICK_AT_ONCE : 1 }, work));
  const isWhole = process.argv.length === 2 && failures.size === 0;
  const directory = join(ROOT, isWhole ? 'docs' : '.data/bench');
  const head = await reportHead(postgres, plan);
  console.log(
    `\n${await writeReport(
      directory,
      'performance',
      head,
      sections.filter((each) => each !== undefined),
    )}`,
  );
} finally {
  await cleanUp();
}

for (const [name, { failed, samples }] of failures) {
  console.error(`\n${name}: ${failed} failed, such as:\n${samples.join('\n')}`);
}
if (failures.size > 0) process.exitCode = 1;
