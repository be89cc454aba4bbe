import { built } from './built.ts';
import { openEmbeddedDatabase } from './embedded-postgres/open-database.ts';
import { ensureBuild } from './ensure-build.ts';

/*
 * `npm run cli`: runs the command line on the database that `npm start` uses. It joins the embedded
 * PostgreSQL if the service is running, and otherwise starts it for as long as the command takes.
 */

await ensureBuild();
const { runCli } = await built<typeof import('../src/cli/run.js')>('cli/run.js');
await runCli(openEmbeddedDatabase);
