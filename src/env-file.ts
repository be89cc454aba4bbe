import { existsSync } from 'node:fs';

const FILE = '.env';

/** Reads `.env` where the process was started. In production the environment alone counts. */
export function loadEnvFile(): void {
  if (process.env['NODE_ENV'] !== 'production' && existsSync(FILE)) process.loadEnvFile(FILE);
}
