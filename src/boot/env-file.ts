import { existsSync } from 'node:fs';

const FILE = '.env';

/** Reads `.env` from the working directory, except in production. */
export function loadEnvFile(): void {
  if (process.env['NODE_ENV'] !== 'production' && existsSync(FILE)) process.loadEnvFile(FILE);
}
