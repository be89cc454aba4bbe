/*
 * The assignments that need more than one statement, for a buyer with many members and for one with
 * few.
 */
import { contest, served } from '../lib/contest.ts';
import type { Requests } from '../lib/load.ts';
import { text } from '../lib/numbers.ts';
import { type Figure, resultTable, type Section, type Table, times } from '../lib/report.ts';
import { subscription, type World } from '../lib/world.ts';
import type { Bench } from './measurement.ts';

const FEW = 10;
const [LARGE, SMALL] = [0, 1];
const BULK = 3;

export function repeats(bench: Bench): Promise<Section> {
  return bench.inWorld(async (world) => {
    const { members } = world.plan;
    await world.fill([LARGE], members);
    await world.fill([SMALL], FEW);
    const server = await world.service();
    const tables: Table[] = [];
    const figures: Figure[] = [];
    for (const [name, requestsFor] of Object.entries(KINDS)) {
      const results = await contest(
        world.postgres,
        [
          served(`${name}, of ${FEW}`, server, requestsFor(world, SMALL, FEW)),
          served(
            `${name}, of ${members.toLocaleString('en')}`,
            server,
            requestsFor(world, LARGE, members),
          ),
        ],
        { ...world.plan, connections: 1, rounds: Math.min(3, world.plan.rounds) },
      );
      const [few, many] = results;
      tables.push(resultTable(results));
      if (few === undefined || many === undefined) continue;
      figures.push({
        what: `${name} in a pool of ${members.toLocaleString('en')}, against one of ${FEW} (p50)`,
        measured: `${times(many.against(few, 'p50'))} (${text(many.spread('p50').median)} ms)`,
        atLeast: '≤ 1.5 ×',
        aim: '1.1 ×',
      });
    }
    return {
      title: 'Repeated and special assignments',
      text:
        `A buyer with ${members.toLocaleString('en')} members and as many seats, and a buyer with ` +
        `${FEW}. One request at a time.`,
      tables,
      figures,
    };
  });
}

type Kind = (world: World, pool: number, people: number) => Requests;

/** Assigns to people who have a seat already. */
const seated =
  (more: string, status: number): Kind =>
  (world, pool, people) => ({
    ...world.assignments(
      Array.from(
        { length: Math.min(people, 1_000) },
        (_, n) => `person-${pool}-${(n * 97) % people}`,
      ),
    ),
    body: `{"subscription_id":"${subscription(pool)}","email":"{item}@example.com"${more}}`,
    status,
  });

const KINDS: Record<string, Kind> = {
  duplicate: seated('', 400),
  '`if_assigned: return`': seated(',"if_assigned":"return"', 200),
  'external id': (world, pool) => ({
    ...world.assignments([subscription(pool)]),
    body: '{"subscription_id":"{item}","external_member_id":"{n}","email":"{n}@example.com"}',
  }),
  [`bulk of ${BULK}`]: (world, pool) => ({
    ...world.assignments([subscription(pool)]),
    path: '/v1/customer-seats/bulk',
    body: `{"subscription_id":"{item}","seats":[${Array.from({ length: BULK }, (_, n) => `{"email":"{n}-${n}@example.com"}`).join(',')}]}`,
  }),
};
