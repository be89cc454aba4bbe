import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { installPackages } from '../packages.ts';

/*
 * Lints openapi.json with Redocly and Spectral. Both must be silent: a warning ends this with exit
 * code 1 too. Neither of them uses the network.
 */

const HERE = import.meta.dirname;
const DOCUMENT = join(HERE, '../../openapi.json');
const QUIET = { REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' };

/** Runs a linter. @returns its exit code and its report. */
async function run(name: string, args: string[]): Promise<{ code: number; report: string }> {
  const child = spawn(join(HERE, 'node_modules/.bin', name), args, {
    cwd: HERE,
    env: { ...process.env, ...QUIET },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let report = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (report += chunk.toString()));
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? 1, report }));
  });
}

installPackages(HERE);
const [redocly, spectral] = await Promise.all([
  run('redocly', ['lint', DOCUMENT, '--config', 'redocly.yaml', '--format', 'stylish']),
  run('spectral', ['lint', DOCUMENT, '--ruleset', 'spectral.yaml', '--fail-severity', 'hint']),
]);
// Redocly ends with 0 when it has warnings only.
const hasWarnings = /^\s+\d+:\d+\s+(error|warning)\b/m.test(redocly.report);
if (redocly.code !== 0 || hasWarnings) process.stderr.write(redocly.report);
if (spectral.code !== 0) process.stderr.write(spectral.report);
process.exitCode = redocly.code !== 0 || hasWarnings || spectral.code !== 0 ? 1 : 0;
