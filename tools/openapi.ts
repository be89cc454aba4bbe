import { readFileSync, writeFileSync } from 'node:fs';
import { built } from './built.ts';
import { clientMethods, clientTypes } from './client.ts';
import { ensureBuild } from './ensure-build.ts';

/*
 * `npm run openapi` writes openapi.json and the generated parts of clients/typescript. With --check,
 * it compares the files with the code instead and exits with 1 when they differ. It needs no database,
 * because nothing connects to the URL below.
 */

await ensureBuild();
const { createHttpApp } = await built<typeof import('../src/boot/http-app.js')>('boot/http-app.js');
const { buildOpenApi } = await built<typeof import('../src/boot/openapi.js')>('boot/openapi.js');
const { RootModule } =
  await built<typeof import('../src/boot/root.module.js')>('boot/root.module.js');
const { createLogger } =
  await built<typeof import('../src/platform/logger.js')>('platform/logger.js');
const { readSettings } =
  await built<typeof import('../src/platform/settings.js')>('platform/settings.js');

const settings = readSettings({
  DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none',
  APP_ROLE: 'api',
});
const app = await createHttpApp(RootModule.with(settings), settings, createLogger('silent'));
const text = `${JSON.stringify(buildOpenApi(app), null, 2)}\n`;
await app.close();

const files = {
  'openapi.json': text,
  'clients/typescript/src/schema.ts': clientTypes(text),
  'clients/typescript/src/operations.ts': clientMethods(text),
};
for (const [file, content] of Object.entries(files)) {
  if (!process.argv.includes('--check')) {
    writeFileSync(file, content);
  } else if (readFileSync(file, 'utf8') !== content) {
    process.stderr.write(`${file} is stale. Run npm run openapi and commit the file.\n`);
    process.exitCode = 1;
  }
}
