/*
 * The crash suite: `npm run test:crash -- --minutes 20 --seed 7`. Exits with 1 when a promise is
 * broken. docs/reliability.md explains it.
 */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { run } from './run.js';

const SHOWN = 20;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    seed: { type: 'string', default: String(Date.now() % 100_000) },
    queue: { type: 'string' },
    previous: { type: 'string' },
    pools: { type: 'string', default: '36' },
    writers: { type: 'string', default: '8' },
  },
});
const queue = values.queue;
if (queue !== undefined && queue !== 'redis' && queue !== 'postgres') {
  throw new Error('--queue must be redis or postgres.');
}
const { history, violations, figures, output } = await run({
  seed: Number(values.seed),
  seconds: Number(values.minutes) * 60,
  pools: Number(values.pools),
  writers: Number(values.writers),
  ...(queue && { queue }),
  ...(values.previous && { previous: resolve(values.previous) }),
  say: (line) => console.log(line),
});
const width = Math.max(...Object.keys(figures).map((name) => name.length));
for (const [name, value] of Object.entries(figures)) {
  console.log(`${name.padEnd(width)}  ${value}`);
}
if (violations.length > 0) {
  for (const { rule, detail } of violations.slice(0, SHOWN)) console.log(`${rule}: ${detail}`);
  const folder = await mkdtemp(join(tmpdir(), 'seats-crash-evidence-'));
  await writeFile(join(folder, 'history.json'), JSON.stringify({ violations, history }));
  await writeFile(join(folder, 'output.log'), output);
  console.log(`The evidence is in ${folder}.`);
  process.exitCode = 1;
}
