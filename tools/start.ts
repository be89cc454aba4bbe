import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';
import { built } from './built.ts';
import { openEmbeddedDatabase } from './embedded-postgres/open-database.ts';
import { ensureBuild } from './ensure-build.ts';

/* `npm start`: runs the service, on the embedded PostgreSQL when DATABASE_URL is not set. */

await ensureBuild();
enableCompileCache(fileURLToPath(new URL('../dist/.compile-cache', import.meta.url)));
const { run } = await built<typeof import('../src/boot/run.js')>('boot/run.js');
await run(openEmbeddedDatabase);
