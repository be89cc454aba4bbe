/* The time from the start of the built service to its readiness, on a migrated database. */
import { freePort, launch, READY, run, stop, untilReady } from '../lib/processes.ts';
import { spread, spreadText } from '../lib/numbers.ts';
import type { Section } from '../lib/report.ts';
import type { World } from '../lib/world.ts';
import type { Bench } from './measurement.ts';

export function startup(bench: Bench): Promise<Section> {
  return bench.inWorld(async (world) => {
    const [node, npm]: [number[], number[]] = [[], []];
    for (let start = 0; start < world.plan.starts; start += 1) {
      node.push(await secondsToReady(world, (env) => run(['dist/main.js'], env)));
      npm.push(await secondsToReady(world, (env) => launch('npm', ['start'], env)));
    }
    return {
      title: 'Start',
      text:
        `From the start of the process until \`GET ${READY}\` is answered with 200, ${node.length} times ` +
        'in turns. The database is migrated and the service is built.',
      tables: [
        {
          columns: ['', 's'],
          rows: [
            ['`node dist/main.js`', spreadText(spread(node))],
            ['`npm start`', spreadText(spread(npm))],
          ],
        },
      ],
      figures: [
        {
          what: 'start to ready, migrated database, built (`npm start`)',
          measured: `${spreadText(spread(npm))} s (\`node dist/main.js\`: ${spreadText(spread(node))} s)`,
          atLeast: '≤ 1.5 s',
          aim: '0.8 s',
        },
      ],
    };
  });
}

type Launch = (env: Record<string, string>) => ReturnType<typeof run>;

async function secondsToReady(world: World, launchService: Launch): Promise<number> {
  const port = await freePort();
  const begun = performance.now();
  const child = launchService({ ...world.env, PORT: String(port) });
  child.stdout?.resume();
  await untilReady(child, port, READY);
  const seconds = (performance.now() - begun) / 1000;
  await stop(child);
  return seconds;
}
