import 'reflect-metadata';
import { loadEnvFile } from '../env-file.js';
import { readSettings, SettingsError } from '../platform/config.js';
import { ApiError } from '../platform/errors.js';
import { StartupError } from '../startup.js';
import { buildProgram, CommandError } from './commands.js';
import { withServices } from './context.js';

/*
 * Standard output carries the result and nothing else, so that it can be piped. What goes wrong is
 * one line on standard error, and the exit code is 1.
 */

const program = buildProgram(async (work, json) => {
  loadEnvFile();
  const { json: value, text } = await withServices(readSettings(process.env), work);
  process.stdout.write(`${json ? JSON.stringify(value) : text}\n`);
});

try {
  await program.parseAsync();
} catch (error) {
  const expected = [ApiError, CommandError, SettingsError, StartupError];
  const message = expected.some((kind) => error instanceof kind)
    ? (error as Error).message
    : `unexpected: ${String((error as Error).message ?? error)}`;
  process.stderr.write(`error: ${message}\n`);
  process.exitCode = 1;
}
