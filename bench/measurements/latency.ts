/* Latency against load: assignments at several concurrencies. */
import { contest, type Result, served } from '../lib/contest.ts';
import { spreadText } from '../lib/numbers.ts';
import type { Lines } from '../lib/plot.ts';
import type { Section } from '../lib/report.ts';
import type { Bench } from './measurement.ts';

export function latency(bench: Bench): Promise<Section> {
  return bench.inWorld(async (world) => {
    const requests = world.assignments();
    const contestants = [
      served('Seats', await world.service(), requests),
      served('bare', await world.start(['bench/contestants/bare.ts']), requests),
    ];
    const byLoad: [load: number, results: Result[]][] = [];
    for (const connections of world.plan.loads) {
      const turns = { ...world.plan, connections, rounds: Math.min(3, world.plan.rounds) };
      byLoad.push([connections, await contest(world.postgres, contestants, turns)]);
    }
    return {
      title: 'Latency against load',
      text:
        'Assignments, spread over all pools. Each server has ' +
        `${world.plan.connections} database connections at every load.`,
      tables: [
        {
          columns: [
            'requests at a time',
            '',
            'CPU, ms/request',
            'requests/s',
            'p50, ms',
            'p99, ms',
          ],
          rows: byLoad.flatMap(([load, results]) =>
            results.map((result) => [
              String(load),
              result.name,
              ...(['cpu', 'perSecond', 'p50', 'p99'] as const).map((measure) =>
                spreadText(result.spread(measure)),
              ),
            ]),
          ),
        },
      ],
      plots: { 'latency-against-load': plot(byLoad) },
    };
  });
}

function plot(byLoad: [number, Result[]][]): Lines {
  const line = (index: number, measure: 'p50' | 'p99') => ({
    name: `${byLoad[0]?.[1][index]?.name}, ${measure}`,
    points: byLoad.map(([load, results]): [number, number] => [
      load,
      results[index]?.spread(measure).median ?? NaN,
    ]),
  });
  return {
    kind: 'lines',
    title: 'Latency of an assignment against load',
    x: 'requests at a time',
    y: 'ms',
    lines: [line(0, 'p50'), line(0, 'p99'), line(1, 'p50'), line(1, 'p99')],
  };
}
