/* The statements that an idle service sends, from PostgreSQL's log. */
import { setTimeout as sleep } from 'node:timers/promises';
import { text } from '../lib/numbers.ts';
import { startRedis } from '../lib/redis.ts';
import type { Section } from '../lib/report.ts';
import type { World } from '../lib/world.ts';
import type { Bench } from './measurement.ts';

const SETTLE_MS = 5_000;
const STATEMENT = /LOG: {2}(?:execute|statement)/g;

interface Idle {
  statements: number;
  transactions: number;
}

export function idle(bench: Bench): Promise<Section> {
  return bench.inWorld(async (world) => {
    const database = new URL(world.url).pathname.slice(1);
    await world.query(`ALTER DATABASE ${database} SET log_statement = 'all'`);
    const redis = await startRedis();
    try {
      const worker = {
        SMTP_URL: 'smtp://127.0.0.1:9',
        MAIL_FROM: 'Seats <seats@example.com>',
        ...(redis && { REDIS_URL: redis.url }),
      };
      await world.service();
      const api = await observe(world, database);
      await world.start(['dist/main.js'], { ...worker, APP_ROLE: 'worker' });
      const both = await observe(world, database);
      return {
        title: 'Idle service',
        text:
          `Statements in PostgreSQL’s log during ${world.plan.idle} s without requests, for one API ` +
          `process, and for one API process and one worker. The queue is on ${redis ? 'Redis' : 'PostgreSQL'}.`,
        tables: [
          {
            columns: ['', 'statements/s', 'transactions/s'],
            rows: [
              ['API', text(api.statements), text(api.transactions)],
              ['API and worker', text(both.statements), text(both.transactions)],
            ],
          },
        ],
        figures: [
          {
            what: 'statements of an idle service (API and worker)',
            measured: `${text(both.statements)}/s (${text(both.transactions)} transactions)`,
            atLeast: '≤ 3/s',
            aim: '≤ 1/s',
          },
        ],
      };
    } finally {
      await redis?.close();
    }
  });
}

/** Per second. */
async function observe(world: World, database: string): Promise<Idle> {
  const { idle: seconds, quick } = world.plan;
  await sleep(quick ? 500 : SETTLE_MS);
  const [logBefore, before] = [await world.postgres.log(), await transactions(world, database)];
  await sleep(seconds * 1000);
  const [logAfter, after] = [await world.postgres.log(), await transactions(world, database)];
  const statements = logAfter.slice(logBefore.length).match(STATEMENT)?.length ?? 0;
  return { statements: statements / seconds, transactions: (after - before) / seconds };
}

/** Asked from another database, so that the question does not count. */
async function transactions(world: World, database: string): Promise<number> {
  const [row] = await world.postgres.query<{ count: number }>(
    `SELECT (xact_commit + xact_rollback)::int AS count FROM pg_stat_database WHERE datname = $1`,
    [database],
  );
  return row?.count ?? NaN;
}
