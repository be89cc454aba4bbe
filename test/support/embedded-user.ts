import { startEmbeddedPostgres } from '../../src/platform/database/embedded.js';

/*
 * A process that uses the embedded PostgreSQL of the directory it is given: writes the url when it
 * is in, and leaves when its input ends.
 */
const postgres = await startEmbeddedPostgres(process.argv[2] as string, { durable: false });
process.stdout.write(`${postgres.url}\n`);
process.stdin.resume().once('end', () => void postgres.stop());
