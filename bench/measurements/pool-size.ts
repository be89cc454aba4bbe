/* Whether the size of a pool affects the cost of requests: one request at a time, in turns. */
import { type Contestant, contest, type Result, served } from '../lib/contest.ts';
import type { Requests } from '../lib/load.ts';
import { ratio, spread, spreadText, text } from '../lib/numbers.ts';
import type { Server } from '../lib/processes.ts';
import { type Figure, resultTable, type Section, times } from '../lib/report.ts';
import { subscription, type World } from '../lib/world.ts';
import type { Bench } from './measurement.ts';

const PAGE = 100;

export function poolSize(bench: Bench): Promise<Section> {
  return bench.inWorld(async (world) => {
    const sizes = world.plan.poolSizes;
    for (const [pool, size] of sizes.entries()) await world.fill([pool], size);
    const server = await world.service();
    const turns = { ...world.plan, connections: 1 };
    const run = (contestants: Contestant[]) => contest(world.postgres, contestants, turns);
    const assigned = await run(
      sizes.map((size, pool) =>
        served(count(size), server, world.assignments([subscription(pool)])),
      ),
    );
    const read = await run(sizes.map((size, pool) => accessTo(world, server, pool, size)));
    const pages = await run(await firstAndLastPage(world, server, sizes.length - 1));
    const searches = await run(await searchesFor(world, server, sizes.length - 1));
    return {
      title: 'Pool size',
      text:
        'One request at a time, in turns, to pools of different sizes. The list pages have ' +
        `${PAGE} seats. The searches are pages of the portal for the largest pool.`,
      tables: [assigned, read, pages, searches].map((results) => resultTable(results)),
      plots: {
        'cost-against-pool-size': {
          kind: 'lines',
          title: 'Cost of a request against the size of the pool',
          x: 'seats in the pool before the run',
          y: 'CPU of API and PostgreSQL, ms/request',
          lines: [
            { name: 'assign', points: costs(sizes, assigned) },
            { name: 'access', points: costs(sizes, read) },
          ],
        },
      },
      figures: [
        against('assign', assigned.at(-1), assigned[0], count(sizes.at(-1) as number)),
        ...pageFigures(pages, count(sizes.at(-1) as number)),
        {
          what: `portal search in ${count(sizes.at(-1) as number)}, slowest of ${searches.length} (p50)`,
          measured: `${text(Math.max(...searches.map((each) => each.spread('p50').median)))} ms`,
          atLeast: '≤ 100 ms',
          aim: '20 ms',
        },
      ],
    };
  });
}

const count = (size: number) => size.toLocaleString('en');

function accessTo(world: World, server: Server, pool: number, size: number): Contestant {
  const person = (n: number) =>
    size === 0 ? 'unknown@example.com' : `person-${pool}-${(n * 37) % size}@example.com`;
  return served(`access, ${count(size)}`, server, {
    method: 'GET',
    path: `/v1/access?product_id=${world.seeded.productId}&email={item}`,
    headers: world.headers,
    items: Array.from({ length: 1_000 }, (_, n) => person(n)),
  });
}

/** The cursor of the last page comes from the sort keys of the seat before it. */
async function firstAndLastPage(world: World, server: Server, pool: number): Promise<Contestant[]> {
  const [row] = await world.query<{ created_at: Date; id: string }>(
    `SELECT seat.created_at, seat.id FROM seats seat
     JOIN pools pool ON pool.id = seat.pool_id AND pool.subscription_id = $1
     ORDER BY seat.created_at DESC, seat.id DESC OFFSET $2 LIMIT 1`,
    [subscription(pool), PAGE],
  );
  const keys = [row?.created_at.toISOString(), row?.id];
  const cursor = Buffer.from(JSON.stringify(keys)).toString('base64url');
  const page = (more: string): Requests => ({
    method: 'GET',
    path: `/v1/customer-seats?subscription_id=${subscription(pool)}&limit=${PAGE}${more}`,
    headers: world.headers,
  });
  return [
    served('list, first page', server, page('')),
    served('list, last page', server, page(`&cursor=${cursor}`)),
  ];
}

/** Searches as the buyer, in a session of the portal. */
async function searchesFor(world: World, server: Server, pool: number): Promise<Contestant[]> {
  const [row] = await world.query<{ customer_id: string }>(
    'SELECT customer_id FROM pools WHERE subscription_id = $1',
    [subscription(pool)],
  );
  const session = await world.call(server, 'customer-sessions', { customer_id: row?.customer_id });
  const search = (q: string): Requests => ({
    method: 'GET',
    path: `/portal/subscriptions/${subscription(pool)}?q=${q}`,
    headers: { Cookie: `seat_portal=${session.token}` },
  });
  return [
    served('search, a common part', server, search('person')),
    served('search, the oldest person', server, search(`person-${pool}-0%40`)),
    served('search, no such person', server, search('nothing-like-it')),
  ];
}

/** The CPU of the API and of PostgreSQL together, by size. */
function costs(sizes: number[], results: Result[]): [number, number][] {
  return results.map((result, index) => [sizes[index] as number, spread(total(result)).median]);
}

const total = (result: Result) => result.rounds.map(({ cpu, postgresCpu }) => cpu + postgresCpu);

function against(
  what: string,
  big: Result | undefined,
  empty: Result | undefined,
  size: string,
): Figure {
  const p50 = big && empty ? times(big.against(empty, 'p50')) : '–';
  const cpu = big && empty ? spreadText(ratio(total(big), total(empty))) : '–';
  return {
    what: `${what} into a pool of ${size}, against an empty one (p50)`,
    measured: `${p50}; CPU ${cpu} ×`,
    atLeast: '≤ 1.1 ×',
    aim: '1.0 ×',
  };
}

function pageFigures([first, last]: Result[], size: string): Figure[] {
  if (first === undefined || last === undefined) return [];
  return [
    {
      what: `list page at the end of ${size}, against the start (p50)`,
      measured: times(last.against(first, 'p50')),
      atLeast: '≤ 1.1 ×',
      aim: '1.0 ×',
    },
  ];
}
