/* Bulk requests: the cost of a seat in them, and whether a large one changes its plan. */
import { contest, type Result, served } from '../lib/contest.ts';
import type { Requests } from '../lib/load.ts';
import { ratio, spread, spreadText } from '../lib/numbers.ts';
import { resultTable, type Section, times } from '../lib/report.ts';
import type { World } from '../lib/world.ts';
import type { Bench } from './measurement.ts';

// PostgreSQL's JIT compiles a statement above a cost that 501 seats reached once and 500 did not.
const SMALL = 500;

export function bulk(bench: Bench): Promise<Section> {
  return bench.inWorld(async (world) => {
    const server = await world.service();
    const large = world.plan.bulk;
    const [row] = await world.query<{ available: boolean; cost: string }>(
      `SELECT pg_jit_available() AS available, current_setting('jit_above_cost') AS cost`,
    );
    const turns = { ...world.plan, connections: 1 };
    const [single, many] = (await contest(
      world.postgres,
      [
        served('single', server, world.assignments()),
        served(`bulk of ${large.toLocaleString('en')}`, server, bulkOf(world, large)),
      ],
      turns,
    )) as [Result, Result];
    const [small, next] = (await contest(
      world.postgres,
      [SMALL, SMALL + 1].map((size) => served(`bulk of ${size}`, server, bulkOf(world, size))),
      turns,
    )) as [Result, Result];
    const perSeat = many.rounds.map((each) => cost(each) / large);
    const singles = single.rounds.map(cost);
    const seatTimes = many.values('p50').map((ms) => ms / large);
    return {
      title: 'Bulk',
      text:
        'One request at a time. The first two rows count the CPU of the API and of PostgreSQL ' +
        'together, for each seat.',
      tables: [
        {
          columns: ['', 'CPU, ms/seat', 'time, ms/seat'],
          rows: [
            ['single', spreadText(spread(singles)), spreadText(single.spread('p50'))],
            [many.name, spreadText(spread(perSeat)), spreadText(spread(seatTimes))],
          ],
        },
        resultTable([small, next]),
      ],
      skipped: row?.available
        ? []
        : [
            'the effect of JIT. This PostgreSQL is built without it; the two sizes are compared ' +
              'nevertheless.',
          ],
      figures: [
        {
          what: `bulk of ${large.toLocaleString('en')}, per seat, against single assigns`,
          measured:
            `${spreadText(ratio(singles, perSeat))} × cheaper by CPU, ` +
            `${spreadText(ratio(single.values('p50'), seatTimes))} × by time`,
          atLeast: '10 × cheaper',
          aim: '25 ×',
        },
        {
          what: `bulk of ${SMALL + 1} against ${SMALL} (p50; JIT ${row?.available ? 'on' : 'not available'}, jit_above_cost ${row?.cost})`,
          measured: times(next.against(small, 'p50')),
          atLeast: '≤ 1.2 ×',
          aim: '1.0 ×',
        },
      ],
    };
  });
}

const cost = ({ cpu, postgresCpu }: { cpu: number; postgresCpu: number }) => cpu + postgresCpu;

function bulkOf(world: World, size: number): Requests {
  const seats = Array.from({ length: size }, (_, n) => `{"email":"{n}-${n}@example.com"}`);
  return {
    ...world.assignments(),
    path: '/v1/customer-seats/bulk',
    body: `{"subscription_id":"{item}","seats":[${seats.join(',')}]}`,
  };
}
