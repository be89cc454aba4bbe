/* All assignments to one pool, which wait for each other, against the same spread over many pools. */
import { contest, served } from '../lib/contest.ts';
import { comparison, resultTable, type Section } from '../lib/report.ts';
import { subscription } from '../lib/world.ts';
import type { Bench } from './measurement.ts';

export function onePool(bench: Bench): Promise<Section> {
  return bench.inWorld(async (world) => {
    const server = await world.service();
    const results = await contest(
      world.postgres,
      [
        served('all on one pool', server, world.assignments([subscription(0)])),
        served('spread', server, world.assignments(world.subscriptions.slice(1))),
      ],
      world.plan,
    );
    const [one, spread] = results;
    return {
      title: 'One pool',
      text:
        'Assignments to the same pool wait for each other, because each locks the row of the pool. ' +
        `${world.plan.connections} requests at a time, on one pool and on ${world.plan.pools - 1}.`,
      tables: [resultTable(results, spread)],
      figures: comparison(
        'assign, throughput, all on one pool, against spread',
        [one, spread],
        'perSecond',
        {
          atLeast: '0.5 ×',
          aim: '0.8 ×',
        },
      ),
    };
  });
}
