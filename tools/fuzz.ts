import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

/*
 * Sends many almost valid requests to every route:
 * npm run test:fuzz -- --runs 50000 --seed 7
 * Without a seed, every run sends others. The output names the seed of a failure.
 */

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '50000' }, seed: { type: 'string' } },
});
const seed = values.seed ?? String(Date.now() % 2 ** 31);
process.stdout.write(`${values.runs} requests, seed ${seed}\n`);
const { status } = spawnSync('npm', ['test', '--', 'test/platform/http/fuzz'], {
  stdio: 'inherit',
  env: { ...process.env, FUZZ_RUNS: values.runs, FUZZ_SEED: seed },
});
process.exit(status ?? 1);
