import 'reflect-metadata';
import { readFileSync, writeFileSync } from 'node:fs';
import { createHttpApp } from '../http.js';
import { buildOpenApi } from '../openapi.js';
import { readSettings } from '../platform/config.js';
import { createLogger } from '../platform/logger.js';
import { RootModule } from '../root.module.js';

/*
 * Writes openapi.json; with --check it says whether the one there is what the code describes.
 * Nothing is connected to: the address below belongs to nobody.
 */

const FILE = 'openapi.json';

const settings = readSettings({
  DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none',
  APP_ROLE: 'api',
});
const app = await createHttpApp(RootModule.with(settings), settings, createLogger('silent'));
const text = `${JSON.stringify(buildOpenApi(app), null, 2)}\n`;

if (!process.argv.includes('--check')) {
  writeFileSync(FILE, text);
} else if (readFileSync(FILE, 'utf8') !== text) {
  process.stderr.write(`${FILE} is stale: run npm run openapi and commit it.\n`);
  process.exitCode = 1;
}
await app.close();
