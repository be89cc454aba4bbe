/* The WAL of an assignment, and the bytes on disk of each row after it. */
import { contest, served } from '../lib/contest.ts';
import { spreadText, text } from '../lib/numbers.ts';
import { type Server, stop } from '../lib/processes.ts';
import { watch } from '../lib/progress.ts';
import type { Section } from '../lib/report.ts';
import type { World } from '../lib/world.ts';
import type { Bench } from './measurement.ts';

interface TableSize {
  name: string;
  rows: number;
  /** Bytes. */
  table_size: number;
  index_size: number;
}

export function storage(bench: Bench): Promise<Section> {
  return bench.inWorld(async (world) => {
    const server = await world.service();
    const [assigned] = await contest(
      world.postgres,
      [served('assign', server, world.assignments())],
      world.plan,
    );
    const seats = await store(world, server);
    const sizes = await tableSizes(world);
    const wal = assigned?.spread('wal') ?? { median: NaN, low: NaN, high: NaN };
    const size = (name: string) => {
      const found = sizes.find((each) => each.name === name);
      return found === undefined
        ? '–'
        : `${text(found.table_size / found.rows)} + ${text(found.index_size / found.rows)}`;
    };
    const perSeat = sizes.reduce((sum, each) => sum + each.table_size + each.index_size, 0) / seats;
    return {
      title: 'WAL and storage',
      text:
        `WAL of single assignments, with full-page images. Then ${seats.toLocaleString('en')} ` +
        'seats in all are assigned while a worker dispatches and numbers their events. The sizes ' +
        'are those of the files divided by the rows, after a VACUUM. Tables with few rows are ' +
        'left out.',
      tables: [
        {
          columns: ['', 'rows', 'table, bytes/row', 'indexes, bytes/row'],
          rows: sizes.map(({ name, rows, table_size, index_size }) => [
            name,
            rows.toLocaleString('en'),
            text(table_size / rows),
            text(index_size / rows),
          ]),
        },
      ],
      figures: [
        {
          what: 'WAL bytes per assign',
          measured: spreadText(wal),
          atLeast: 'reported',
          aim: '−30 % (from 4,500)',
        },
        {
          what: 'bytes (table + indexes) of a seat / a member / an event / in all per seat',
          measured: `${size('seats')} / ${size('members')} / ${size('events')} / ${text(perSeat)}`,
          atLeast: 'reported',
          aim: '−30 % (from 253 + 564 / 139 + 441 / 1,361 + 266)',
        },
      ],
    };
  });
}

/** Assigns seats while a worker runs, and waits for it. @returns how many seats exist then. */
async function store(world: World, api: Server): Promise<number> {
  const worker = await world.start(['dist/main.js'], {
    APP_ROLE: 'worker',
    HOLD_OUTBOX: 'true',
    SMTP_URL: 'smtp://127.0.0.1:9',
    MAIL_FROM: 'Seats <seats@example.com>',
  });
  await world.assignMany(api, { prefix: 'stored', count: world.plan.stored, mail: false });
  const count = async (text: string) => (await world.query<{ count: number }>(text))[0]?.count ?? 0;
  const total = await count('SELECT count(*)::int AS count FROM events');
  await watch(
    worker.pid,
    total,
    async () => total - (await count('SELECT count(*)::int AS count FROM outbox')),
  );
  await stop(worker.process);
  return count('SELECT count(*)::int AS count FROM seats');
}

/** The tables with many rows. */
async function tableSizes(world: World): Promise<TableSize[]> {
  await world.query('ANALYZE');
  const sizes = await world.query<TableSize>(
    `SELECT relname AS name, reltuples::int AS rows, pg_table_size(oid)::float8 AS table_size,
       pg_indexes_size(oid)::float8 AS index_size
     FROM pg_class
     WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND reltuples >= $1
     ORDER BY relname`,
    [world.plan.stored / 2],
  );
  return sizes;
}
