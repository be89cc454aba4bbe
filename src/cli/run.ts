import 'reflect-metadata';
import { loadEnvFile } from '../boot/env-file.js';
import { type DatabaseProvider, StartupError } from '../boot/preflight.js';
import { ApiError } from '../platform/errors.js';
import { readSettings, SettingsError } from '../platform/settings.js';
import { buildProgram, CommandError } from './commands.js';
import { withServices } from './context.js';

/**
 * Runs the command in the arguments of the process. Writes only the result to standard output, so
 * that it can be piped. On failure, writes one line to standard error and sets the exit code to 1.
 * @param provideDatabase opens a database when DATABASE_URL is not set. Without it, commands need
 *   DATABASE_URL.
 */
export async function runCli(provideDatabase?: DatabaseProvider): Promise<void> {
  const program = buildProgram(async (work, json) => {
    loadEnvFile();
    const { json: value, text } = await withServices(
      readSettings(process.env),
      provideDatabase,
      work,
    );
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
}
