import { startEmbeddedPostgres } from '../../tools/embedded-postgres/embedded-postgres.js';

/*
 * Joins the embedded PostgreSQL of the directory in its first argument, and writes the URL to standard
 * output. Leaves the server when standard input ends.
 */
const postgres = await startEmbeddedPostgres(process.argv[2] as string, { durable: false });
process.stdout.write(`${postgres.url}\n`);
process.stdin.resume().once('end', () => void postgres.close());
